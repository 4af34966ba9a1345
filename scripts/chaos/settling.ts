/**
 * After the last fault: everything is left alone, and for a bounded time nothing but the program itself puts right
 * what is wrong. What a person would have to decide is then decided, as one who looked at the platform would.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { PublishJobId } from "@punctual/core";
import type { Database } from "@punctual/db";
import type { ApiClient } from "./api-client.ts";
import { readLedger } from "./evidence.ts";
import { jobless } from "./redis-jobs.ts";
import type { Redis } from "./servers.ts";
import type { ChaosAccount } from "./tenant.ts";

/** Posts that are due and neither ended nor waiting for a person; what reading can settle is no person's business. */
export async function waitUntilSettled(
  database: Database,
  accounts: readonly ChaosAccount[],
  limitMs: number,
): Promise<{ tookMs: number; left: number }> {
  const provable = accounts.filter(({ isProvable }) => isProvable).map(({ id }) => id);
  const started = performance.now();
  for (;;) {
    const left = await countUnsettled(database, provable).catch(() => Infinity);
    const tookMs = Math.round(performance.now() - started);
    if (left === 0 || tookMs > limitMs) return { tookMs, left };
    await pause(250);
  }
}

async function countUnsettled(database: Database, provable: readonly string[]): Promise<number> {
  const [row] = await database.prisma.$queryRaw<[{ count: number }]>`
    SELECT count(*)::integer AS count FROM posts
    WHERE (status IN ('scheduled', 'retrying', 'publishing', 'held') AND scheduled_at < app_now() + interval '1 hour')
       OR (status = 'unconfirmed' AND confirm_at IS NOT NULL AND social_account_id = ANY (${[...provable]}::uuid[]))`;
  return row.count;
}

/** So many looks in a row must show every job: one that comes and goes would pass a single look. */
const goodLooksMin = 3;

/** Waits until every waiting post has its live job, for good; resolves to those that have none in the end. */
export async function waitUntilJobs(
  database: Database,
  redis: Redis,
  limitMs: number,
): Promise<(PublishJobId & { platform: string })[]> {
  const started = performance.now();
  for (let goodLooks = 0; ;) {
    const waiting = await database.prisma.$queryRaw<(PublishJobId & { platform: string })[]>`
      SELECT id AS "postId", platform, revision, generation FROM posts WHERE status IN ('scheduled', 'retrying')`;
    const missing = await jobless(redis, waiting);
    goodLooks = missing.length === 0 ? goodLooks + 1 : 0;
    if (goodLooks >= goodLooksMin || performance.now() - started > limitMs) return missing;
    await pause(250);
  }
}

/** Decides what only a person can, by the ledger. @returns how many posts were decided either way */
export async function decideUnconfirmed(
  database: Database,
  client: ApiClient,
  sandboxUrl: string,
): Promise<{ published: number; notPublished: number }> {
  const waiting = await database.prisma.$queryRaw<{ id: string; text: string }[]>`
    SELECT id, content AS text FROM posts WHERE status = 'unconfirmed'`;
  const { entries } = await readLedger(sandboxUrl, waiting);
  const visible = new Set(entries.filter(({ outcome }) => outcome === "accepted").map(({ postId }) => postId));
  const decided = { published: 0, notPublished: 0 };
  for (const { id } of waiting) {
    const outcome = visible.has(id) ? "published" : "not_published";
    const answer = await client.call("POST", `/v1/posts/${id}/resolve`, { outcome });
    // The confirmer may have been faster.
    if (answer?.status === 200) decided[outcome === "published" ? "published" : "notPublished"] += 1;
  }
  return decided;
}
