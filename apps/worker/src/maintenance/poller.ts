/**
 * Publishes straight from Postgres what Redis should have brought and did not: everything due while Redis is away,
 * and at all times what has been due for a while although this worker has hands free. The claim is the same, so a job
 * that turns up after all finds the post taken. A worker that is busy leaves its backlog to the queue.
 */
import type { Platform, PublishJobId } from "@punctual/core";
import { overduePosts, type Database } from "@punctual/db";
import type { JobCensus, PublishConsumer } from "@punctual/queue";
import { withinMs, type Logger, type Service } from "@punctual/runtime";
import type { Publisher } from "../publish/publisher.ts";
import { createSweeper } from "./sweeper.ts";

export interface PollerDeps {
  database: Database;
  publisher: Publisher;
  consumer: PublishConsumer;
  census: JobCensus;
  logger: Logger;
}

export interface PollerOptions {
  platform: Platform;
  /** Posts published at a time, the queue's included. */
  concurrency: number;
  drainTimeoutMs: number;
}

/** How long a due post is left to its job while Redis answers, in milliseconds. */
const patienceMs = 1_500;
/** The same while the queue works off a backlog, in which the post probably stands. */
const backlogPatienceMs = 10_000;
const intervalMs = 500;

export function createPoller(
  options: PollerOptions,
  { database, publisher, consumer, census, logger }: PollerDeps,
): Service {
  const { platform, concurrency, drainTimeoutMs } = options;
  const running = new Set<Promise<void>>();
  let takenBefore = 0;

  const sweeper = createSweeper(
    { name: `poller ${platform.name}`, intervalMs },
    {
      logger,
      async sweep() {
        const taking = consumer.taken() > takenBefore;
        takenBefore = consumer.taken();
        const free = concurrency - consumer.running() - running.size;
        if (free <= 0) return false;
        const redisAway = !consumer.isConnected();
        const overdueMs = redisAway ? 0 : patienceMs;
        let posts = await overduePosts(database, { platform: platform.name, overdueMs, limit: free });
        if (posts.length > 0 && !redisAway && taking && (await hasBacklog())) {
          posts = posts.filter((post) => post.overdueMs >= backlogPatienceMs);
        }
        if (posts.length === 0) return false;
        logger.info({ count: posts.length, platform: platform.name, redisAway }, "publishing due posts from Postgres");
        for (const post of posts) start(post);
        return posts.length === free && running.size < concurrency;
      },
    },
  );

  async function hasBacklog(): Promise<boolean> {
    return (await census.overdue(platform.name, 0).catch(() => 0)) > 0;
  }

  async function publish(post: PublishJobId): Promise<void> {
    try {
      await publisher.publish(platform, post, "poller");
    } catch (error) {
      logger.error({ err: error, postId: post.postId }, "publishing failed unexpectedly");
    }
  }

  function start(post: PublishJobId): void {
    const work = publish(post).finally(() => running.delete(work));
    running.add(work);
  }

  return {
    start: () => sweeper.start(),
    async stop() {
      await sweeper.stop();
      await withinMs(drainTimeoutMs, Promise.all(running), undefined);
    },
  };
}
