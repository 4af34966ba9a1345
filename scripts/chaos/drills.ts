/**
 * `npm run chaos -- --drills`: one blow at a time on an installation that is otherwise left alone, and how long it takes
 * to heal, beside what is promised for just that. What the nemesis does at once is held to its end; this, to the clock.
 */
import { setTimeout as pause } from "node:timers/promises";
import { publishJobId, type PublishJobId } from "@punctual/core";
import { until } from "@punctual/testing";
import { farMs, redisOf, schedule, untilStatus } from "./acts.ts";
import type { Actor } from "./actor.ts";
import { readLedger } from "./evidence.ts";
import { nonceOf, type JournalPost } from "./journal.ts";
import { completedJobs, damage, jobless } from "./redis-jobs.ts";
import { clearFaults, commandFault } from "./sandbox-faults.ts";
import type { Stage } from "./stage.ts";

export interface Drill {
  /** The blow, and what has healed when it is over. */
  name: string;
  /** By section 6 of the contract, or ours where it names no time; in milliseconds. */
  promisedMs: number;
  /** @returns how long it took, in milliseconds */
  run(stage: Stage): Promise<number>;
}

export const drillPlatforms = ["webhook", "test_idempotent", "test_confirmable", "test_at_most_once"] as const;
const platform = "webhook";
type Phase = "preparing" | "sending";
/** Which networks say nothing, and to what. What is published is visible all the same. */
const silences = {
  preparing: { networks: ["test_confirmable"], silence: { stage: "prepare", fault: { kind: "delay", ms: 12_000 } } },
  sending: {
    networks: ["test_idempotent", "test_confirmable", "test_at_most_once"],
    silence: { stage: "publish", fault: { kind: "accept_then_hang", ms: 60_000 } },
  },
} as const;
/** Longer than anything that heals may take. */
const patienceMs = 180_000;
const waitingPosts = 300;
const outageMs = 5_000;
/** Later than any look of the workers' that would still put the jobs back in time, in milliseconds. */
const justBeforeMs = 200;

