/**
 * Preparing posts before their instant. When it is to be done, and with which job, is a row of `preparations`; the lease
 * and the checkpoint are in the post's own row, because there a claim, an edit or a cancellation meets them: whoever
 * changes the post takes the lease away with the same statement, and what is then still prepared is kept by nobody.
 */
import type { Checkpoint, Failure, OutgoingPost } from "@punctual/core";
import { aheadTimes } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { UnenqueuedPost } from "./post-enqueue.ts";
import type { ClaimedPost } from "./post-claim.ts";
import type { OverduePost } from "./post-backlog.ts";
import { atRisk } from "./post-risks.ts";

/** Rows are made a little before they are due, so that there is a job which fires in time, in milliseconds. */
export const stageAheadMs = 60_000;
/** Redis' own count, for the board only. */
const maxAttempts = 20;

/** A post this process prepares. */
export interface PostToPrepare extends OutgoingPost {
  platform: string;
  checkpoint: Checkpoint | null;
  account: ClaimedPost["account"];
  /** When it is to go out. */
  dueAt: Date;
  /** How often this revision's preparing was begun, this time included. */
  attempt: number;
  /** The database's time. */
  now: Date;
}

export type PreparationClaim =
  | { kind: "taken"; post: PostToPrepare }
  | { kind: "not_due"; dueInMs: number; generation: number }
  /** Done, due at its instant, of another revision, in other hands, or not to be published at all. */
  | { kind: "not_wanted" };

const ms = (value: number) => Prisma.sql`${value}::float8 * interval '1 millisecond'`;

/** From a row `post` and its `account`: whether it is to be prepared before its instant. */
const wanted = Prisma.sql`post.status = 'scheduled' AND post.needs_preparing AND post.prepared_at IS NULL
  AND account.status = 'active' AND NOT account.paused`;

const jobColumns = Prisma.sql`preparation.post_id AS "postId", preparation.platform, preparation.revision,
  preparation.generation, preparation.next_attempt_at AS "dueAt", ${maxAttempts}::int AS "maxAttempts",
  NULL AS "requestId"`;

/** Makes rows for posts whose preparing comes up. @returns how many */
export function stagePreparations(
  database: Database,
  { platforms, limit }: { platforms: readonly string[]; limit: number },
): Promise<number> {
  return database.prisma.$executeRaw`
    INSERT INTO preparations (post_id, platform, revision, next_attempt_at)
    SELECT post.id, post.platform, post.revision, greatest(app_now(), post.next_attempt_at - ${ms(aheadTimes.prepareMs)})
    FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
    WHERE ${wanted} AND post.platform = ANY (${[...platforms]})
      AND post.next_attempt_at > app_now() + ${ms(aheadTimes.prepareMinMs)}
      AND post.next_attempt_at <= app_now() + ${ms(aheadTimes.prepareMs + stageAheadMs)}
      AND NOT EXISTS (SELECT FROM preparations WHERE post_id = post.id AND revision >= post.revision)
    ORDER BY post.next_attempt_at LIMIT ${limit}
    ON CONFLICT (post_id) DO UPDATE
    SET revision = excluded.revision, generation = 0, enqueued = false, attempts = 0,
        next_attempt_at = excluded.next_attempt_at, failure_category = NULL, failure_code = NULL,
        failure_message = NULL, updated_at = app_now()
    WHERE preparations.revision < excluded.revision`;
}

/** Those for which no job is known, soonest first. */
export function unenqueuedPreparations(database: Database, limit: number): Promise<UnenqueuedPost[]> {
  return database.prisma.$queryRaw<UnenqueuedPost[]>`
    SELECT ${jobColumns} FROM preparations AS preparation
    WHERE NOT enqueued AND next_attempt_at IS NOT NULL ORDER BY next_attempt_at LIMIT ${limit}`;
}

/** Notes that Redis took these jobs. */
export async function markPreparationsEnqueued(database: Database, jobs: readonly UnenqueuedPost[]): Promise<void> {
  await database.prisma.$executeRaw`
    UPDATE preparations AS preparation SET enqueued = true
    FROM unnest(${jobs.map((job) => job.postId)}::uuid[], ${jobs.map((job) => job.revision)}::int[],
                ${jobs.map((job) => job.generation)}::int[]) AS job (id, revision, generation)
    WHERE preparation.post_id = job.id AND preparation.revision = job.revision AND preparation.generation = job.generation`;
}

