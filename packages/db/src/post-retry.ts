/**
 * A person says: try again, now. The post comes back to waiting with a new budget of attempts, a new grace from now
 * on, and a new generation, because its old job ids are used up. It stays the revision it was, so its lateness goes on
 * counting from the instant it was meant for.
 */
import type { Database } from "./database.ts";
import { postColumns, type PostRecord } from "./post-record.ts";

export interface RetryRequest {
  companyId: string;
  id: string;
  requestId: string;
}

export interface RetriedPost {
  post: PostRecord;
  /** Whether its account may publish. */
  accountOpen: boolean;
}

/** Null if no such post has failed, was missed or waits for its next attempt, or its account was deleted. */
export async function retryPost(
  database: Database,
  { companyId, id, requestId }: RetryRequest,
): Promise<RetriedPost | null> {
  const [row] = await database.prisma.$queryRaw<(PostRecord & { accountOpen: boolean })[]>`
    WITH account AS (
      -- Whoever pauses or deletes the account either waits for us or is seen by us.
      SELECT a.id, a.status = 'active' AND NOT a.paused AS open
      FROM social_accounts a JOIN posts p ON p.social_account_id = a.id
      WHERE p.id = ${id}::uuid AND p.company_id = ${companyId}::uuid AND a.deleted_at IS NULL
      FOR SHARE OF a
    ), retried AS (
      UPDATE posts
      SET status = CASE WHEN status = 'retrying' THEN 'retrying' ELSE 'scheduled' END,
          next_attempt_at = greatest(scheduled_at, app_now()),
          late_at = greatest(scheduled_at, app_now()) + grace_minutes * interval '1 minute', at_risk_at = NULL,
          attempts_used = 0, generation = generation + 1, enqueued_rev = 0,
          failure_category = CASE WHEN status = 'retrying' THEN failure_category END,
          failure_code = CASE WHEN status = 'retrying' THEN failure_code END,
          failure_message = CASE WHEN status = 'retrying' THEN failure_message END,
          failed_at = CASE WHEN status = 'retrying' THEN failed_at END,
          request_id = ${requestId}, updated_at = app_now()
      FROM account
      WHERE posts.id = ${id}::uuid AND posts.company_id = ${companyId}::uuid
        AND posts.status IN ('failed', 'missed', 'retrying')
      RETURNING posts.*
    ), announced AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id, created_at)
      SELECT company_id, id, social_account_id,
             CASE WHEN status = 'retrying' THEN 'post.retrying' ELSE 'post.scheduled' END,
             jsonb_build_object('status', status, 'revision', revision, 'reason', 'retry',
               'nextAttemptAt', to_char(next_attempt_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
             ${requestId}, updated_at
      FROM retried
    )
    SELECT ${postColumns}, (SELECT open FROM account) AS "accountOpen" FROM retried`;
  if (row === undefined) return null;
  const { accountOpen, ...post } = row;
  return { post, accountOpen };
}
