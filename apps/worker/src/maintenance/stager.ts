/**
 * The guarantee behind the nudge: waiting posts for which Redis is not known to hold a job get one. Its other duty:
 * posts whose grace is over are marked missed, or reported if they are to go out anyway.
 */
import { markLatePosts, unenqueuedPosts, type Database } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

export interface StagerDeps {
  database: Database;
  producer: PublishProducer;
  logger: Logger;
  pulse?: Pulse | undefined;
}

const batchSizeMax = 1_000;
/** With the interval below, a lost nudge is made good within two seconds. */
const quietMs = 750;
const intervalMs = 500;

export function createStager({ database, producer, logger, pulse }: StagerDeps): Service {
  return createSweeper(
    { name: "stager", intervalMs },
    {
      logger,
      pulse,
      async sweep() {
        const late = await markLatePosts(database, batchSizeMax);
        if (late > 0) logger.warn({ count: late }, "posts are past their grace");
        const posts = await unenqueuedPosts(database, { limit: batchSizeMax, quietMs, horizonMs: producer.horizonMs });
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
