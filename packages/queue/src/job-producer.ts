/**
 * Puts waiting work on its queues. A nudge, not a promise: it returns at once, works in the background, and gives
 * up quietly while Redis is away, because the row in Postgres says what is still missing and the stager finds it.
 */
import type { JobKind } from "@punctual/core";
import { withinMs, type Logger, type Service } from "@punctual/runtime";
import type { BulkJobOptions } from "bullmq";
import { Queue } from "bullmq/dist/cjs/classes/queue.js";
import type { Redis } from "ioredis";
import { createCensus, type JobCensus } from "./census.ts";
import { judgeRedis, type RedisVerdict } from "./preflight.ts";
import { sendProbes } from "./probes.ts";
import { connectRedis } from "./redis.ts";

/** BullMQ's own default, so that any BullMQ tool finds the queues. */
export const defaultPrefix = "bull";

/** What any waiting work must tell beside its ids. */
export interface Waiting {
  /** When the job is to fire. */
  dueAt: Date;
  maxAttempts: number;
  /** The API request behind it; for the logs, never for Redis. */
  requestId: string | null;
}

export interface JobProducerOptions<Id, Placed> {
  redisUrl: string;
  prefix?: string;
  kind: JobKind<Id>;
  /** One queue each. */
  lanes: readonly string[];
  laneOf: (job: Placed) => string;
}

export interface JobProducerDeps<Job> {
  logger: Logger;
  /** Called with the work whose jobs Redis took. Its failure is logged, nothing more. */
  onEnqueued?: (jobs: readonly Job[]) => Promise<void>;
}

/**
 * @template Id names a job
 * @template Placed an `Id` that also tells its lane
 * @template Job all it takes to enqueue it
 */
export interface JobProducer<Id, Placed extends Id, Job extends Placed & Waiting> extends Service {
  readonly kind: JobKind<Id>;
  readonly lanes: readonly string[];
  laneOf(job: Placed): string;
  /** Enqueues in the background. Never waits, never throws. */
  nudge(jobs: readonly Job[]): void;
  /** Enqueues now. False if Redis did not take all of them in time; repeating is harmless. */
  enqueue(jobs: readonly Job[]): Promise<boolean>;
  /** Removes jobs nobody needs any more, in the background and if it can. */
  discard(jobs: readonly Placed[]): void;
  /** Whether Redis answers, within a fraction of a second. */
  isReady(): Promise<boolean>;
  /** The lanes' marks, null where Redis has none; null if it does not answer within a fraction of a second. */
  marks(): Promise<Map<string, string | null> | null>;
  /** Resumes queues somebody paused, since pausing belongs to accounts. Resolves to the lanes it found so. */
  resumePaused(): Promise<string[]>;
  /** Sends a probe job through every queue. Rejects if Redis does not take it. */
  probe(): Promise<void>;
  /** Whether this Redis is one to run on, as it is set now. */
  inspect(): Promise<RedisVerdict>;
  /** What Redis knows of a job; null: nothing, or it does not answer. */
  look(job: Placed): Promise<JobState | null>;
  /** What Redis really holds. */
  readonly census: JobCensus<Id>;
  /** For Bull Board. */
  readonly queues: readonly Queue[];
}

/** A job as BullMQ has it. */
export interface JobState {
  /** delayed, waiting, active, completed or failed; unknown: in no list or set. */
  state: string;
  attemptsMade: number;
  failedReason: string | null;
}

/** Jobs a nudge holds at most; more are left to the stager. */
const backlogMax = 20_000;
const batchSizeMax = 1_000;
/** Jobs in one pipeline: Redis takes some while the next are made ready, and less has to be kept meanwhile. */
const pipelineSize = 100;
/** How long Redis may take for jobs, in milliseconds: in all, and more for each of many. */
const enqueueTimeoutMs = 2_000;
const enqueueTimeoutEachMs = 1;
const pingTimeoutMs = 300;
/** How long stop waits for what was nudged, in milliseconds. */
const drainTimeoutMs = 1_000;

/**
 * Jobs fire this much before their time, in milliseconds, and the consumer waits out the rest: Redis tells of a job
 * whose time has come only when it wakes, 10 ms later at worst where it wakes 100 times a second, and then the job is
 * still to be fetched.
 */
export const leadMs = 20;

/** Kept for the board: finished jobs an hour, failed ones a week, both bounded. */
export const keptJobs = {
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 604_800, count: 5_000 },
} as const;

