/**
 * What the nemesis can do. Each blow says what it disturbs, lands, and is over when what it disturbed runs again; how
 * long that lasts is bounded. Only processes the harness started are hit, by their id.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { PublishJobId } from "@punctual/core";
import type { WaitingPost } from "@punctual/queue";
import type { Actor } from "./actor.ts";
import type { Dice } from "./dice.ts";
import { damage } from "./redis-jobs.ts";
import type { ProxyMode } from "./proxy.ts";
import type { Stage } from "./stage.ts";
import { wireNames, type WireName } from "./wires.ts";

export interface Blow {
  kind: string;
  weight: number;
  /** Chooses its target. Null: nothing to hit now. */
  aim(dice: Dice): { subjects: string[]; land: () => Promise<void> } | null;
}

/** Longer than a lease of these runs: a send's is 9 s, preparing's is 10 s. */
const longTroubleMs: readonly [number, number] = [10_500, 14_000];
const strayJobsMax = 30;

export function blows({ fleet, platforms, heal, producer }: Stage): Blow[] {
  const { apis, workers, servers } = fleet;
  const { redisClient, database } = servers;
  const everybody: readonly Actor[] = [...apis, ...workers];

  const freeze = (actor: Actor, ms: number) => async () => {
    actor.signal("SIGSTOP");
    await pause(ms);
    actor.signal("SIGCONT");
  };
  const wire = (
    kind: string,
    weight: number,
    wires: readonly WireName[],
    mode: (dice: Dice) => ProxyMode,
    ms: readonly [number, number],
    actors = everybody,
  ) => ({
    kind,
    weight,
    aim(dice: Dice) {
      const name = dice.pick(wires);
      // The API never talks to the networks.
      const actor = dice.pick(name === "sandbox" ? workers : actors);
      const proxy = actor.wires[name];
      const chosen = mode(dice);
      const forMs = dice.between(...ms);
      return {
        subjects: [`${actor.name}/${name}`],
        async land() {
          proxy.set(chosen);
          await pause(forMs);
          proxy.set({ kind: "pass" });
        },
      };
    },
  });
  const onRedis = (kind: string, weight: number, land: (platform: string, dice: Dice) => Promise<unknown>) => ({
    kind,
    weight,
    aim(dice: Dice) {
      const platform = dice.pick(platforms);
      return {
        subjects: ["redis"],
        async land() {
          await land(platform, dice);
        },
      };
    },
  });

  return [
    {
      kind: "worker killed",
      weight: 5,
      aim(dice) {
        const worker = dice.pick(workers);
        const pid = worker.pid();
        if (pid === null) return null;
        return {
          subjects: [worker.name],
          async land() {
            worker.kill();
            void heal.watchHeldBy(`${worker.name}-${pid}`);
            await worker.ready();
          },
        };
      },
    },
    {
      kind: "worker frozen",
      weight: 3,
      aim(dice) {
        const worker = dice.pick(workers);
        return { subjects: [worker.name], land: freeze(worker, dice.between(200, 3_000)) };
      },
    },
    {
      kind: "worker frozen past its lease",
      weight: 2,
      aim(dice) {
        const worker = dice.pick(workers);
        return { subjects: [worker.name], land: freeze(worker, dice.between(...longTroubleMs)) };
      },
    },
    {
      kind: "API killed",
      weight: 3,
      aim(dice) {
        const api = dice.pick(apis);
        if (api.pid() === null) return null;
        return {
          subjects: [api.name],
          async land() {
            api.kill();
            void heal.watchUnenqueued();
            await api.ready();
          },
        };
      },
    },
    {
      kind: "API frozen",
      weight: 1,
      aim(dice) {
        const api = dice.pick(apis);
        return { subjects: [api.name], land: freeze(api, dice.between(200, 3_000)) };
      },
    },
    {
      kind: "worker or API restarted (SIGTERM)",
      weight: 2,
      aim(dice) {
        const actor = dice.pick(everybody);
        return {
          subjects: [actor.name],
          async land() {
            await actor.terminate();
            await actor.ready();
          },
        };
      },
    },
    {
      kind: "Redis frozen",
      weight: 1,
      aim(dice) {
        const forMs = dice.between(300, 5_000);
        return { subjects: ["redis"], land: () => servers.redis.freeze(forMs) };
      },
    },
    {
      kind: "Redis killed, back empty",
      weight: 2,
      aim(dice) {
        const downMs = dice.between(200, 4_000);
        return {
          subjects: ["redis"],
          async land() {
            await servers.redis.crash(downMs);
            void heal.watchJobs(platforms);
          },
        };
      },
    },
    onRedis("Redis emptied (FLUSHALL)", 2, async () => {
      await damage.all(redisClient);
      void heal.watchJobs(platforms);
    }),
    onRedis("Redis: delayed set deleted", 2, async (platform) => {
      await damage.delayedSet(redisClient, platform);
      void heal.watchJobs([platform]);
    }),
    onRedis("Redis: wait list deleted", 1, (platform) => damage.waitList(redisClient, platform)),
    onRedis("Redis: job bodies deleted", 1, (platform, dice) => damage.someBodies(redisClient, platform, dice)),
    onRedis("Redis: connections killed", 2, () => damage.connections(redisClient)),
    onRedis("Redis: jobs promoted early", 2, (platform) => damage.promote(redisClient, platform)),
    onRedis("Redis: stray jobs added", 2, async (platform, dice) => {
      await producer.enqueue(await strayJobs(platform, dice));
    }),
    {
      kind: "Postgres restarted at once",
      weight: 1,
      aim(dice) {
        const downMs = dice.between(0, 3_000);
        return { subjects: ["postgres"], land: () => servers.postgres.crash(downMs) };
      },
    },
    {
      kind: "Postgres: connections terminated",
      weight: 2,
      aim: () => ({
        subjects: ["postgres"],
        async land() {
          await database.prisma.$queryRaw`
            SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'punctual-chaos'`;
        },
      }),
    },
    wire("wire delayed", 3, wireNames, (dice) => ({ kind: "delay", ms: dice.between(50, 1_000) }), [1_000, 4_000]),
    wire("wire cut", 3, wireNames, () => ({ kind: "cut" }), [500, 4_000]),
    wire("worker's Postgres wire cut past its lease", 2, ["postgres"], () => ({ kind: "cut" }), longTroubleMs, workers),
    wire("wire black hole", 2, wireNames, () => ({ kind: "blackhole" }), [1_000, 6_000]),
    wire(
      "wire drops answers",
      4,
      ["sandbox", "postgres", "sandbox", "redis"],
      (dice) => ({ kind: "drop_answers", resetAfterMs: dice.between(0, 500) }),
      [500, 3_000],
    ),
  ];

  /** Due jobs, under ids never used, for posts in any state: they must publish nothing that is not due anyway. */
  async function strayJobs(platform: string, dice: Dice): Promise<WaitingPost[]> {
    const posts = await database.prisma.$queryRaw<PublishJobId[]>`
      SELECT id AS "postId", revision, generation FROM posts WHERE platform = ${platform}
      ORDER BY updated_at DESC LIMIT 200`;
    return posts
      .filter(() => dice.chance(0.3))
      .slice(0, strayJobsMax)
      .map((post) => ({
        ...post,
        platform,
        generation: post.generation + dice.between(1_000, 999_999),
        dueAt: new Date(),
        maxAttempts: 5,
        requestId: null,
      }));
  }
}
