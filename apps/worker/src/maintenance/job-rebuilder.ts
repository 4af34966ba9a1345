/**
 * Puts jobs back when Redis lost them. Each queue carries a mark, also kept in Postgres: if it is gone or another,
 * Redis was emptied or replaced. A lost set or list shows in the soonest jobs of each lane in which something waits, checked every round;
 * whatever is lost one by one is found by a slow walk over all of them, a page of one lane a round. What is due first
 * comes back first. No post is late for the walk's slowness: what is due and did not come is the poller's. A job counts
 * as lost only when Redis has it in no list or set, so a backlog is never mistaken for a loss. What is left of lost jobs
 * that nobody misses any more is removed by a second walk, over Redis: it merely tidies, and hurries only after a loss.
 */
import { randomUUID } from "node:crypto";
import { queueEpoch, setQueueEpoch, takeMaintenanceLease, type Database, type Outlook } from "@punctual/db";
import type { JobProducer, Waiting } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import type { Lookout } from "./lookout.ts";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

/** What Postgres knows of one kind of work that waits and counts as enqueued. */
export interface EnqueuedWork<Id, Job> {
  /** Whether any of it may wait in a lane. */
  waitsIn(lane: string, outlook: Outlook): boolean;
  /** A page of it, in due order, after the given one. */
  page(lane: string, after: Job | null, limit: number): Promise<Job[]>;
  /** The soonest due of each lane: enough to notice a loss. */
  soonest(lanes: readonly string[], perLane: number): Promise<Job[]>;
  /** Gives those that still wait as they did a new generation, for which BullMQ knows no job. */
  raiseGenerations(jobs: readonly Id[]): Promise<Job[]>;
}

export interface JobRebuilderDeps<Id, Placed extends Id, Job extends Placed & Waiting> {
  database: Database;
  producer: JobProducer<Id, Placed, Job>;
  enqueued: EnqueuedWork<Id, Job>;
  logger: Logger;
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
}

const intervalMs = 800;
const sampleSize = 20;
const pageSize = 2_000;
/** The slow walk checks this many jobs of one lane in a step, every so many rounds. */
const walkPageSize = 200;
const roundsBetweenSteps = 2;
/** A paused queue is looked for every so many rounds. */
const roundsBetweenResuming = 3;
/** A step of tidying is made every so many rounds, unless something was lost. */
const roundsBetweenTidying = 8;
const leaseMs = 10_000;

