/**
 * Short directed runs, one for each part that can be broken: just the blow that this part is there for. With the part
 * whole, nothing may be wrong afterwards; with it broken, the suite must say so, or it proves nothing.
 */
import { until } from "@punctual/testing";
import type { BreakablePart } from "./broken-parts.ts";
import { readLedger } from "./evidence.ts";
import type { BreachKind } from "./invariants.ts";
import { farMs, healMaxMs, redisOf, schedule, untilJobs, untilStatus } from "./acts.ts";
import { damage, liveJobs } from "./redis-jobs.ts";
import { clearFaults, commandFault } from "./sandbox-faults.ts";
import type { Stage } from "./stage.ts";

export interface Scenario {
  /** What the suite must find with the part broken. */
  reveals: BreachKind;
  act(stage: Stage): Promise<void>;
}

const atMostOnce = "test_at_most_once";
const soonMs = 500;
/** Keys, of which a step of tidying looks at a thousand. */
const crowd = 100_000;

export const scenarios: Readonly<Record<BreakablePart, Scenario>> = {
  fence: {
    reveals: "doubled",
    async act(stage) {
      const posts = await schedule(stage, 10, { platform: atMostOnce, aheadMs: soonMs });
      const far = await schedule(stage, 10, { platform: atMostOnce, aheadMs: farMs });
      await untilStatus(stage, posts, ["published"]);
      await untilJobs(stage, atMostOnce, far.length);
      // Jobs for posts that are out already, and jobs that fire hours early.
      const stray = posts.map((post) => ({
        postId: post.id ?? "",
        platform: atMostOnce,
        revision: 1,
        generation: 1_000,
        dueAt: new Date(),
        maxAttempts: 5,
        requestId: null,
      }));
      if (!(await stage.producer.enqueue(stray))) throw new Error("Redis took no stray jobs");
      await damage.promote(stage.fleet.servers.redisClient, atMostOnce);
      // A worker that takes the bait takes it at once.
      await until("the stray jobs to be gone", async () => (await liveJobs(redisOf(stage), atMostOnce)).length <= 10);
    },
  },

  stager: {
    reveals: "no job",
    async act(stage) {
      const { redis } = stage.fleet.servers;
      await redis.end();
      await schedule(stage, 10, { platform: atMostOnce, aheadMs: farMs });
      await redis.startAgain();
    },
  },

  rebuilder: {
    reveals: "no job",
    async act(stage) {
      const posts = await schedule(stage, 10, { platform: atMostOnce, aheadMs: farMs });
      await untilJobs(stage, atMostOnce, posts.length);
      await damage.all(redisOf(stage));
    },
  },

  generation: {
    reveals: "no job",
    async act(stage) {
      const posts = await schedule(stage, 10, { platform: atMostOnce, aheadMs: farMs });
      await untilJobs(stage, atMostOnce, posts.length);
      await damage.crowd(redisOf(stage), crowd);
      // The bodies stay, so BullMQ goes on knowing the ids: until they are come upon and removed, which may take long.
      await damage.delayedSet(redisOf(stage), atMostOnce);
    },
  },

  "send-marker": {
    reveals: "doubled",
    async act(stage) {
      const { fleet } = stage;
      await commandFault(fleet.sandboxUrl, {
        platform: atMostOnce,
        times: 1_000,
        fault: { kind: "accept_then_hang", ms: 20_000 },
      });
      const posts = await schedule(stage, 1, { platform: atMostOnce, aheadMs: soonMs });
      await until("the post to be visible", async () => {
        const { entries } = await readLedger(fleet.sandboxUrl);
        return posts.every(({ id }) => entries.some(({ postId }) => postId === id));
      });
      const holders = fleet.workers.map((worker) => `${worker.name}-${worker.pid()}`);
      for (const worker of fleet.workers) worker.kill();
      await clearFaults(fleet.sandboxUrl);
      await Promise.all(fleet.workers.map((worker) => worker.ready()));
      await until(
        "the dead worker's post to be taken from it",
        async () => {
          const rows = await stage.fleet.servers.database.prisma.$queryRaw<{ id: string }[]>`
          SELECT id FROM posts WHERE claimed_by = ANY (${holders})`;
          return rows.length === 0;
        },
        { timeoutMs: healMaxMs },
      );
    },
  },

  "late-success": {
    reveals: "unheard success",
    async act(stage) {
      const { fleet } = stage;
      const [first, ...others] = fleet.workers;
      if (first === undefined) throw new Error("there is no worker");
      await commandFault(fleet.sandboxUrl, { platform: atMostOnce, times: 1_000, fault: { kind: "delay", ms: 3_000 } });
      // Otherwise looking it up would find out, too.
      await commandFault(fleet.sandboxUrl, {
        stage: "list",
        times: 1_000,
        fault: { kind: "lookup_fail", status: 500 },
      });
      for (const worker of others) worker.signal("SIGSTOP");
      const posts = await schedule(stage, 1, { platform: atMostOnce, aheadMs: 0 });
      await untilStatus(stage, posts, ["publishing"]);
      // The answer comes in, but its worker cannot write it down before its lease is over.
      first.wires.postgres.set({ kind: "cut" });
      for (const worker of others) worker.signal("SIGCONT");
      await untilStatus(stage, posts, ["unconfirmed"]);
      first.wires.postgres.set({ kind: "pass" });
      await untilStatus(stage, posts, ["published"], 8_000).catch(() => {});
    },
  },

  limits: {
    reveals: "over the limit",
    async act(stage) {
      await clearFaults(stage.fleet.sandboxUrl);
      const posts = await schedule(stage, 40, { platform: atMostOnce, aheadMs: soonMs });
      // On a slow machine an answer may come too late.
      await untilStatus(stage, posts, ["published", "unconfirmed"]);
    },
  },
};
