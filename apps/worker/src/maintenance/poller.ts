/**
 * Works straight from Postgres on what Redis should have brought and did not: everything due while Redis is away,
 * and at all times what has been due for a while although this worker has hands free. The claim is the same, so a job
 * that turns up after all finds the work taken. A worker that is busy leaves its backlog to the queue.
 */
import type { Outlook } from "@punctual/db";
import type { JobCensus, JobConsumer } from "@punctual/queue";
import { withinMs, type Logger, type Service } from "@punctual/runtime";
import type { Lookout } from "./lookout.ts";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

export interface PollerDeps<Job> {
  /** Until the soonest of the lane is due, in milliseconds, negative if it is overdue; null: none waits. */
  soonestInMs: (outlook: Outlook) => number | null;
  /** What has been due for at least so long, in milliseconds, and nobody has taken, the longest due first. */
  overdue: (overdueMs: number, limit: number) => Promise<readonly (Job & Overdue)[]>;
  /** The same pipeline the queue feeds. Must not throw for anything but a bug. */
  work: (job: Job) => Promise<unknown>;
  consumer: JobConsumer;
  census: Pick<JobCensus<Job>, "overdue">;
  logger: Logger;
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
}

export interface Overdue {
  /** For how long it has been due, in milliseconds. */
  overdueMs: number;
}

export interface PollerOptions {
  /** Worked on at a time, the queue's included. */
  concurrency: number;
  drainTimeoutMs: number;
}

/** How long due work is left to its job while Redis answers, in milliseconds. */
const patienceMs = 1_500;
/** The same while the queue works off a backlog, in which it probably stands. */
const backlogPatienceMs = 10_000;
const intervalMs = 500;

export function createPoller<Job>(options: PollerOptions, deps: PollerDeps<Job>): Service {
  const { concurrency, drainTimeoutMs } = options;
  const { soonestInMs, overdue, work, consumer, census, logger, lookout, pulse } = deps;
  const { lane } = consumer;
  const running = new Set<Promise<void>>();
  let takenBefore = 0;

  const sweeper = createSweeper(
    { name: `poller ${lane}`, intervalMs },
    {
      logger,
      lookout,
      pulse,
      async sweep(_stopping, outlook) {
        const taking = consumer.taken() > takenBefore;
        takenBefore = consumer.taken();
        const free = concurrency - consumer.running() - running.size;
        if (free <= 0) return false;
        const redisAway = !consumer.isConnected();
        const waitedMs = redisAway ? 0 : patienceMs;
        if (outlook !== null && (soonestInMs(outlook) ?? Infinity) > -waitedMs) return false;
        let jobs = await overdue(waitedMs, free);
        if (jobs.length > 0 && !redisAway && taking && (await hasBacklog())) {
          jobs = jobs.filter((job) => job.overdueMs >= backlogPatienceMs);
        }
        if (jobs.length === 0) return false;
        logger.info({ count: jobs.length, lane, redisAway }, "working from Postgres on what is due");
        pulse?.healed("poller", jobs.length);
        for (const job of jobs) start(job);
        return jobs.length === free && running.size < concurrency;
      },
    },
  );

  async function hasBacklog(): Promise<boolean> {
    return (await census.overdue(lane, 0).catch(() => 0)) > 0;
  }

  async function run(job: Job): Promise<void> {
    try {
      await work(job);
    } catch (error) {
      logger.error({ err: error, lane }, "work taken from Postgres failed unexpectedly");
    }
  }

  function start(job: Job): void {
    const done = run(job).finally(() => running.delete(done));
    running.add(done);
  }

  return {
    start: () => sweeper.start(),
    async stop() {
      await sweeper.stop();
      await withinMs(drainTimeoutMs, Promise.all(running), undefined);
    },
  };
}
