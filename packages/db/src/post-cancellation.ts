/**
 * Cancelling posts races with publishing them. The row decides: either this statement finds a post waiting and ends
 * it, or a claim was faster and the caller is told what the post is now.
 */
import { cancellableStatuses } from "@punctual/core";
import type { Database } from "./database.ts";
import { postColumns, type PostRecord } from "./post-record.ts";

export interface Cancellation {
  companyId: string;
  id: string;
  /** The API request that asks. */
  requestId: string | null;
}

/** Cancels a post that waits; null if no such post waits any more, or at all. */
export async function cancelWaitingPost(
  database: Database,
  { companyId, id, requestId }: Cancellation,
): Promise<PostRecord | null> {
  const [post] = await cancelWaitingPosts(database, { companyId, ids: [id], requestId });
  return post ?? null;
}

/** Cancels those that wait, each for itself: one that does not keeps no other from it. In no order. */
export function cancelWaitingPosts(
  database: Database,
  { companyId, ids, requestId }: Omit<Cancellation, "id"> & { ids: readonly string[] },
): Promise<PostRecord[]> {
  return database.prisma.$queryRaw<PostRecord[]>`
    WITH waiting AS (
      -- Locked in one order, so that two who cancel the same posts wait for each other and not both ways.
      SELECT id FROM posts
      WHERE id = ANY (${[...ids]}::uuid[]) AND company_id = ${companyId}::uuid
        AND status = ANY (${[...cancellableStatuses]}::text[]) AND NOT outcome_open
      ORDER BY id FOR UPDATE
    ), cancelled AS (
      UPDATE posts SET status = 'cancelled', held_reason = NULL, updated_at = app_now()
      WHERE id IN (SELECT id FROM waiting)
      RETURNING *
    ), announced AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id, created_at)
      SELECT company_id, id, social_account_id, 'post.cancelled',
             jsonb_build_object('status', status, 'revision', revision), ${requestId}, updated_at
      FROM cancelled ORDER BY id
    )
    SELECT ${postColumns} FROM cancelled`;
}
