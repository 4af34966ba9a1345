/**
 * Takes jobs off one queue and translates what the pipeline says into BullMQ's terms. BullMQ's attempts and
 * locks are shown to people and trusted for nothing: whether a post may go out is decided by the claim in Postgres.
 *
 * A failing post's job: the pipeline says "again in 8 s"; the job fails that attempt with the reason, so that the
 * board shows it, and BullMQ delays it by just that long. Waits that cost no attempt (not due yet, a limit, Postgres
 * away) move the job back to delayed instead, which BullMQ does not count.
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  deliveryJobs,
  deliveryLane,
  prepareJobs,
  publishJobs,
  type DeliveryJobId,
  type JobKind,
  type PublishJobId,
} from "@punctual/core";
import { withinMs, type Logger, type Service } from "@punctual/runtime";
import type { Job } from "bullmq";
import { DelayedError, UnrecoverableError } from "bullmq/dist/cjs/classes/errors/index.js";
import { Worker } from "bullmq/dist/cjs/classes/worker.js";
import type { Redis } from "ioredis";
import { defaultPrefix, leadMs } from "./job-producer.ts";
import { isProbe } from "./probes.ts";
import { connectRedis } from "./redis.ts";
import { setAsideUnreadable } from "./unreadable-jobs.ts";

export type JobVerdict =
  /** Nothing left to do for this job. */
  | { kind: "done" }
  /** The attempt failed and the next one is set. */
  | { kind: "again"; delayMs: number; reason: string }
  /** No attempt was made or none was counted: come back then. */
  | { kind: "later"; delayMs: number }
  /** The post ended without being published. */
  | { kind: "failed"; reason: string };

export interface ConsumerOptions {
  redisUrl: string;
  prefix?: string;
  /** Which of its kind's queues. */
  lane: string;
  /** Jobs handled at a time. */
  concurrency: number;
  /** How long `stop` waits for jobs being handled, in milliseconds. */
  drainTimeoutMs: number;
}

export interface ConsumerDeps<Id> {
  logger: Logger;
  /** Must not throw for anything but a bug. */
  handle: (job: Id) => Promise<JobVerdict>;
}

export interface JobConsumer extends Service {
  readonly lane: string;
  /** How many jobs are being handled. */
  running(): number;
  /** How many jobs were ever taken: stands still when nothing flows. */
  taken(): number;
  /** How long ago a probe job came through, in milliseconds; null: none did yet. */
  probeAgeMs(): number | null;
  /** Whether Redis can be talked to just now. */
  isConnected(): boolean;
}

/** Takes the jobs of one platform's posts. */
export function openConsumer(
  { platform, ...options }: Omit<ConsumerOptions, "lane"> & { platform: string },
  deps: ConsumerDeps<PublishJobId>,
): JobConsumer {
  return openJobConsumer(publishJobs, { ...options, lane: platform }, deps);
}

/** Takes the jobs of preparing one platform's posts. */
export function openPrepareConsumer(
  { platform, ...options }: Omit<ConsumerOptions, "lane"> & { platform: string },
  deps: ConsumerDeps<PublishJobId>,
): JobConsumer {
  return openJobConsumer(prepareJobs, { ...options, lane: platform }, deps);
}

/** Takes the jobs of events to be delivered. */
export function openDeliveryConsumer(
  options: Omit<ConsumerOptions, "lane">,
  deps: ConsumerDeps<DeliveryJobId>,
): JobConsumer {
  return openJobConsumer(deliveryJobs, { ...options, lane: deliveryLane }, deps);
}

/** How long a job whose handler threw waits, in milliseconds; such a throw is our bug, not the post's fault. */
const bugDelayMs = 5_000;
/**
 * How long BullMQ waits for a job before it looks for itself, in seconds: as long as it does where jobs are delayed. A
 * job wakes it at once, and so does the next probe if what announced a job was lost.
 */
const drainDelaySeconds = 10;
/** How long BullMQ pauses after Redis failed it, in milliseconds. */
const redisRetryDelayMs = 500;
const closeTimeoutMs = 1_000;
/** Finished jobs of this consumer's that are kept in a second. */
const keptPerSecondMax = 10;
/** A job whose worker froze or died may be taken again this often; Postgres counts the attempts that matter. */
const stalledCountMax = 1_000;