export const drills: readonly Drill[] = [
  {
    name: "API killed between commit and enqueue: its posts have jobs",
    promisedMs: 2_000,
    async run(stage) {
      const [api] = stage.fleet.apis;
      api!.wires.redis.set({ kind: "cut" });
      const tookMs = await timed("its posts to have jobs", async () => {
        const posts = await schedule(stage, 50, { platform, aheadMs: farMs });
        api!.kill();
        return async () => (await withoutJob(stage, posts)) === 0;
      });
      api!.wires.redis.set({ kind: "pass" });
      await api!.ready();
      return tookMs;
    },
  },
  {
    name: "worker killed while preparing: its posts are in other hands",
    promisedMs: 15_000,
    run: (stage) => hit(stage, { phase: "preparing", signal: "SIGKILL" }),
  },
  {
    name: "worker killed while sending: its posts are found out, and published",
    promisedMs: 120_000,
    run: (stage) => hit(stage, { phase: "sending", signal: "SIGKILL" }),
  },
  {
    name: "worker frozen while sending: its posts are found out, and published",
    promisedMs: 120_000,
    run: (stage) => hit(stage, { phase: "sending", signal: "SIGSTOP" }),
  },
  ...(["Redis emptied", "delayed set lost"] as const).flatMap((blow): Drill[] => {
    const land = (stage: Stage) =>
      blow === "Redis emptied" ? damage.all(redisOf(stage)) : damage.delayedSet(redisOf(stage), platform);
    const drill = (name: string, promisedMs: number, isHealed: (lost: number, of: number) => boolean): Drill => ({
      name: `${blow}: ${name}`,
      promisedMs,
      async run(stage) {
        const posts = await schedule(stage, waitingPosts, { platform, aheadMs: farMs });
        await untilEnqueued(stage, posts);
        // The workers have seen it whole.
        await pause(2_000);
        return timed(name, async () => {
          await land(stage);
          return async () => isHealed(await withoutJob(stage, posts), posts.length);
        });
      },
    });
    return [
      drill("the first job is back", 1_000, (lost, of) => lost < of),
      drill("all are back", 10_000, (lost) => lost === 0),
    ];
  }),
  {
    name: "some jobs lost just before their instant: how late the latest post is",
    promisedMs: 3_000,
    async run(stage) {
      const posts = await schedule(stage, 50, { platform, aheadMs: 4_000 });
      await untilEnqueued(stage, posts);
      const dueAtMs = posts[0]?.versions[0]?.scheduledAt ?? 0;
      await pause(Math.max(0, dueAtMs - justBeforeMs - Date.now()));
      const gone = await damage.someBodies(redisOf(stage), platform, stage.dice);
      if (!gone.some((id) => posts.some((post) => id.startsWith(post.id ?? "none")))) {
        throw new Error("the machine is too slow: no job was lost before its instant");
      }
      await untilStatus(stage, posts, ["published"]);
      const [row] = await stage.fleet.servers.database.prisma.$queryRaw<[{ ms: number }]>`
        SELECT max(lateness_ms)::integer AS ms FROM posts WHERE id = ANY (${idsOf(posts)}::uuid[])`;
      return row.ms;
    },
  },
  {
    name: "Redis away for a while: workers take jobs again",
    promisedMs: 2_000,
    async run(stage) {
      const { redis } = stage.fleet.servers;
      await redis.end();
      await pause(outageMs);
      await redis.startAgain();
      return timed("a job to be done", async () => async () => {
        await schedule(stage, 1, { platform, aheadMs: 0 });
        return (await completedJobs(redisOf(stage), platform)).length > 0;
      });
    },
  },
  {
    name: "all connections to Redis silent for good: workers take jobs again",
    promisedMs: 30_000,
    run: (stage) =>
      timed("a job to be done", async () => {
        const jobs = new Set<string>();
        forget(stage, "redis");
        return async () => {
          const [post] = await schedule(stage, 1, { platform, aheadMs: 0 });
          jobs.add(publishJobId({ postId: post?.id ?? "", revision: 1, generation: 0 }));
          const done = await completedJobs(redisOf(stage), platform);
          return done.some((job) => jobs.has(job));
        };
      }),
  },
  {
    name: "all connections to Postgres silent for good: every request is answered, every post published",
    promisedMs: 30_000,
    async run(stage) {
      // So that the pools are full.
      const ask = () => stage.client.call("GET", "/v1/posts?limit=1");
      await Promise.all(Array.from({ length: 50 }, ask));
      await untilStatus(stage, await schedule(stage, 50, { platform, aheadMs: 0 }), ["published"]);
      return timed("all to go well", async () => {
        forget(stage, "postgres");
        return async () => {
          const posts = await schedule(stage, 1, { platform, aheadMs: 0 });
          for (let time = 0; time < 20; time += 1) if ((await ask())?.status !== 200) return false;
          await untilStatus(stage, posts, ["published"]);
          return true;
        };
      });
    },
  },
  {
    name: "no live worker: /healthz says so",
    promisedMs: 30_000,
    async run(stage) {
      const { workers, apis } = stage.fleet;
      const health = async () => (await fetch(new URL("/healthz", apis[0]?.url() ?? ""))).status;
      await until("all to be well", async () => (await health()) === 200, { timeoutMs: patienceMs });
      try {
        return await timed("it to be said", async () => {
          for (const worker of workers) worker.signal("SIGSTOP");
          return async () => (await health()) === 503;
        });
      } finally {
        for (const worker of workers) worker.signal("SIGCONT");
      }
    },
  },
];

/** From the blow until it has healed. */
async function timed(what: string, blow: () => Promise<() => Promise<boolean>>): Promise<number> {
  const started = performance.now();
  const isHealed = await blow();
  await until(what, isHealed, { timeoutMs: patienceMs, intervalMs: 10 });
  return performance.now() - started;
}

