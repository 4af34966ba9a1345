/**
 * Puts waiting posts on their queues. A nudge, not a promise: it returns at once, works in the background, and gives
 * up quietly while Redis is away, because the row in Postgres says what is still missing and the stager finds it.
 */
import { publishJobId, queueName, type PublishJob, type PublishJobId } from "@punctual/core";
import { withinMs, type Logger, type Service } from "@punctual/runtime";
import { Queue, type BulkJobOptions } from "bullmq";
import type { Redis } from "ioredis";
import { createCensus, type JobCensus } from "./census.ts";
import { connectRedis } from "./redis.ts";

/** BullMQ's own default, so that any BullMQ tool finds the queues. */
export const defaultPrefix = "bull";
export const jobName = "publish";

export interface WaitingPost extends PublishJobId {
  platform: string;
  /** When the job is to fire. */
  dueAt: Date;
  maxAttempts: number;
  /** The API request that accepted this revision; for the logs, never for Redis. */
  requestId: string | null;
}

export interface ProducerOptions {
  redisUrl: string;
  prefix?: string;
  /** One queue each. */
  platforms: readonly string[];
}

export interface ProducerDeps {
  logger: Logger;
  /** Called with the posts whose jobs Redis took. Its failure is logged, nothing more. */
  onEnqueued?: (posts: readonly WaitingPost[]) => Promise<void>;
}

export interface PublishProducer extends Service {
  /** Enqueues in the background. Never waits, never throws. */
  nudge(posts: readonly WaitingPost[]): void;
  /** Enqueues now. False if Redis did not take all of them in time; repeating is harmless. */
  enqueue(posts: readonly WaitingPost[]): Promise<boolean>;
  /** Removes jobs nobody needs any more, in the background and if it can. */
  discard(posts: readonly (PublishJobId & { platform: string })[]): void;
  /** Whether Redis answers, within a fraction of a second. */
  isReady(): Promise<boolean>;
  /** Resumes queues somebody paused, since pausing belongs to accounts. Resolves to the platforms it found so. */
  resumePaused(): Promise<string[]>;
  /** What Redis really holds. */
  readonly census: JobCensus;
  /** For Bull Board. */
  readonly queues: readonly Queue[];
}

/** Posts a nudge holds at most; more are left to the stager. */
const backlogMax = 20_000;
const batchSizeMax = 1_000;
const enqueueTimeoutMs = 2_000;
const pingTimeoutMs = 300;
/** How long stop waits for what was nudged, in milliseconds. */
const drainTimeoutMs = 1_000;

/** Kept for the board: finished jobs an hour, failed ones a week, both bounded. */
const keptJobs = {
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 604_800, count: 5_000 },
} as const;

export function openProducer(options: ProducerOptions, { logger, onEnqueued }: ProducerDeps): PublishProducer {
  const redis: Redis = connectRedis(options.redisUrl, "producer", logger);
  const queues = new Map(
    options.platforms.map((platform) => {
      const queue = new Queue<PublishJob>(queueName(platform), {
        connection: redis,
        prefix: options.prefix ?? defaultPrefix,
        // Its one question at start would otherwise, when it falls into an outage, leave a queue dead for good.
        skipVersionCheck: true,
        skipMetasUpdate: true,
      });
      queue.on("error", (error) => logger.debug({ err: error, platform }, "queue error"));
      return [platform, queue] as const;
    }),
  );

  let backlog: WaitingPost[] = [];
  let flushing: Promise<void> | undefined;

  async function flush(): Promise<void> {
    while (backlog.length > 0) {
      const batch = backlog.splice(0, batchSizeMax);
      if (!(await enqueue(batch))) backlog = [];
    }
  }

  async function enqueue(posts: readonly WaitingPost[]): Promise<boolean> {
    if (redis.status !== "ready") return false;
    const now = Date.now();
    let taken = posts.every(({ platform }) => queues.has(platform));
    for (const [platform, queue] of queues) {
      const batch = posts.filter((post) => post.platform === platform);
      if (batch.length === 0) continue;
      const added = await withinMs(
        enqueueTimeoutMs,
        queue.addBulk(batch.map((post) => toJob(post, now))).then(
          () => true,
          (error: unknown) => {
            logger.warn({ err: error, platform, count: batch.length }, "Redis did not take jobs");
            return false;
          },
        ),
        false,
      );
      if (!added) {
        taken = false;
        continue;
      }
      for (const post of batch) {
        logger.debug({ requestId: post.requestId, postId: post.postId, jobId: publishJobId(post) }, "job enqueued");
      }
      await onEnqueued?.(batch).catch((error: unknown) => logger.warn({ err: error }, "could not note enqueued jobs"));
    }
    return taken;
  }

  return {
    queues: [...queues.values()],
    census: createCensus(redis, options.prefix ?? defaultPrefix),
    async start() {},
    async stop() {
      if (flushing !== undefined) await withinMs(drainTimeoutMs, flushing, undefined);
      backlog = [];
      for (const queue of queues.values()) await withinMs(drainTimeoutMs, queue.close(), undefined);
      redis.disconnect();
    },
    nudge(posts) {
      if (redis.status !== "ready" || backlog.length + posts.length > backlogMax) return;
      backlog.push(...posts);
      flushing ??= Promise.resolve()
        .then(flush)
        .catch((error: unknown) => logger.error({ err: error }, "enqueueing in the background failed"))
        .finally(() => {
          flushing = undefined;
        });
    },
    enqueue,
    discard(posts) {
      if (redis.status !== "ready") return;
      for (const post of posts) {
        queues
          .get(post.platform)
          ?.remove(publishJobId(post))
          .catch((error: unknown) => {
            logger.debug({ err: error, postId: post.postId }, "a job nobody needs stays until its time");
          });
      }
    },
    async resumePaused() {
      const resumed: string[] = [];
      for (const [platform, queue] of queues) {
        if (!(await queue.isPaused())) continue;
        await queue.resume();
        resumed.push(platform);
      }
      return resumed;
    },
    async isReady() {
      if (redis.status !== "ready") return false;
      return withinMs(
        pingTimeoutMs,
        redis.ping().then(
          () => true,
          () => false,
        ),
        false,
      );
    },
  };
}

function toJob(post: WaitingPost, now: number): { name: string; data: PublishJob; opts: BulkJobOptions } {
  return {
    name: jobName,
    data: { postId: post.postId, revision: post.revision },
    opts: {
      jobId: publishJobId(post),
      timestamp: now,
      delay: Math.max(0, post.dueAt.getTime() - now),
      attempts: post.maxAttempts,
      // What a tool reads; the consumer replaces each wait by the one Postgres stored.
      backoff: { type: "exponential", delay: 2_000 },
      ...keptJobs,
    },
  };
}
