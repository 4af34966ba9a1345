/** What the holder of a claim does with it: keep it, note what preparing has reached, commit `sending`, or give it back. */
import type { Checkpoint } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { releaseSlots } from "./rate-slots.ts";

/** Keeps a claim while preparing. False: it is no longer held. */
export async function renewLease(
  database: Database,
  { postId, claimToken, leaseMs }: { postId: string; claimToken: string; leaseMs: number },
): Promise<boolean> {
  const renewed = await database.prisma.$executeRaw`
    UPDATE posts SET lease_until = app_now() + ${leaseMs} * interval '1 millisecond'
    WHERE id = ${postId}::uuid AND status = 'publishing' AND claim_token = ${claimToken}::uuid`;
  return renewed === 1;
}

/** Keeps what a claim's preparing has reached. False: the claim is no longer held. */
export async function saveClaimCheckpoint(
  database: Database,
  { postId, claimToken, checkpoint }: { postId: string; claimToken: string; checkpoint: Checkpoint },
): Promise<boolean> {
  const saved = await database.prisma.$executeRaw`
    UPDATE posts SET checkpoint = ${JSON.stringify(checkpoint)}::jsonb
    WHERE id = ${postId}::uuid AND status = 'publishing' AND claim_token = ${claimToken}::uuid`;
  return saved === 1;
}

/**
 * Commits `sending`, before the irreversible call, with a lease that is not renewed: when it is over, whatever left
 * has left.
 *
 * @param leaseMs the send's deadline plus a margin, in milliseconds
 * @returns false if the claim is no longer held; then nothing may be sent
 */
export async function enterSending(
  database: Database,
  request: { postId: string; claimToken: string; leaseMs: number; checkpoint: Checkpoint | null },
): Promise<boolean> {
  const { postId, claimToken, leaseMs, checkpoint } = request;
  const [row] = await database.prisma.$queryRaw<{ id: string }[]>`
    WITH post AS (
      UPDATE posts
      SET lease_until = app_now() + ${leaseMs} * interval '1 millisecond', first_sent_at = coalesce(first_sent_at, app_now()),
          checkpoint = ${checkpoint === null ? null : JSON.stringify(checkpoint)}::jsonb
      WHERE id = ${postId}::uuid AND status = 'publishing' AND claim_token = ${claimToken}::uuid AND lease_until >= app_now()
      RETURNING id
    ), attempt AS (
      UPDATE attempts SET phase = 'sending', sent_at = app_now()
      WHERE post_id = (SELECT id FROM post) AND claim_token = ${claimToken}::uuid
    )
    SELECT id FROM post`;
  return row !== undefined;
}

/**
 * Gives a claim back under which nothing was sent: its answer never reached the claimer, or it was claimed on wrong
 * terms. Costs no attempt, and an earlier lost answer stays open.
 *
 * @param needsPreparing true: whoever claims it next is to prepare it, whatever was believed when it was accepted
 * @returns false if there is no such claim, or not any more
 */
export async function returnClaim(
  database: Database,
  { postId, claimToken, needsPreparing = false }: { postId: string; claimToken: string; needsPreparing?: boolean },
): Promise<boolean> {
  const [row] = await database.prisma.$queryRaw<{ id: string }[]>`
    WITH post AS (
      UPDATE posts AS post
      SET status = 'retrying', next_attempt_at = app_now(), attempts_used = post.attempts_used - 1,
          needs_preparing = post.needs_preparing OR ${needsPreparing},
          first_sent_at = nullif(post.first_sent_at, attempt.sent_at),
          generation = post.generation + 1, enqueued_rev = 0,
          claim_token = NULL, claimed_by = NULL, lease_until = NULL, updated_at = app_now()
      FROM attempts AS attempt
      WHERE post.id = ${postId}::uuid AND post.status = 'publishing' AND post.claim_token = ${claimToken}::uuid
        AND attempt.post_id = post.id AND attempt.claim_token = post.claim_token
      RETURNING post.*
    ), ended AS (
      UPDATE attempts SET outcome = 'released', ended_at = app_now()
      WHERE post_id = ${postId}::uuid AND claim_token = ${claimToken}::uuid AND EXISTS (SELECT FROM post)
    ), slots AS (${releaseSlots(claimToken, Prisma.sql`false`)}
    ), event AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id, 'post.retrying',
             jsonb_build_object('status', status, 'revision', revision, 'attempt', attempts, 'outcomeOpen', outcome_open), request_id
      FROM post
    )
    SELECT id FROM post`;
  return row !== undefined;
}
