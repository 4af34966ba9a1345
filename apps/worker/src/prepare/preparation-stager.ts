/**
 * Sees to it that posts whose preparing comes up have a row for it, and a job that fires ten minutes before their
 * instant. While Redis is away the poller works straight from the rows.
 */
import { dropPreparations, stagePreparations, unenqueuedPreparations, type Database } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import type { Lookout } from "../maintenance/lookout.ts";
import type { Pulse } from "../maintenance/pulse.ts";
import { createSweeper } from "../maintenance/sweeper.ts";

export interface PreparationStagerDeps {
  database: Database;
  producer: PublishProducer;
  logger: Logger;
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
}

const batchSizeMax = 1_000;
const intervalMs = 500;
/** Due for so long, and still to be prepared: perhaps there is no need any more, in milliseconds. */
const abandonedMs = 20_000;
/** Tidying can wait: so many rounds. */
const roundsBetweenTidying = 60;

export function createPreparationStager(
  { platforms }: { platforms: readonly string[] },
  { database, producer, logger, lookout, pulse }: PreparationStagerDeps,
): Service {
  let orphanCursor = "0";
  let round = 0;

  async function tidy(): Promise<void> {
    for (const lane of await producer.resumePaused()) logger.warn({ lane }, "a paused queue was resumed");
    ({ cursor: orphanCursor } = await producer.census.removeOrphans(producer.lanes, orphanCursor));
  }

  return createSweeper(
    { name: "preparation stager", intervalMs },
    {
      logger,
      lookout,
      pulse,
      async sweep(_stopping, outlook) {
        const wanted = outlook?.postsToPrepare ?? true;
        const made = wanted ? await stagePreparations(database, { platforms, limit: batchSizeMax }) : 0;
        const needsJobs = made > 0 || (outlook?.unenqueuedPreparations ?? true);
        const waiting = needsJobs ? await unenqueuedPreparations(database, batchSizeMax) : [];
        if (waiting.length > 0) await producer.enqueue(waiting);
        round += 1;
        if (round % roundsBetweenTidying !== 0) return made === batchSizeMax;
        const oldestInMs = Math.min(...Object.values(outlook?.preparationsInMs ?? { any: -Infinity }));
        if (oldestInMs <= -abandonedMs)
          await dropPreparations(database, { overdueMs: abandonedMs, limit: batchSizeMax });
        if (await producer.isReady()) await tidy();
        return made === batchSizeMax;
      },
    },
  );
}
