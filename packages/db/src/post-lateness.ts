/** Posts whose grace is over: missed, or, where the client wants them out anyway, reported as at risk. */
import type { Database } from "./database.ts";

/**
 * Marks what is too late. A post whose outcome is open is left alone: it may be out already.
 *
 * @returns how many posts were marked or reported; as many as `limit` means there may be more
 */
export async function markLatePosts(database: Database, limit: number): Promise<number> {
  const [row] = await database.prisma.$queryRaw<{ count: number }[]>`
    WITH late AS (
      SELECT id FROM posts
      WHERE status IN ('scheduled', 'retrying', 'held') AND at_risk_at IS NULL AND NOT outcome_open AND late_at < app_now()
      ORDER BY late_at LIMIT ${limit}
      FOR UPDATE SKIP LOCKED
    ), marked AS (
      UPDATE posts
      SET status = CASE WHEN when_late = 'miss' THEN 'missed' ELSE status END,
          held_reason = CASE WHEN when_late = 'miss' THEN NULL ELSE held_reason END,
          at_risk_at = CASE WHEN when_late = 'publish' THEN app_now() END,
          updated_at = app_now()
      FROM late WHERE posts.id = late.id
      RETURNING posts.*
    ), events AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id, CASE WHEN status = 'missed' THEN 'post.missed' ELSE 'post.at_risk' END,
             jsonb_build_object('status', status, 'revision', revision, 'reason', 'grace_over',
               'scheduledAt', to_char(scheduled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
             request_id
      FROM marked
    )
    SELECT count(*)::integer AS count FROM marked`;
  return row?.count ?? 0;
}