/** Those of one platform that should have been begun a while ago, the longest first. */
export function overduePreparations(
  database: Database,
  { platform, overdueMs, limit }: { platform: string; overdueMs: number; limit: number },
): Promise<OverduePost[]> {
  return database.prisma.$queryRaw<OverduePost[]>`
    SELECT preparation.post_id AS "postId", preparation.revision, preparation.generation,
           (extract(epoch FROM app_now() - preparation.next_attempt_at) * 1000)::float8 AS "overdueMs"
    FROM preparations AS preparation JOIN posts AS post ON post.id = preparation.post_id
    JOIN social_accounts AS account ON account.id = post.social_account_id
    WHERE preparation.platform = ${platform} AND preparation.next_attempt_at <= app_now() - ${ms(overdueMs)}
      AND post.revision = preparation.revision AND ${wanted} AND post.next_attempt_at > app_now()
      AND (post.preparing_until IS NULL OR post.preparing_until < app_now())
    ORDER BY preparation.next_attempt_at LIMIT ${limit}`;
}

/**
 * Those that have been due for a while are due no more if nobody will prepare them: their post ended, is another
 * revision by now, or its instant has come. Else they would look like work for ever.
 *
 * @returns how many
 */
export function dropPreparations(database: Database, { overdueMs, limit }: { overdueMs: number; limit: number }) {
  return database.prisma.$executeRaw`
    UPDATE preparations SET next_attempt_at = NULL
    FROM (
      SELECT preparation.post_id AS id FROM preparations AS preparation JOIN posts AS post ON post.id = preparation.post_id
      WHERE preparation.next_attempt_at <= app_now() - ${ms(overdueMs)}
        AND (post.revision <> preparation.revision OR post.status NOT IN ('scheduled', 'held')
          OR post.next_attempt_at <= app_now())
      LIMIT ${limit}
      FOR NO KEY UPDATE OF preparation SKIP LOCKED
    ) AS unwanted
    WHERE post_id = unwanted.id`;
}

/** @param leaseMs how long it is this process's unless renewed, in milliseconds */
export async function claimPreparation(
  database: Database,
  request: { postId: string; revision: number; token: string; leaseMs: number },
): Promise<PreparationClaim> {
  const { postId, revision, token, leaseMs } = request;
  const [row] = await database.prisma.$queryRaw<
    (PostToPrepare & { preparing: boolean; generation: number; nextAttemptAt: Date | null })[]
  >`
    WITH candidate AS MATERIALIZED (
      SELECT post.id
      FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
      JOIN preparations AS preparation ON preparation.post_id = post.id AND preparation.revision = post.revision
      WHERE post.id = ${postId}::uuid AND post.revision = ${revision}
        AND ${wanted} AND post.next_attempt_at > app_now() AND preparation.next_attempt_at <= app_now()
        AND (post.preparing_until IS NULL OR post.preparing_until < app_now())
      FOR NO KEY UPDATE OF post
    ), taken AS (
      UPDATE posts AS post SET preparing_token = ${token}::uuid, preparing_until = app_now() + ${ms(leaseMs)}
      FROM candidate WHERE post.id = candidate.id
      RETURNING post.*
    ), begun AS (
      UPDATE preparations SET attempts = preparations.attempts + 1, updated_at = app_now()
      FROM taken WHERE post_id = taken.id
    )
    SELECT app_now() AS now, taken.id IS NOT NULL AS preparing, preparation.generation,
           preparation.next_attempt_at AS "nextAttemptAt", preparation.attempts + 1 AS attempt,
           preparation.post_id AS id, taken.platform, taken.social_account_id AS "socialAccountId",
           preparation.revision, taken.content AS text, taken.media, taken.link, taken.options, taken.metadata,
           taken.scheduled_at AS "scheduledAt", taken.first_sent_at AS "firstSentAt", taken.request_id AS "requestId",
           taken.checkpoint, taken.next_attempt_at AS "dueAt",
           jsonb_build_object('settings', account.settings, 'credentials', account.credentials,
             'credentialsVersion', account.credentials_version, 'sandbox', account.sandbox) AS account
    FROM preparations AS preparation
    LEFT JOIN taken ON taken.id = preparation.post_id
    LEFT JOIN social_accounts AS account ON account.id = taken.social_account_id
    WHERE preparation.post_id = ${postId}::uuid AND preparation.revision = ${revision}`;
  if (row === undefined) return { kind: "not_wanted" };
  const { preparing, generation, nextAttemptAt, ...post } = row;
  if (preparing) return { kind: "taken", post };
  const dueInMs = nextAttemptAt === null ? 0 : nextAttemptAt.getTime() - post.now.getTime();
  return dueInMs > 0 ? { kind: "not_due", dueInMs, generation } : { kind: "not_wanted" };
}

