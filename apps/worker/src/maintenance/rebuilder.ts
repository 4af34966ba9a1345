/**
 * Puts jobs back when Redis lost them. Each queue carries a mark, also kept in Postgres: if it is gone or another,
 * Redis was emptied or replaced. A lost set or list shows in the soonest posts, checked every round; whatever is lost
 * one by one is found by a slow walk over all of them. What is due first comes back first. A job counts as lost only
 * when Redis has it in no list or set, so a backlog is never mistaken for a loss.
 */
import { randomUUID } from "node:crypto";
import { queueName } from "@punctual/core";
import {
  enqueuedPosts,
  queueEpoch,
  setQueueEpoch,
  soonestEnqueuedPosts,
  takeMaintenanceLease,
  type BacklogPosition,
  type Database,
  type UnenqueuedPost,
} from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import type { WorkerParts } from "../parts.ts";
import { createSweeper } from "./sweeper.ts";

export interface RebuilderDeps {
  database: Database;
  producer: PublishProducer;
  logger: Logger;
  raiseGenerations: WorkerParts["raiseGenerations"];
}

export interface RebuilderOptions {
  platforms: readonly string[];
  /** Names this process in leases. */
  holder: string;
}

const intervalMs = 750;
const sampleSize = 20;
const pageSize = 1_000;
/** The slow walk checks this many posts a round. */
const walkPageSize = 200;
const leaseMs = 10_000;

export function createRebuilder({ platforms, holder }: RebuilderOptions, deps: RebuilderDeps): Service {
  const { database, producer, logger, raiseGenerations } = deps;
  const { census } = producer;
  const walk = new Map<string, BacklogPosition | null>();

  /** Gives those posts whose jobs are lost new ones. False: Redis did not take them. */
  async function restore(
    platform: string,
    posts: readonly UnenqueuedPost[],
  ): Promise<{ restored: number; taken: boolean }> {
    const missing = await census.missing(platform, posts);
    if (missing.length === 0) return { restored: 0, taken: true };
    const raised = await raiseGenerations(database, missing);
    const taken = await producer.enqueue(raised);
    await census.forget(platform, missing);
    return { restored: raised.length, taken };
  }

  async function restoreAll(platform: string): Promise<boolean> {
    let after: BacklogPosition | null = null;
    let restored = 0;
    const started = performance.now();
    for (;;) {
      if (!(await takeMaintenanceLease(database, { name: `rebuild ${platform}`, holder, leaseMs }))) return false;
      const page: UnenqueuedPost[] = await enqueuedPosts(database, { platform, after, limit: pageSize });
      const result = await restore(platform, page);
      if (!result.taken) return false;
      restored += result.restored;
      after = page.at(-1) ?? after;
      if (page.length < pageSize) break;
    }
    const tookMs = Math.round(performance.now() - started);
    if (restored > 0) logger.warn({ platform, count: restored, tookMs }, "jobs that Redis had lost were put back");
    return true;
  }

  async function checkMark(platform: string): Promise<void> {
    const queue = queueName(platform);
    const [inRedis, known] = [await census.epoch(queue), await queueEpoch(database, queue)];
    if (inRedis !== null && inRedis === known) return;
    if (known !== null) logger.warn({ platform }, "Redis was emptied or replaced");
    if (!(await restoreAll(platform))) return;
    const epoch = randomUUID();
    await setQueueEpoch(database, queue, epoch);
    await census.setEpoch(queue, epoch);
  }

  async function checkSoonest(): Promise<void> {
    const soonest = await soonestEnqueuedPosts(database, { platforms, perPlatform: sampleSize });
    for (const platform of platforms) {
      const posts = soonest.filter((post) => post.platform === platform);
      if ((await census.missing(platform, posts)).length > 0) await restoreAll(platform);
    }
  }

  async function walkOn(platform: string): Promise<void> {
    const page = await enqueuedPosts(database, { platform, after: walk.get(platform) ?? null, limit: walkPageSize });
    const { restored } = await restore(platform, page);
    if (restored > 0) logger.warn({ platform, count: restored }, "jobs that Redis had lost were put back");
    walk.set(platform, page.length < walkPageSize ? null : page.at(-1)!);
  }

  return createSweeper(
    { name: "rebuilder", intervalMs },
    {
      logger,
      async sweep() {
        if (!(await producer.isReady())) return false;
        for (const platform of await producer.resumePaused()) logger.warn({ platform }, "a paused queue was resumed");
        for (const platform of platforms) await checkMark(platform);
        await checkSoonest();
        for (const platform of platforms) await walkOn(platform);
        return false;
      },
    },
  );
}
