/**
 * Posts that are held although their account may publish: more than one resume could release at once, or left so by a
 * process that died between opening the account and letting its posts go.
 */
import { formerJob } from "@punctual/core";
import { releaseHeldPosts, type Database } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import { createSweeper } from "./sweeper.ts";

export interface ReleaserDeps {
  database: Database;
  producer: PublishProducer;
  logger: Logger;
}

const batchSizeMax = 1_000;
const intervalMs = 5_000;

export function createReleaser({ database, producer, logger }: ReleaserDeps): Service {
  return createSweeper(
    { name: "releaser", intervalMs },
    {
      logger,
      async sweep() {
        const released = await releaseHeldPosts(database, { socialAccountId: null, limit: batchSizeMax });
        if (released.length > 0) logger.info({ count: released.length }, "held posts were released");
        producer.nudge(released);
        producer.discard(released.map(formerJob));
        return released.length === batchSizeMax;
      },
    },
  );
}
