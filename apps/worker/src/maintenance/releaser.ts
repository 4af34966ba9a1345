/**
 * Makes an account's posts follow it where the process that opened or closed it died before they did, or left more
 * than one request could let go: held posts of open accounts are released, waiting posts of closed ones are held.
 */
import { formerJob } from "@punctual/core";
import {
  closedAccountsWithWaitingPosts,
  holdPostsOfClosedAccount,
  releaseHeldPosts,
  type Database,
} from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

export interface ReleaserDeps {
  database: Database;
  producer: PublishProducer;
  logger: Logger;
  pulse?: Pulse | undefined;
}

const batchSizeMax = 1_000;
const accountsMax = 100;
const intervalMs = 5_000;

export function createReleaser({ database, producer, logger, pulse }: ReleaserDeps): Service {
  return createSweeper(
    { name: "releaser", intervalMs },
    {
      logger,
      pulse,
      async sweep() {
        const released = await releaseHeldPosts(database, { socialAccountId: null, limit: batchSizeMax });
        if (released.length > 0) logger.info({ count: released.length }, "held posts were released");
        pulse?.healed("releaser", released.length);
        producer.nudge(released);
        producer.discard(released.map(formerJob));
        const closed = await closedAccountsWithWaitingPosts(database, accountsMax);
        for (const socialAccountId of closed) await holdPostsOfClosedAccount(database, socialAccountId);
        return released.length === batchSizeMax || closed.length === accountsMax;
      },
    },
  );
}