export function openJobProducer<Id, Placed extends Id, Job extends Placed & Waiting>(
  options: JobProducerOptions<Id, Placed>,
  { logger, onEnqueued }: JobProducerDeps<Job>,
): JobProducer<Id, Placed, Job> {
  const { kind, lanes, laneOf, prefix = defaultPrefix } = options;
  const redis: Redis = connectRedis(options.redisUrl, "producer", logger);
  const queues = new Map(
    lanes.map((lane) => {
      const queue = new Queue(kind.queueName(lane), {
        connection: redis,
        prefix,
        // Its one question at start would otherwise, when it falls into an outage, leave a queue dead for good.
        skipVersionCheck: true,
        skipMetasUpdate: true,
      });
      queue.on("error", (error) => logger.debug({ err: error, queue: queue.name }, "queue error"));
      return [lane, queue] as const;
    }),
  );

  const census = createCensus(redis, prefix, kind);
  let backlog: Job[] = [];
  let flushing: Promise<void> | undefined;

  async function flush(): Promise<void> {
    while (backlog.length > 0) {
      const batch = backlog.splice(0, batchSizeMax);
      if (!(await enqueue(batch))) backlog = [];
    }
  }

  async function enqueue(jobs: readonly Job[]): Promise<boolean> {
    if (redis.status !== "ready") return false;
    const now = Date.now();
    let taken = jobs.every((job) => queues.has(laneOf(job)));
    for (const [lane, queue] of queues) {
      const batch = jobs.filter((job) => laneOf(job) === lane);
      if (batch.length === 0) continue;
      const added = await withinMs(
        enqueueTimeoutMs + batch.length * enqueueTimeoutEachMs,
        Promise.all(inPipelines(batch).map((part) => queue.addBulk(part.map((job) => toBullJob(kind, job, now))))).then(
          () => true,
          (error: unknown) => {
            logger.warn({ err: error, queue: queue.name, count: batch.length }, "Redis did not take jobs");
            return false;
          },
        ),
        false,
      );
      if (!added) {
        taken = false;
        continue;
      }
      for (const job of logger.isLevelEnabled("debug") ? batch : []) {
        logger.debug({ requestId: job.requestId, ...kind.data(job), jobId: kind.id(job) }, "job enqueued");
      }
      await onEnqueued?.(batch).catch((error: unknown) => logger.warn({ err: error }, "could not note enqueued jobs"));
    }
    return taken;
  }

  return {
    kind,
    lanes,
    laneOf,
    queues: [...queues.values()],
    census,
    async start() {},
    async stop() {
      if (flushing !== undefined) await withinMs(drainTimeoutMs, flushing, undefined);
      backlog = [];
      for (const queue of queues.values()) await withinMs(drainTimeoutMs, queue.close(), undefined);
      redis.disconnect();
    },
    nudge(jobs) {
      if (redis.status !== "ready" || backlog.length + jobs.length > backlogMax) return;
      backlog.push(...jobs);
      flushing ??= Promise.resolve()
        .then(flush)
        .catch((error: unknown) => logger.error({ err: error }, "enqueueing in the background failed"))
        .finally(() => {
          flushing = undefined;
        });
    },
    enqueue,
    discard(jobs) {
      if (redis.status !== "ready") return;
      for (const job of jobs) {
        queues
          .get(laneOf(job))
          ?.remove(kind.id(job))
          .catch((error: unknown) => {
            logger.debug({ err: error, jobId: kind.id(job) }, "a job nobody needs stays until its time");
          });
      }
    },
    async resumePaused() {
      const paused = await census.paused(lanes);
      for (const lane of paused) await queues.get(lane)?.resume();
      return paused;
    },
    async marks() {
      if (redis.status !== "ready") return null;
      const asked = census.epochs(lanes.map((lane) => kind.queueName(lane))).catch(() => null);
      const epochs = await withinMs(pingTimeoutMs, asked, null);
      return epochs && new Map(lanes.map((lane, index) => [lane, epochs[index] ?? null]));
    },
    probe: () => sendProbes(redis, [...queues.values()], Date.now()),
    async look(job) {
      const queue = queues.get(laneOf(job));
      if (queue === undefined || redis.status !== "ready") return null;
      const looked = queue.getJob(kind.id(job)).then(async (found): Promise<JobState | null> => {
        if (found === undefined) return null;
        const { attemptsMade, failedReason } = found;
        return { state: await found.getState(), attemptsMade, failedReason: failedReason ?? null };
      });
      return withinMs(
        enqueueTimeoutMs,
        looked.catch(() => null),
        null,
      );
    },
    async inspect() {
      if (redis.status !== "ready") return { kind: "away" };
      const info = redis.info().catch(() => null);
      const answer = await withinMs(enqueueTimeoutMs, info, null);
      return answer === null ? { kind: "away" } : judgeRedis(answer);
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

function inPipelines<Job>(jobs: readonly Job[]): Job[][] {
  const count = Math.ceil(jobs.length / pipelineSize);
  return Array.from({ length: count }, (_, index) => jobs.slice(index * pipelineSize, (index + 1) * pipelineSize));
}

function toBullJob<Id>(
  kind: JobKind<Id>,
  job: Id & Waiting,
  now: number,
): { name: string; data: object; opts: BulkJobOptions } {
  return {
    name: kind.name,
    data: kind.data(job),
    opts: {
      jobId: kind.id(job),
      timestamp: now,
      delay: Math.max(0, job.dueAt.getTime() - leadMs - now),
      attempts: job.maxAttempts,
      // What a tool reads; the consumer replaces each wait by the one Postgres stored.
      backoff: { type: "exponential", delay: 2_000 },
      ...keptJobs,
    },
  };
}
