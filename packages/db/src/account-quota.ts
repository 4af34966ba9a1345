/** What an account has sent and is about to send, as its platform's limits count it. */
import type { CountedSend, RateLimit } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";

/** Of planned posts, so many are looked at; whoever plans more is told of the first. */
const plannedMax = 10_000;

/**
 * The sends that count under a limit of the account at an instant or later: those of the past by their slots, those to
 * come by when they are due.
 *
 * @param question.exceptPostId the post that asks, if there is one already
 */
export async function countedSends(
  database: Database,
  question: { socialAccountId: string; limit: RateLimit; at: Date; exceptPostId?: string },
): Promise<CountedSend[]> {
  const { socialAccountId, limit, at, exceptPostId } = question;
  const { windowMs } = limit;
  const others = exceptPostId === undefined ? Prisma.empty : Prisma.sql`AND id <> ${exceptPostId}::uuid`;
  return database.prisma.$queryRaw<CountedSend[]>`
    SELECT free_at - ${windowMs}::float8 * interval '1 millisecond' AS from, free_at AS until
    FROM rate_slots
    WHERE subject = ${socialAccountId} AND window_ms = ${windowMs}::bigint AND number <= ${limit.max} AND free_at > ${at}
    UNION ALL (
      SELECT next_attempt_at, next_attempt_at + ${windowMs}::float8 * interval '1 millisecond'
      FROM posts
      WHERE social_account_id = ${socialAccountId}::uuid AND status IN ('scheduled', 'retrying')
        AND next_attempt_at > ${at}::timestamptz - ${windowMs}::float8 * interval '1 millisecond' ${others}
      ORDER BY next_attempt_at LIMIT ${plannedMax})`;
}

/** A scheduled post for which a limit of its account has no room. */
export interface PostBeyondQuota {
  postId: string;
  socialAccountId: string;
  limit: RateLimit;
  /** When it is due. */
  at: Date;
}

/** Those of some posts before which the limits of their accounts are used up, soonest first; of equals the younger. */
export async function postsBeyondQuota(
  database: Database,
  request: { postIds: readonly string[]; limits: readonly RateLimit[]; countMax: number },
): Promise<PostBeyondQuota[]> {
  const { postIds, countMax } = request;
  const limits = request.limits.filter(({ scope }) => scope === "account");
  const found = await database.prisma.$queryRaw<(Omit<PostBeyondQuota, "limit"> & { limit: number })[]>`
    SELECT post.id AS "postId", post.social_account_id AS "socialAccountId", post.next_attempt_at AS at,
           wanted.place::int - 1 AS limit
    FROM posts AS post
    CROSS JOIN unnest(${limits.map(({ max }) => max)}::int[], ${limits.map(({ windowMs }) => windowMs)}::bigint[])
      WITH ORDINALITY AS wanted (max, window_ms, place)
    CROSS JOIN LATERAL (
      SELECT count(*) AS count FROM (
        SELECT FROM posts AS other
        WHERE other.social_account_id = post.social_account_id AND other.status IN ('scheduled', 'retrying')
          AND other.next_attempt_at > post.next_attempt_at - wanted.window_ms * interval '1 millisecond'
          AND (other.next_attempt_at, other.id) < (post.next_attempt_at, post.id)
        LIMIT wanted.max) AS planned
    ) AS planned
    CROSS JOIN LATERAL (
      SELECT count(*) AS count FROM rate_slots
      WHERE subject = post.social_account_id::text AND window_ms = wanted.window_ms AND number <= wanted.max
        AND free_at > post.next_attempt_at
    ) AS used
    WHERE post.id = ANY (${[...postIds]}::uuid[]) AND post.status = 'scheduled' AND planned.count + used.count >= wanted.max
    ORDER BY post.next_attempt_at, post.id LIMIT ${countMax}`;
  return found.map((post) => ({ ...post, limit: limits[post.limit]! }));
}

/** Raises `post.at_risk` for a post that a quota will delay, unless that was told or the post was moved meanwhile. */
export async function tellBeyondQuota(
  database: Database,
  { postId, at, nextFreeAt }: { postId: string; at: Date; nextFreeAt: Date },
): Promise<void> {
  await database.prisma.$executeRaw`
    WITH post AS (
      UPDATE posts SET risks_told = risks_told || 'beyond_quota'::text
      WHERE id = ${postId}::uuid AND status = 'scheduled' AND next_attempt_at = ${at}
        AND NOT 'beyond_quota' = ANY (risks_told)
      RETURNING *
    )
    INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
    SELECT company_id, id, social_account_id, 'post.at_risk',
           jsonb_build_object('status', status, 'revision', revision, 'reason', 'beyond_quota',
             'nextAttemptAt', to_char(${nextFreeAt}::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
             'scheduledAt', to_char(scheduled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
           request_id
    FROM post`;
}