export function createJobRebuilder<Id, Placed extends Id, Job extends Placed & Waiting>(
  { holder }: { /** Names this process in leases. */ holder: string },
  deps: JobRebuilderDeps<Id, Placed, Job>,
): Service {
  const { database, producer, enqueued, logger, lookout, pulse } = deps;
  const service = `rebuilder ${producer.kind.name}`;
  const { census, kind, lanes, laneOf } = producer;
  const walk = new Map<string, Job | null>();
  let orphanCursor = "0";
  /** Something was lost, and what that left behind was not gone over yet. */
  let untidy = false;
  let round = 0;

  /** Gives that work whose jobs are lost new ones. False: Redis did not take them. */
  async function restore(lane: string, jobs: readonly Job[]): Promise<{ restored: number; taken: boolean }> {
    const missing = await census.missing(lane, jobs);
    if (missing.length === 0) return { restored: 0, taken: true };
    // An emptied Redis knows none of them, so nothing has to change in Postgres.
    const known = new Set(await census.known(lane, missing));
    const raised = known.size === 0 ? [] : await enqueued.raiseGenerations([...known]);
    const lost = [...missing.filter((job) => !known.has(job)), ...raised];
    const taken = await producer.enqueue(lost);
    pulse?.healed(service, lost.length);
    if (known.size > 0) {
      // Never what stands for a post now.
      const taking = new Set(raised.map((job) => kind.id(job)));
      const left = [...known].filter((job) => !taking.has(kind.id(job)));
      await census.forget(lane, left);
      untidy = true;
      orphanCursor = "0";
    }
    return { restored: lost.length, taken };
  }

  /** Reads the next page while the caller is at this one. */
  async function* pagesOf(lane: string): AsyncGenerator<Job[]> {
    let reading = enqueued.page(lane, null, pageSize);
    for (;;) {
      const page = await reading;
      const isLast = page.length < pageSize;
      if (!isLast) {
        reading = enqueued.page(lane, page.at(-1)!, pageSize);
        // It is waited for later, or not at all.
        reading.catch(() => {});
      }
      yield page;
      if (isLast) return;
    }
  }

  /** Redis takes one page while this process makes ready the next. */
  async function restoreAll(lane: string): Promise<boolean> {
    let restored = 0;
    let earlier = Promise.resolve({ restored: 0, taken: true });
    const taken = async () => {
      const result = await earlier;
      restored += result.restored;
      return result.taken;
    };
    const started = performance.now();
    for await (const page of pagesOf(lane)) {
      const lease = { name: `rebuild ${lane}`, holder, leaseMs };
      if (!(await takeMaintenanceLease(database, lease))) return false;
      const restoring = restore(lane, page);
      restoring.catch(() => {});
      if (!(await taken())) return false;
      earlier = restoring;
    }
    if (!(await taken())) return false;
    const tookMs = Math.round(performance.now() - started);
    if (restored > 0) logger.warn({ lane, count: restored, tookMs }, "jobs that Redis had lost were put back");
    return true;
  }

  async function checkMarks(marks: ReadonlyMap<string, string | null>, outlook: Outlook | null): Promise<void> {
    for (const lane of lanes) {
      const inRedis = marks.get(lane) ?? null;
      if (inRedis === null || inRedis !== outlook?.epochs[kind.queueName(lane)]) await checkMark(lane, inRedis);
    }
  }

  async function checkMark(lane: string, inRedis: string | null): Promise<void> {
    const queue = kind.queueName(lane);
    // Asked again: another process may just have changed it.
    const known = await queueEpoch(database, queue);
    if (inRedis !== null && inRedis === known) return;
    if (known !== null) logger.warn({ lane }, "Redis was emptied or replaced");
    if (!(await restoreAll(lane))) return;
    const epoch = randomUUID();
    await setQueueEpoch(database, queue, epoch);
    await census.setEpoch(queue, epoch);
  }

  async function checkSoonest(waiting: readonly string[]): Promise<void> {
    const soonest = Map.groupBy(await enqueued.soonest(waiting, sampleSize), laneOf);
    const looked = [...soonest].map(async ([lane, jobs]) => ({ lane, missing: await census.missing(lane, jobs) }));
    for (const { lane, missing } of await Promise.all(looked)) if (missing.length > 0) await restoreAll(lane);
  }

  async function walkOn(lane: string): Promise<void> {
    const page = await enqueued.page(lane, walk.get(lane) ?? null, walkPageSize);
    const { restored } = await restore(lane, page);
    if (restored > 0) logger.warn({ lane, count: restored }, "jobs that Redis had lost were put back");
    walk.set(lane, page.length < walkPageSize ? null : page.at(-1)!);
  }

  async function tidyOn(): Promise<void> {
    const { cursor, removed } = await census.removeOrphans(lanes, orphanCursor);
    if (removed > 0) logger.info({ count: removed }, "what was left of lost jobs was removed");
    orphanCursor = cursor;
    if (cursor === "0") untidy = false;
  }

  return createSweeper(
    { name: service, intervalMs },
    {
      logger,
      lookout,
      pulse,
      async sweep(_stopping, outlook) {
        const marks = await producer.marks();
        if (marks === null) return false;
        round += 1;
        if (round % roundsBetweenResuming === 1) {
          for (const lane of await producer.resumePaused()) logger.warn({ lane }, "a paused queue was resumed");
        }
        await checkMarks(marks, outlook);
        const waiting = lanes.filter((lane) => outlook === null || enqueued.waitsIn(lane, outlook));
        if (waiting.length > 0) {
          await checkSoonest(waiting);
          const step = Math.floor(round / roundsBetweenSteps);
          if (round % roundsBetweenSteps === 0) await walkOn(waiting[step % waiting.length]!);
        }
        if (untidy || round % roundsBetweenTidying === 0) await tidyOn();
        return false;
      },
    },
  );
}
