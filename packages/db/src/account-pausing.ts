/**
 * Holding an account's posts and letting them go. The account's row comes first, in a statement of its own: whatever
 * is accepted, retried or claimed afterwards sees it. Then the posts follow, in statements whose view is younger.
 */
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { UnenqueuedPost } from "./post-enqueue.ts";
import { holdPostsOfClosedAccount } from "./post-holding.ts";
import { socialAccountColumns, type SocialAccountRecord } from "./social-accounts.ts";

export interface AccountName {
  companyId: string;
  id: string;
}

/** What fell due while it was held goes out this far apart, in milliseconds, account by account. */
const releaseIntervalMs = 100;

/** Holds an account's posts, now and from now on. Null if the company has no such account. */
export async function pauseAccount(database: Database, account: AccountName): Promise<SocialAccountRecord | null> {
  const paused = await setPaused(database, account, true);
  if (paused !== null) await holdPostsOfClosedAccount(database, paused.id);
  return paused;
}

/** The account may publish again, as far as pausing is concerned. Null if the company has no such account. */
export async function resumeAccount(database: Database, account: AccountName): Promise<SocialAccountRecord | null> {
  const resumed = await setPaused(database, account, false);
  if (resumed?.status === "needs_reconnect") {
    await database.prisma.$executeRaw`
      UPDATE posts SET held_reason = 'needs_reconnect', updated_at = app_now()
      WHERE social_account_id = ${resumed.id}::uuid AND status = 'held' AND held_reason = 'paused'`;
  }
  return resumed;
}

/**
 * Releases held posts whose account may publish. What is overdue is spread out, the longest due first, behind what was
 * released of the account before.
 *
 * @param socialAccountId null: of every account
 * @param limit posts at most; as many as that means there may be more
 */
export function releaseHeldPosts(
  database: Database,
  { socialAccountId, limit }: { socialAccountId: string | null; limit: number },
): Promise<UnenqueuedPost[]> {
  const wanted = socialAccountId === null ? Prisma.empty : Prisma.sql`AND social_account_id = ${socialAccountId}::uuid`;
  return database.prisma.$queryRaw<UnenqueuedPost[]>`
    WITH candidate AS (
      SELECT DISTINCT social_account_id AS id FROM posts WHERE status = 'held' ${wanted}
    ), account AS (
      SELECT a.id, greatest(app_now(), a.release_until) AS "from" FROM social_accounts AS a JOIN candidate USING (id)
      WHERE a.status = 'active' AND NOT a.paused
      ORDER BY a.id FOR NO KEY UPDATE OF a
    ), held AS (
      SELECT post.id, post.social_account_id, post.next_attempt_at, account."from"
      FROM posts AS post JOIN account ON account.id = post.social_account_id
      WHERE post.status = 'held'
      ORDER BY post.next_attempt_at, post.id LIMIT ${limit}
      FOR UPDATE OF post
    ), overdue AS (
      SELECT id, social_account_id, "from" + ${releaseIntervalMs} * interval '1 millisecond' *
        (row_number() OVER (PARTITION BY social_account_id ORDER BY next_attempt_at, id) - 1) AS at
      FROM held WHERE next_attempt_at <= app_now()
    ), spread AS (
      UPDATE social_accounts AS a SET release_until = last.at + ${releaseIntervalMs} * interval '1 millisecond'
      FROM (SELECT social_account_id AS id, max(at) AS at FROM overdue GROUP BY 1) AS last
      WHERE a.id = last.id
    ), released AS (
      UPDATE posts
      SET status = 'scheduled', held_reason = NULL, generation = generation + 1, enqueued_rev = 0,
          next_attempt_at = coalesce(overdue.at, posts.next_attempt_at), updated_at = app_now()
      FROM held LEFT JOIN overdue USING (id)
      WHERE posts.id = held.id AND posts.status = 'held'
      RETURNING posts.*
    ), announced AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id, 'post.released',
             jsonb_build_object('status', status, 'revision', revision,
               'nextAttemptAt', to_char(next_attempt_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), request_id
      FROM released
    )
    SELECT id AS "postId", platform, revision, generation, next_attempt_at AS "dueAt", max_attempts AS "maxAttempts",
           request_id AS "requestId"
    FROM released ORDER BY next_attempt_at, id`;
}

async function setPaused(
  database: Database,
  { companyId, id }: AccountName,
  paused: boolean,
): Promise<SocialAccountRecord | null> {
  const [account] = await database.prisma.$queryRaw<SocialAccountRecord[]>`
    UPDATE social_accounts
    SET paused = ${paused}, updated_at = CASE WHEN paused = ${paused} THEN updated_at ELSE app_now() END
    WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND deleted_at IS NULL
    RETURNING ${socialAccountColumns}`;
  return account ?? null;
}