/** Of whoever prepares a post: false once it is another's, or the post is not to be prepared any more. */
export interface Preparing {
  postId: string;
  token: string;
}

const held = ({ postId, token }: Preparing) =>
  Prisma.sql`post.id = ${postId}::uuid AND post.preparing_token = ${token}::uuid AND post.status = 'scheduled'`;

export async function renewPreparing(
  database: Database,
  { leaseMs, ...preparing }: Preparing & { leaseMs: number },
): Promise<boolean> {
  const renewed = await database.prisma.$executeRaw`
    UPDATE posts AS post SET preparing_until = app_now() + ${ms(leaseMs)} WHERE ${held(preparing)}`;
  return renewed === 1;
}

export async function savePreparedCheckpoint(
  database: Database,
  { checkpoint, ...preparing }: Preparing & { checkpoint: Checkpoint },
): Promise<boolean> {
  const saved = await database.prisma.$executeRaw`
    UPDATE posts AS post SET checkpoint = ${JSON.stringify(checkpoint)}::jsonb WHERE ${held(preparing)}`;
  return saved === 1;
}

/** All that precedes sending is done. */
export async function finishPreparing(
  database: Database,
  { checkpoint, ...preparing }: Preparing & { checkpoint: Checkpoint },
): Promise<boolean> {
  const [row] = await database.prisma.$queryRaw<{ id: string }[]>`
    WITH prepared AS (
      UPDATE posts AS post
      SET checkpoint = ${JSON.stringify(checkpoint)}::jsonb, prepared_at = app_now(),
          preparing_token = NULL, preparing_until = NULL
      WHERE ${held(preparing)}
      RETURNING post.id
    ), done AS (
      UPDATE preparations
      SET next_attempt_at = NULL, failure_category = NULL, failure_code = NULL, failure_message = NULL, updated_at = app_now()
      FROM prepared WHERE post_id = prepared.id
    )
    SELECT id FROM prepared`;
  return row !== undefined;
}

export interface PreparingEnd extends Preparing {
  /** When it is begun again, in milliseconds; null: it is left to the attempt at the instant. */
  againInMs: number | null;
  /** Null: it was put back, at no cost, and needs a new job. */
  failure: Failure | null;
  /** Whether the company is told that the post is at risk; once for each reason. */
  isRisk: boolean;
}

/** Preparing came to nothing for now. */
export async function endPreparing(database: Database, end: PreparingEnd): Promise<boolean> {
  const { againInMs, failure, isRisk } = end;
  const putBack = failure === null;
  const [row] = await database.prisma.$queryRaw<{ id: string }[]>`
    WITH ended AS (
      UPDATE posts AS post SET preparing_token = NULL, preparing_until = NULL
      WHERE ${held(end)}
      RETURNING post.*
    ), noted AS (
      UPDATE preparations
      SET next_attempt_at = app_now() + ${againInMs}::float8 * interval '1 millisecond',
          attempts = preparations.attempts - ${putBack ? 1 : 0},
          generation = preparations.generation + ${putBack ? 1 : 0},
          enqueued = enqueued AND NOT ${putBack},
          failure_category = ${failure?.category ?? null}, failure_code = ${failure?.code ?? null},
          failure_message = ${failure?.message ?? null}, updated_at = app_now()
      FROM ended WHERE post_id = ended.id
    )
    SELECT id FROM ended`;
  if (row !== undefined && isRisk && failure !== null) {
    await atRisk(database, { postId: end.postId, reason: "prepare_failed", failure });
  }
  return row !== undefined;
}