/** Hits a worker whose posts are in that phase because their networks say nothing; from then on these answer. */
async function hit(stage: Stage, { phase, signal }: { phase: Phase; signal: "SIGKILL" | "SIGSTOP" }): Promise<number> {
  const { fleet } = stage;
  const { networks, silence } = silences[phase];
  const posts: JournalPost[] = [];
  for (const network of networks) {
    await commandFault(fleet.sandboxUrl, { platform: network, times: 100, ...silence });
    posts.push(...(await schedule(stage, 4, { platform: network, aheadMs: 0 })));
  }
  // What is hit on its way out to a network that only shows what is there waits for a person, for good.
  if (phase === "sending")
    await until("them to have arrived", () => areOnLedger(stage, posts), { timeoutMs: patienceMs });
  // On a slow machine the first may be over before the last begin.
  const [worker, inHands] = await until(`some of them to be ${phase}`, async () => {
    const hands = await Promise.all(fleet.workers.map(async (one) => [one, await heldBy(one, stage, posts)] as const));
    return hands.find(([, ids]) => ids.length > 0);
  });
  const holder = holderOf(worker);
  const tookMs = await timed("them to be settled", async () => {
    if (signal === "SIGKILL") worker.kill();
    else worker.signal(signal);
    await clearFaults(fleet.sandboxUrl);
    return async () => {
      const rows = await fleet.servers.database.prisma.$queryRaw<{ status: string; holder: string | null }[]>`
        SELECT status, claimed_by AS holder FROM posts WHERE id = ANY (${inHands}::uuid[])`;
      return rows.every((row) => (phase === "preparing" ? row.holder !== holder : row.status === "published"));
    };
  });
  worker.signal("SIGCONT");
  await worker.ready();
  await untilStatus(stage, posts, ["published"], patienceMs);
  return tookMs;
}

/** As a firewall or a failover does, that drops what it does not know any more. */
function forget({ fleet }: Stage, wire: "redis" | "postgres"): void {
  for (const { wires } of [...fleet.apis, ...fleet.workers]) wires[wire].forgetConnections();
}

async function areOnLedger({ fleet }: Stage, posts: readonly JournalPost[]): Promise<boolean> {
  const { entries } = await readLedger(fleet.sandboxUrl);
  const arrived = new Set(entries.map(({ content }) => nonceOf(content.text)));
  return posts.every(({ nonce }) => arrived.has(nonce));
}

async function heldBy(worker: Actor, { fleet }: Stage, posts: readonly JournalPost[]): Promise<string[]> {
  const rows = await fleet.servers.database.prisma.$queryRaw<{ id: string }[]>`
    SELECT post.id FROM posts AS post
    WHERE post.id = ANY (${idsOf(posts)}::uuid[]) AND post.status = 'publishing' AND post.claimed_by = ${holderOf(worker)}`;
  return rows.map(({ id }) => id);
}

/** What its claims in Postgres say. */
function holderOf(worker: Actor): string {
  return `${worker.name}-${worker.pid()}`;
}

async function untilEnqueued(stage: Stage, posts: readonly JournalPost[]): Promise<void> {
  await until("the posts to have jobs", async () => (await withoutJob(stage, posts)) === 0, { timeoutMs: patienceMs });
}

/** How many of those that wait have no job. */
async function withoutJob({ fleet }: Stage, posts: readonly JournalPost[]): Promise<number> {
  const { database, redisClient } = fleet.servers;
  const waiting = await database.prisma.$queryRaw<(PublishJobId & { platform: string })[]>`
    SELECT id AS "postId", platform, revision, generation FROM posts
    WHERE id = ANY (${idsOf(posts)}::uuid[]) AND status IN ('scheduled', 'retrying')`;
  return (await jobless(redisClient, waiting)).length;
}

function idsOf(posts: readonly JournalPost[]): (string | null)[] {
  return posts.map(({ id }) => id);
}