function openJobConsumer<Id>(kind: JobKind<Id>, options: ConsumerOptions, deps: ConsumerDeps<Id>): JobConsumer {
  const { logger, handle } = deps;
  let life: Life | undefined;
  let running = 0;
  let taken = 0;
  let probedAt: number | undefined;
  let onIdle: (() => void) | undefined;
  const keeping = createKeeping();

  async function process({ stopping }: Life, job: Job, token: string | undefined): Promise<void> {
    // Fetched in the moment of stopping: nobody waits for it any more.
    if (stopping.aborted) return postpone(job, token, 0);
    taken += 1;
    if (isProbe(job)) {
      probedAt = performance.now();
      return;
    }
    const ids = kind.parse(job.id, job.data);
    if (ids === null) {
      logger.error({ jobId: job.id, queue: job.queueName }, "unreadable job set aside");
      throw withoutStack(new UnrecoverableError(`not a ${kind.name} job`));
    }
    const verdict = await decide(ids, job, stopping);
    if (verdict.kind === "done" && !keeping.takesOne()) job.opts.removeOnComplete = true;
    await obey(verdict, job, token);
  }

  /** Only this counts as running: what Redis hears of it afterwards is tidying, and Redis may be away. */
  async function decide(ids: Id, job: Job, stopping: AbortSignal): Promise<JobVerdict> {
    running += 1;
    try {
      if (!(await untilDue(job, stopping))) return { kind: "later", delayMs: 0 };
      return await handle(ids);
    } catch (error) {
      logger.error({ err: error, jobId: job.id }, "handling a job failed unexpectedly");
      return { kind: "later", delayMs: bugDelayMs };
    } finally {
      running -= 1;
      if (running === 0) onIdle?.();
    }
  }

  function open(): Life {
    const redis = connectRedis(options.redisUrl, "consumer", logger);
    const stopping = new AbortController();
    const prefix = options.prefix ?? defaultPrefix;
    const queue = kind.queueName(options.lane);
    const worker = new Worker(queue, (job, token) => process(opened, job, token), {
      connection: redis,
      prefix,
      concurrency: options.concurrency,
      lockDuration: 30_000,
      stalledInterval: 10_000,
      maxStalledCount: stalledCountMax,
      drainDelay: drainDelaySeconds,
      runRetryDelay: redisRetryDelayMs,
      metrics: { maxDataPoints: 1_440 },
      settings: {
        backoffStrategy: (_attemptsMade, _type, error) => (error instanceof AttemptFailed ? error.delayMs : bugDelayMs),
      },
    });
    worker.on("error", (error) => {
      logger.debug({ err: error, lane: options.lane }, "consumer error");
      if (error instanceof SyntaxError) void tidy(redis, `${prefix}:${queue}:`);
    });
    const opened: Life = { redis, worker, stopping: stopping.signal, stop: () => stopping.abort() };
    return opened;
  }

  async function tidy(redis: Redis, base: string): Promise<void> {
    try {
      const jobIds = await setAsideUnreadable(redis, base);
      if (jobIds.length > 0) logger.error({ jobIds, lane: options.lane }, "unreadable jobs set aside");
    } catch (error) {
      logger.warn({ err: error, lane: options.lane }, "unreadable jobs could not be set aside");
    }
  }

  return {
    lane: options.lane,
    running: () => running,
    taken: () => taken,
    probeAgeMs: () => (probedAt === undefined ? null : performance.now() - probedAt),
    isConnected: () => life?.redis.status === "ready",
    async start() {
      life ??= open();
    },
    async stop() {
      if (life === undefined) return;
      const { redis, worker, stop } = life;
      life = undefined;
      stop();
      // It may hang for ever on a Redis that is away, so we watch the jobs ourselves.
      const closed = worker.close().catch(() => {});
      if (running > 0)
        await withinMs(options.drainTimeoutMs, new Promise<void>((resolve) => (onIdle = resolve)), undefined);
      await withinMs(closeTimeoutMs, closed, undefined);
      redis.disconnect();
    },
  };
}

/**
 * Waits out the lead the job was given. A job without delay was given none, or not all of it; one that comes again is past
 * it.
 *
 * @returns false if it is to stop
 */
async function untilDue({ timestamp, opts }: Job, stopping: AbortSignal): Promise<boolean> {
  // What it was enqueued with; `delay` is zero once its time has come.
  const delayMs = opts.delay ?? 0;
  const dueInMs = timestamp + delayMs + leadMs - Date.now();
  if (delayMs === 0 || dueInMs <= 0) return true;
  // A timer of Node may go off up to a millisecond early.
  await delay(Math.min(dueInMs, leadMs) + 1);
  return !stopping.aborted;
}

/**
 * Which finished jobs stay for the board: of many at once a part. To keep a job and to forget an older one for it costs
 * Redis more than all else it does to finish one, and nobody looks through thousands.
 */
function createKeeping(): { takesOne(): boolean } {
  let second = 0;
  let kept = 0;
  return {
    takesOne() {
      const now = Math.floor(performance.now() / 1_000);
      if (now !== second) [second, kept] = [now, 0];
      kept += 1;
      return kept <= keptPerSecondMax;
    },
  };
}

/** From a start to the stop after it. */
interface Life {
  redis: Redis;
  worker: Worker;
  /** Aborted once no further job is to be handled. */
  stopping: AbortSignal;
  stop: () => void;
}

/** Makes BullMQ count and show a failed attempt, and wait as long as Postgres says. */
class AttemptFailed extends Error {
  override name = "AttemptFailed";
  readonly delayMs: number;
  constructor(reason: string, delayMs: number) {
    super(reason);
    this.delayMs = delayMs;
    // The board shows stack traces; ours say nothing.
    delete this.stack;
  }
}

async function obey(verdict: JobVerdict, job: Job, token: string | undefined): Promise<void> {
  switch (verdict.kind) {
    case "done":
      return;
    case "later":
      return postpone(job, token, verdict.delayMs);
    case "failed":
      throw withoutStack(new UnrecoverableError(verdict.reason));
    case "again": {
      // BullMQ must never give up before Postgres does.
      if (job.attemptsMade + 1 >= (job.opts.attempts ?? 1)) return postpone(job, token, verdict.delayMs);
      // In memory only: any type BullMQ does not know leads to backoffStrategy above.
      job.opts.backoff = { type: "stored" };
      throw new AttemptFailed(verdict.reason, verdict.delayMs);
    }
  }
}

async function postpone(job: Job, token: string | undefined, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + Math.max(1, delayMs), token);
  throw new DelayedError();
}

function withoutStack(error: Error): Error {
  delete error.stack;
  return error;
}
