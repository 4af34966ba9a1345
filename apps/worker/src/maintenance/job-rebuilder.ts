/**
 * Puts jobs back when Redis lost them. Each queue carries a mark, also kept in Postgres: if it is gone or another,
 * Redis was emptied or replaced. A lost set or list shows in the soonest jobs, checked every round; whatever is lost
 * one by one is found by a slow walk over all of them. What is due first comes back first. A job counts as lost only
 * when Redis has it in no list or set, so a backlog is never mistaken for a loss. What is left of lost jobs that
 * nobody misses any more is removed by a second slow walk, over Redis.
 */
import { randomUUID } from "node:crypto";
import { queueEpoch, setQueueEpoch, takeMaintenanceLease, type Database } from "@punctual/db";
import type { JobProducer, Waiting } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

/** What Postgres knows of one kind of work that waits and counts as enqueued. */
export interface EnqueuedWork<Id, Job> {
  /** A page of it, in due order, after the given one. */
  page(lane: string, after: Job | null, limit: number): Promise<Job[]>;
  /** The soonest due of each lane: enough to notice a loss. */
  soonest(lanes: readonly string[], perLane: number): Promise<Job[]>;
  /** Gives those that still wait as they did a new generation. */
  raiseGenerations(jobs: readonly Id[]): Promise<Job[]>;
}

export interface JobRebuilderDeps<Id, Placed extends Id, Job extends Placed & Waiting> {
  database: Database;
  producer: JobProducer<Id, Placed, Job>;
  enqueued: EnqueuedWork<Id, Job>;
  logger: Logger;
  pulse?: Pulse | undefined;
}

const intervalMs = 750;
const sampleSize = 20;
const pageSize = 1_000;
/** The slow walk checks this many jobs a round. */
const walkPageSize = 200;
const leaseMs = 10_000;

export function createJobRebuilder<Id, Placed extends Id, Job extends Placed & Waiting>(
  { holder }: { /** Names this process in leases. */ holder: string },
  deps: JobRebuilderDeps<Id, Placed, Job>,
): Service {
  const { database, producer, enqueued, logger, pulse } = deps;
  const service = `rebuilder ${producer.kind.name}`;
  const { census, kind, lanes, laneOf } = producer;
  const walk = new Map<string, Job | null>();
  const orphanWalk = new Map<string, string>();

  /** Gives that work whose jobs are lost new ones. False: Redis did not take them. */
  async function restore(lane: string, jobs: readonly Job[]): Promise<{ restored: number; taken: boolean }> {
    const missing = await census.missing(lane, jobs);
    if (missing.length === 0) return { restored: 0, taken: true };
    const raised = await enqueued.raiseGenerations(missing);
    const taken = await producer.enqueue(raised);
    pulse?.healed(service, raised.length);
    await census.forget(lane, missing);
    return { restored: raised.length, taken };
  }

  async function restoreAll(lane: string): Promise<boolean> {
    let after: Job | null = null;
    let restored = 0;
    const started = performance.now();
    for (;;) {
      const lease = { name: `rebuild ${lane}`, holder, leaseMs };
      if (!(await takeMaintenanceLease(database, lease))) return false;
      const page: Job[] = await enqueued.page(lane, after, pageSize);
      const result = await restore(lane, page);
      if (!result.taken) return false;
      restored += result.restored;
      after = page.at(-1) ?? after;
      if (page.length < pageSize) break;
    }
    const tookMs = Math.round(performance.now() - started);
    if (restored > 0) logger.warn({ lane, count: restored, tookMs }, "jobs that Redis had lost were put back");
    return true;
  }

  async function checkMark(lane: string): Promise<void> {
    const queue = kind.queueName(lane);
    const [inRedis, known] = [await census.epoch(queue), await queueEpoch(database, queue)];
    if (inRedis !== null && inRedis === known) return;
    if (known !== null) logger.warn({ lane }, "Redis was emptied or replaced");
    if (!(await restoreAll(lane))) return;
    const epoch = randomUUID();
    await setQueueEpoch(database, queue, epoch);
    await census.setEpoch(queue, epoch);
  }

  async function checkSoonest(): Promise<void> {
    const soonest = await enqueued.soonest(lanes, sampleSize);
    for (const lane of lanes) {
      const jobs = soonest.filter((job) => laneOf(job) === lane);
      if ((await census.missing(lane, jobs)).length > 0) await restoreAll(lane);
    }
  }

  async function walkOn(lane: string): Promise<void> {
    const page = await enqueued.page(lane, walk.get(lane) ?? null, walkPageSize);
    const { restored } = await restore(lane, page);
    if (restored > 0) logger.warn({ lane, count: restored }, "jobs that Redis had lost were put back");
    walk.set(lane, page.length < walkPageSize ? null : page.at(-1)!);
  }

  async function clearOn(lane: string): Promise<void> {
    const { cursor, removed } = await census.removeOrphans(lane, orphanWalk.get(lane) ?? "0");
    if (removed > 0) logger.info({ lane, count: removed }, "what was left of lost jobs was removed");
    orphanWalk.set(lane, cursor);
  }

  return createSweeper(
    { name: service, intervalMs },
    {
      logger,
      pulse,
      async sweep() {
        if (!(await producer.isReady())) return false;
        for (const lane of await producer.resumePaused()) logger.warn({ lane }, "a paused queue was resumed");
        for (const lane of lanes) await checkMark(lane);
        await checkSoonest();
        for (const lane of lanes) await walkOn(lane);
        for (const lane of lanes) await clearOn(lane);
        return false;
      },
    },
  );
}
