/**
 * The guarantee behind the nudge: waiting posts for which Redis is not known to hold a job get one. Its other duty:
 * posts whose grace is over are marked missed, or reported if they are to go out anyway.
 */
import { markLatePosts, unenqueuedPosts, type Database } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import type { Lookout } from "./lookout.ts";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

export interface StagerDeps {
  database: Database;
  producer: PublishProducer;
  logger: Logger;
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
}

const batchSizeMax = 1_000;
/** With the interval below, a lost nudge is made good within two seconds. */
const quietMs = 750;
const intervalMs = 500;

export function createStager({ database, producer, logger, lookout, pulse }: StagerDeps): Service {
  return createSweeper(
    { name: "stager", intervalMs },
    {
      logger,
      lookout,
      pulse,
      async sweep(_stopping, outlook) {
        const late = (outlook?.latePosts ?? true) ? await markLatePosts(database, batchSizeMax) : 0;
        if (late > 0) logger.warn({ count: late }, "posts are past their grace");
        const { horizonMs } = producer;
        const needsJob = outlook === null || isWithin(outlook.unenqueuedPostInMs, horizonMs);
        const posts = needsJob ? await unenqueuedPosts(database, { limit: batchSizeMax, quietMs, horizonMs }) : [];
        const staged = posts.length > 0 && (await producer.enqueue(posts));
        if (staged) {
          logger.info({ count: posts.length }, "posts without a job were enqueued");
          pulse?.healed("stager", posts.length);
        }
        return (staged && posts.length === batchSizeMax) || late === batchSizeMax;
      },
    },
  );
}

/** Whether there is one, near enough to have a job. */
function isWithin(inMs: number | null, horizonMs: number | null): boolean {
  return inMs !== null && (horizonMs === null || inMs <= horizonMs);
}
