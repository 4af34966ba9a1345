/**
 * How long each kind of damage takes to heal, looked at from outside: after the blow, what was hurt is noted, and
 * then looked at until none of it is hurt any more.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { PublishJobId } from "@punctual/core";
import type { Database } from "@punctual/db";
import { jobless } from "./redis-jobs.ts";
import type { Redis } from "./servers.ts";

export type HealKind = "api killed" | "worker killed, preparing" | "worker killed, sending" | "Redis emptied";

/** None of these ever rejects. */
export interface HealTimes {
  /** Posts whose nudge died with an API: until each has its job. */
  watchUnenqueued(): Promise<void>;
  /** Posts in a dead worker's hands: until each is out of them. */
  watchHeldBy(worker: string): Promise<void>;
  /** Waiting posts whose jobs Redis lost: until each has one again. */
  watchJobs(platforms: readonly string[]): Promise<void>;
  /** All measured times by kind, in milliseconds. */
  measured(): Record<string, number[]>;
  /** What had not healed when the watch was given up. */
  unhealed(): string[];
}

const lookIntervalMs = 200;
const watchMaxMs = 120_000;
const firstLookMaxMs = 20_000;
const sampleMax = 300;

export function createHealTimes({ database, redis }: { database: Database; redis: Redis }): HealTimes {
  const times = new Map<HealKind, number[]>();
  const unhealed: string[] = [];

  /** @param hurt looks for what is still hurt among what was; rejects or answers null while it cannot tell */
  async function watch<Item>(kind: HealKind, hurt: Item[], look: (items: Item[]) => Promise<Item[]>): Promise<void> {
    if (hurt.length === 0) return;
    const started = performance.now();
    let left = hurt;
    while (left.length > 0) {
      if (performance.now() - started > watchMaxMs) {
        unhealed.push(`${kind}: ${left.length} of ${hurt.length} after ${watchMaxMs / 1_000} s`);
        return;
      }
      await pause(lookIntervalMs);
      left = await look(left).catch(() => left);
    }
    times.set(kind, [...(times.get(kind) ?? []), Math.round(performance.now() - started)]);
  }

  const unenqueued = (ids: string[] | null) =>
    database.prisma.$queryRaw<{ id: string }[]>`
      SELECT id FROM posts WHERE enqueued_rev < revision AND status IN ('scheduled', 'retrying')
        AND (${ids === null} OR id = ANY (${ids ?? []}::uuid[])) LIMIT ${sampleMax}`.then(idsOf);

  const heldBy = (worker: string, ids: string[] | null) =>
    database.prisma.$queryRaw<{ id: string; phase: "preparing" | "sending" }[]>`
      SELECT post.id, attempt.phase FROM posts AS post
      JOIN attempts AS attempt ON attempt.post_id = post.id AND attempt.claim_token = post.claim_token
      WHERE post.status = 'publishing' AND post.claimed_by LIKE ${`${worker}%`}
        AND (${ids === null} OR post.id = ANY (${ids ?? []}::uuid[]))`;

  async function stillJobless(jobs: Job[]): Promise<Job[]> {
    const waiting = await database.prisma.$queryRaw<Job[]>`
      SELECT id AS "postId", platform, revision, generation FROM posts
      WHERE id = ANY (${jobs.map(({ postId }) => postId)}::uuid[]) AND status IN ('scheduled', 'retrying')`;
    return jobless(redis, waiting);
  }

  return {
    async watchUnenqueued() {
      await watch("api killed", await patiently(() => unenqueued(null)), (ids) => unenqueued(ids));
    },
    async watchHeldBy(worker) {
      const held = await patiently(() => heldBy(worker, null));
      await Promise.all(
        (["preparing", "sending"] as const).map((phase) =>
          watch(
            `worker killed, ${phase}`,
            held.filter((post) => post.phase === phase).map(({ id }) => id),
            async (ids) => idsOf(await heldBy(worker, ids)),
          ),
        ),
      );
    },
    async watchJobs(platforms) {
      const lost = await patiently(
        () => database.prisma.$queryRaw<Job[]>`
          SELECT id AS "postId", platform, revision, generation FROM posts
          WHERE status IN ('scheduled', 'retrying') AND platform = ANY (${[...platforms]})
          ORDER BY next_attempt_at DESC LIMIT ${sampleMax}`,
      );
      await watch("Redis emptied", lost, stillJobless);
    },
    measured: () => Object.fromEntries(times),
    unhealed: () => unhealed,
  };
}

/** Postgres may be down as well: what was hurt is looked at as soon as it answers; nothing at all if it stays away. */
async function patiently<Item>(look: () => Promise<Item[]>): Promise<Item[]> {
  const deadline = performance.now() + firstLookMaxMs;
  while (performance.now() < deadline) {
    const items = await look().catch(() => null);
    if (items !== null) return items;
    await pause(lookIntervalMs);
  }
  return [];
}

type Job = PublishJobId & { platform: string };

function idsOf(rows: readonly { id: string }[]): string[] {
  return rows.map(({ id }) => id);
}
