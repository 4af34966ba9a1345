/** Posts whose account may not publish wait as `held`, visibly, until it may again. */
import type { Database } from "./database.ts";

/**
 * Holds the waiting posts of an account that is paused or must be reconnected. Does nothing if it is open.
 *
 * @returns how many posts were held
 */
export async function holdPostsOfClosedAccount(database: Database, socialAccountId: string): Promise<number> {
  const [row] = await database.prisma.$queryRaw<{ count: number }[]>`
    WITH account AS (
      SELECT id, CASE WHEN status = 'needs_reconnect' THEN 'needs_reconnect' ELSE 'paused' END AS reason
      FROM social_accounts
      WHERE id = ${socialAccountId}::uuid AND (paused OR status = 'needs_reconnect')
      FOR SHARE
    ), held AS (
      UPDATE posts SET status = 'held', held_reason = account.reason, updated_at = app_now()
      FROM account
      WHERE posts.social_account_id = account.id AND posts.status IN ('scheduled', 'retrying')
      RETURNING posts.*
    ), events AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id, 'post.held',
             jsonb_build_object('status', status, 'revision', revision, 'heldReason', held_reason), request_id
      FROM held
    )
    SELECT count(*)::integer AS count FROM held`;
  return row?.count ?? 0;
}

/** Accounts that may not publish and still have waiting posts: whoever closed them did not come to hold these. */
export async function closedAccountsWithWaitingPosts(database: Database, limit: number): Promise<string[]> {
  const accounts = await database.prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM social_accounts AS account
    WHERE (paused OR status = 'needs_reconnect')
      AND EXISTS (SELECT FROM posts WHERE social_account_id = account.id AND status IN ('scheduled', 'retrying'))
    LIMIT ${limit}`;
  return accounts.map(({ id }) => id);
}
