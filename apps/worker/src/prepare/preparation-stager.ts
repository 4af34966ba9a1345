/**
 * Sees to it that posts whose preparing comes up have a row for it, and a job that fires ten minutes before their
 * instant. While Redis is away the poller works straight from the rows.
 */
import { stagePreparations, unenqueuedPreparations, type Database } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import type { Pulse } from "../maintenance/pulse.ts";
import { createSweeper } from "../maintenance/sweeper.ts";

export interface PreparationStagerDeps {
  database: Database;
  producer: PublishProducer;
  logger: Logger;
  pulse?: Pulse | undefined;
}

const batchSizeMax = 1_000;
const intervalMs = 1_000;
/** Tidying Redis can wait: so many rounds. */
const roundsBetweenTidying = 30;

export function createPreparationStager(
  { platforms }: { platforms: readonly string[] },
  { database, producer, logger, pulse }: PreparationStagerDeps,
): Service {
  const cursors = new Map<string, string>();
  let round = 0;

  async function tidy(): Promise<void> {
    for (const lane of await producer.resumePaused()) logger.warn({ lane }, "a paused queue was resumed");
    for (const lane of producer.lanes) {
      const { cursor } = await producer.census.removeOrphans(lane, cursors.get(lane) ?? "0");
      cursors.set(lane, cursor);
    }
  }

  return createSweeper(
    { name: "preparation stager", intervalMs },
    {
      logger,
      pulse,
      async sweep() {
        const made = await stagePreparations(database, { platforms, limit: batchSizeMax });
        const waiting = await unenqueuedPreparations(database, batchSizeMax);
        if (waiting.length > 0) await producer.enqueue(waiting);
        round += 1;
        if (round % roundsBetweenTidying === 0 && (await producer.isReady())) await tidy();
        return made === batchSizeMax;
      },
    },
  );
}
