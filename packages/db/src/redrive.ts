/**
 * Sending many failed or missed posts again: all that fit, or none if it is not as many as were shown beforehand. Each
 * comes back to waiting as an explicit retry does, but account by account at a pace, so that a repaired account does
 * not send everything at once. Unconfirmed posts are never among them: they may be out already.
 */
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { postConditions, searchPosts, type OperatorPostFilter, type OperatorPostRecord } from "./operator-posts.ts";
import type { UnenqueuedPost } from "./post-enqueue.ts";

/** Which posts; `statuses` holds failed, missed or both. */
export type RedriveFilter = OperatorPostFilter;

export interface RedrivePreview {
  count: number;
  /** The newest. */
  sample: OperatorPostRecord[];
  accounts: number;
  /** Those with the most posts. */
  perAccount: { socialAccountId: string; name: string; platform: string; count: number }[];
  /** accountClosed: of the count, posts that will be held, because their account is paused or must be reconnected. */
  leftOut: { unconfirmed: number; accountDeleted: number; accountClosed: number };
}

export interface RedriveRequest {
  filter: RedriveFilter;
  expectedCount: number;
  perAccountPerMinute: number;
  requestId: string;
  /** For the events. */
  redriveId: string;
}

export type RedriveResult =
  | { kind: "redriven"; count: number; lastDueAt: Date; soonest: UnenqueuedPost[]; closedAccountIds: string[] }
  /** Another number fits by now; nothing was changed. */
  | { kind: "count_changed"; count: number };

/** Taken by one redrive at most: it is one transaction. */
export const redriveCountMax = 20_000;
const sampleSize = 10;
const accountsShown = 50;
/** Told back, to be enqueued at once; the others are found by the stager. */
const soonestMax = 1_000;
const transactionTimeoutMs = 60_000;

export async function previewRedrive(database: Database, filter: RedriveFilter): Promise<RedrivePreview> {
  const [row] = await database.prisma.$queryRaw<[Omit<RedrivePreview, "sample">]>`
    WITH fit AS MATERIALIZED (
      SELECT social_account_id AS id, count(*)::integer AS count FROM posts
      WHERE ${where(filter)} GROUP BY social_account_id
    ), account AS (
      SELECT s.id, s.name, s.platform, fit.count, s.paused OR s.status = 'needs_reconnect' AS closed, s.deleted_at IS NOT NULL AS deleted
      FROM fit JOIN social_accounts AS s USING (id)
    )
    SELECT coalesce(sum(count) FILTER (WHERE NOT deleted), 0)::integer AS count,
      count(*) FILTER (WHERE NOT deleted)::integer AS accounts,
      coalesce((SELECT jsonb_agg(to_jsonb(top)) FROM (
        SELECT id AS "socialAccountId", name, platform, count FROM account WHERE NOT deleted
        ORDER BY count DESC, id LIMIT ${accountsShown}) AS top), '[]') AS "perAccount",
      jsonb_build_object(
        'unconfirmed', (SELECT count(*)::integer FROM posts
          WHERE ${where({ ...filter, statuses: ["unconfirmed"], categories: null })}),
        'accountDeleted', coalesce(sum(count) FILTER (WHERE deleted), 0),
        'accountClosed', coalesce(sum(count) FILTER (WHERE closed AND NOT deleted), 0)) AS "leftOut"
    FROM account`;
  const sample = await searchPosts(database, { filter, limit: sampleSize, beforeId: null });
  return { ...row, sample };
}

/** @throws if it takes more than a minute */
export function redrivePosts({ prisma }: Database, request: RedriveRequest): Promise<RedriveResult> {
  const { filter, expectedCount, perAccountPerMinute, requestId, redriveId } = request;
  const intervalMs = 60_000 / perAccountPerMinute;
  return prisma.$transaction(
    async (transaction) => {
      const [{ count }] = await transaction.$queryRaw<[{ count: number }]>`
        SELECT count(*)::integer AS count FROM (${targets(filter)}) AS target`;
      if (count !== expectedCount) return { kind: "count_changed" as const, count };
      const [row] = await transaction.$queryRaw<
        [{ count: number; lastDueAt: Date; soonest: UnenqueuedPost[]; closedAccountIds: string[] }]
      >`
        WITH target AS MATERIALIZED (${targets(filter)}), placed AS (
          SELECT id, row_number() OVER (PARTITION BY social_account_id ORDER BY scheduled_at, id) - 1 AS place FROM target
        ), redriven AS (
          UPDATE posts
          SET status = 'scheduled',
              next_attempt_at = greatest(scheduled_at, app_now() + placed.place * ${intervalMs} * interval '1 millisecond'),
              late_at = greatest(scheduled_at, app_now() + placed.place * ${intervalMs} * interval '1 millisecond')
                + grace_minutes * interval '1 minute',
              at_risk_at = NULL, attempts_used = 0, generation = generation + 1, enqueued_rev = 0,
              failure_category = NULL, failure_code = NULL, failure_message = NULL, failed_at = NULL,
              request_id = ${requestId}, updated_at = app_now()
          FROM placed WHERE posts.id = placed.id AND posts.status IN ('failed', 'missed')
          RETURNING posts.*
        ), announced AS (
          INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id, created_at)
          SELECT company_id, id, social_account_id, 'post.scheduled',
                 jsonb_build_object('status', status, 'revision', revision, 'reason', 'redrive', 'redriveId', ${redriveId}::text,
                   'nextAttemptAt', to_char(next_attempt_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
                 ${requestId}, updated_at
          FROM redriven
        )
        SELECT (SELECT count(*)::integer FROM redriven) AS count, (SELECT max(next_attempt_at) FROM redriven) AS "lastDueAt",
          (SELECT jsonb_agg(to_jsonb(post)) FROM (
            SELECT id AS "postId", platform, revision, generation, next_attempt_at AS "dueAt", max_attempts AS "maxAttempts",
                   request_id AS "requestId"
            FROM redriven ORDER BY next_attempt_at LIMIT ${soonestMax}) AS post) AS soonest,
          coalesce((SELECT array_agg(DISTINCT account.id::text) FROM redriven JOIN social_accounts AS account
            ON account.id = redriven.social_account_id
            WHERE account.paused OR account.status = 'needs_reconnect'), '{}') AS "closedAccountIds"`;
      // Instants inside JSON are text.
      const soonest = row.soonest.map((post) => ({ ...post, dueAt: new Date(post.dueAt) }));
      return { kind: "redriven" as const, ...row, soonest };
    },
    { timeout: transactionTimeoutMs },
  );
}

function where(filter: RedriveFilter): Prisma.Sql {
  return Prisma.join(postConditions(filter), " AND ");
}

/** Locked, so that they stay what they are; whoever pauses or deletes their account waits or is seen. */
function targets(filter: RedriveFilter): Prisma.Sql {
  return Prisma.sql`
    SELECT posts.id, posts.social_account_id, posts.scheduled_at
    FROM (SELECT id AS post_id FROM posts WHERE ${where(filter)} ORDER BY id LIMIT ${redriveCountMax + 1}) AS fit
    JOIN posts ON posts.id = fit.post_id
    JOIN social_accounts AS account ON account.id = posts.social_account_id AND account.deleted_at IS NULL
    WHERE posts.status IN ('failed', 'missed')
    ORDER BY posts.id FOR UPDATE OF posts FOR SHARE OF account`;
}
