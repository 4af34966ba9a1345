/**
 * Finding out about lost answers: which unconfirmed posts to look up now, and recording what the platform showed.
 * Each change names the state it expects, so a person's decision meanwhile wins.
 */
import type { Checkpoint, OutgoingPost } from "@punctual/core";
import type { Database } from "./database.ts";
import type { ClaimedPost } from "./post-claim.ts";
import { restoredCode } from "./restoration.ts";

/** Of what a platform showed, in characters. */
const messageLengthMax = 500;

/** An unconfirmed post taken for one look. */
export interface UnconfirmedPost extends OutgoingPost {
  platform: string;
  checkpoint: Checkpoint | null;
  account: ClaimedPost["account"];
  /** How often the platform was read in vain before. */
  confirmCount: number;
  unconfirmedAt: Date;
  /** Whether it may have been edited and sent in a time that a restored backup knows nothing of. */
  restored: boolean;
  /** The database's time. */
  now: Date;
}

/**
 * Takes unconfirmed posts whose look is due. The next look is set far enough ahead that two workers do not look at
 * once and that a worker that dies costs one look only.
 *
 * @param lookMs how long one look may take, in milliseconds
 */
export function takeUnconfirmed(
  database: Database,
  { platforms, limit, lookMs }: { platforms: readonly string[]; limit: number; lookMs: number },
): Promise<UnconfirmedPost[]> {
  return database.prisma.$queryRaw<UnconfirmedPost[]>`
    WITH due AS (
      SELECT id FROM posts
      WHERE status = 'unconfirmed' AND confirm_at <= app_now() AND platform = ANY (${[...platforms]})
      ORDER BY confirm_at LIMIT ${limit}
      FOR UPDATE SKIP LOCKED
    ), taken AS (
      UPDATE posts SET confirm_at = app_now() + ${lookMs} * interval '1 millisecond' FROM due WHERE posts.id = due.id
      RETURNING posts.*
    )
    SELECT post.id, post.platform, post.social_account_id AS "socialAccountId", post.revision, post.content AS text, post.media,
           post.link, post.options, post.metadata, post.scheduled_at AS "scheduledAt", post.first_sent_at AS "firstSentAt",
           post.request_id AS "requestId", post.checkpoint, post.confirm_count AS "confirmCount",
           post.unconfirmed_at AS "unconfirmedAt", coalesce(post.failure_code = ${restoredCode}, false) AS restored, app_now() AS now,
           jsonb_build_object('settings', account.settings, 'credentials', account.credentials,
             'credentialsVersion', account.credentials_version, 'sandbox', account.sandbox) AS account
    FROM taken AS post JOIN social_accounts AS account ON account.id = post.social_account_id`;
}

/**
 * The platform showed the post. False: somebody decided meanwhile, or what it showed is another post of ours; posts that
 * look alike may be looked up at once, so whoever names the same thing waits here for his turn.
 */
export async function recordFound(
  database: Database,
  { postId, externalId, externalUrl }: { postId: string; externalId: string | null; externalUrl: string | null },
): Promise<boolean> {
  const turn = database.prisma.$executeRaw`
    SELECT pg_advisory_xact_lock(hashtextextended('found ' || ${externalId}::text, 0))`;
  const recorded = database.prisma.$queryRaw<{ id: string }[]>`
    WITH sent AS (
      SELECT number, sent_at FROM attempts
      WHERE post_id = ${postId}::uuid AND sent_at IS NOT NULL ORDER BY number DESC LIMIT 1
    ), post AS (
      UPDATE posts
      SET status = 'published', published_at = app_now(), confirm_at = NULL,
          lateness_ms = least(2147483647, greatest(0, round(
            extract(epoch FROM sent.sent_at - greatest(scheduled_at, accepted_at)) * 1000)))::integer,
          external_id = ${externalId}, external_url = ${externalUrl},
          failure_category = NULL, failure_code = NULL, failure_message = NULL, failed_at = NULL, updated_at = app_now()
      FROM sent
      WHERE posts.id = ${postId}::uuid AND posts.status = 'unconfirmed'
        AND NOT EXISTS (SELECT FROM posts AS other
          WHERE other.external_id = ${externalId} AND other.platform = posts.platform AND other.id <> posts.id)
      RETURNING posts.*
    ), event AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id, 'post.published',
             jsonb_strip_nulls(jsonb_build_object('status', status, 'revision', revision, 'attempt', attempts,
               'latenessMs', lateness_ms, 'externalId', external_id, 'externalUrl', external_url, 'confirmed', true)), request_id
      FROM post
    )
    SELECT id FROM post`;
  const [, [row]] = await database.prisma.$transaction([turn, recorded]);
  return row !== undefined;
}

/**
 * The platform proved that the post is not there: it may be tried again, or has failed if its budget is spent.
 * False: somebody decided meanwhile.
 */
export async function recordAbsent(
  database: Database,
  { postId, delayMs }: { postId: string; delayMs: number },
): Promise<boolean> {
  const [row] = await database.prisma.$queryRaw<{ id: string }[]>`
    WITH post AS (
      UPDATE posts
      SET status = CASE WHEN attempts_used < max_attempts THEN 'retrying' ELSE 'failed' END,
          next_attempt_at = CASE WHEN attempts_used < max_attempts
            THEN app_now() + ${delayMs} * interval '1 millisecond' ELSE next_attempt_at END,
          generation = generation + 1, enqueued_rev = 0, confirm_at = NULL, updated_at = app_now()
      WHERE id = ${postId}::uuid AND status = 'unconfirmed'
      RETURNING *
    ), event AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id, CASE WHEN status = 'retrying' THEN 'post.retrying' ELSE 'post.failed' END,
             jsonb_strip_nulls(jsonb_build_object('status', status, 'revision', revision, 'attempt', attempts,
               'nextAttemptAt', CASE WHEN status = 'retrying' THEN
                 to_char(next_attempt_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END,
               'provedAbsent', true)), request_id
      FROM post
    )
    SELECT id FROM post`;
  return row !== undefined;
}

/**
 * The platform could not tell.
 *
 * @param look.againInMs null: no more looks, a person decides
 * @param look.message what it showed, for that person; free of secrets
 */
export async function recordCannotTell(
  database: Database,
  { postId, againInMs, message }: { postId: string; againInMs: number | null; message: string },
): Promise<void> {
  await database.prisma.$executeRaw`
    UPDATE posts
    SET confirm_count = confirm_count + 1, confirm_message = ${message.slice(0, messageLengthMax)},
        confirm_at = app_now() + ${againInMs}::double precision * interval '1 millisecond'
    WHERE id = ${postId}::uuid AND status = 'unconfirmed'`;
}
