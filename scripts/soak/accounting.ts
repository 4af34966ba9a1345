/** After the load has ended: whether every post went out exactly once, as the receiver and as Postgres have it. */
import { until } from "@punctual/testing";
import type { OwnDatabase } from "../bench/stage.ts";
import type { LedgerTotals } from "./ledger.ts";

export interface PostgresTotals {
  posts: number;
  published: number;
  attempts: number;
  /** Attempts that did anything but publish. */
  otherOutcomes: number;
  /** Told to the client. */
  publishedEvents: number;
}

const settleTimeoutMs = 120_000;

/** @returns once every post has ended, or the time is up */
export async function readPostgres({ database: { prisma } }: OwnDatabase): Promise<PostgresTotals> {
  const ended = async () => {
    const [row] = await prisma.$queryRaw<[{ ofHarness: number }]>`
      SELECT count(*)::int AS "ofHarness" FROM posts WHERE status NOT IN ('published', 'failed', 'missed', 'cancelled')`;
    return row.ofHarness === 0;
  };
  // Whatever has not ended by then is missing from the totals.
  await until("all posts have ended", ended, { timeoutMs: settleTimeoutMs, intervalMs: 500 }).catch(() => {});
  const [totals] = await prisma.$queryRaw<[PostgresTotals]>`
    SELECT (SELECT count(*) FROM posts)::int AS posts,
      (SELECT count(*) FROM posts WHERE status = 'published')::int AS published,
      (SELECT count(*) FROM attempts)::int AS attempts,
      (SELECT count(*) FROM attempts WHERE outcome IS DISTINCT FROM 'published')::int AS "otherOutcomes",
      (SELECT count(*) FROM events WHERE type = 'post.published')::int AS "publishedEvents"`;
  return totals;
}

/** What is not as it must be, in words; empty is what a soak wants. */
export function judgeAccounts(receiver: LedgerTotals, postgres: PostgresTotals): string[] {
  const { accepted, missing, twice, unknown } = receiver;
  const faults = [
    [accepted === 0, "no post was accepted"],
    [missing > 0, `${missing} accepted posts never arrived`],
    [twice > 0, `${twice} arrivals were repeats`],
    [unknown > 0, `${unknown} posts arrived that were never accepted`],
    [postgres.posts !== accepted, `Postgres has ${postgres.posts} posts, ${accepted} were accepted`],
    [postgres.published !== postgres.posts, `${postgres.posts - postgres.published} posts are not published`],
    [postgres.attempts !== postgres.posts, `${postgres.attempts} attempts were made for ${postgres.posts} posts`],
    [postgres.otherOutcomes > 0, `${postgres.otherOutcomes} attempts did not publish`],
    [postgres.publishedEvents !== postgres.posts, `${postgres.publishedEvents} events tell of ${postgres.posts} posts`],
  ] as const;
  return faults.filter(([isSo]) => isSo).map(([, words]) => words);
}
