/**
 * Claims asked for at the same time, in one statement. It asks the same questions as a claim alone and makes each caller
 * the only holder of its post in the same way, but never waits: a row somebody else is at is left out, and so is what
 * may not be claimed. So nobody is held up by another's post, and two such statements cannot stop each other.
 */
import {
  claimedColumns,
  held,
  isBeingPrepared,
  isBlocked,
  isDue,
  toClaimedPost,
  type ClaimedRow,
} from "./claimed-row.ts";
import type { Database } from "./database.ts";
import { gathered } from "./gathering.ts";
import { Prisma } from "./generated/client.ts";
import type { ClaimedPost, ClaimRequest } from "./post-claim.ts";

/** With more statements at a time each would take fewer posts; with more posts each would be later. */
const limits = { parallelMax: 1, sizeMax: 100 };

/**
 * Claims a post in `sending` that no limit concerns.
 *
 * @returns null: not claimed, and whether it could be must be asked alone
 */
export const claimTogether = gathered<ClaimRequest, ClaimedPost | null>(limits, async (database, requests) => {
  const rows = await claimAll(database, onePerPost(requests));
  const byToken = new Map(rows.map((row) => [row.claimToken, row]));
  return requests.map(({ postId, claimToken }) => {
    const row = byToken.get(claimToken);
    return row === undefined ? null : toClaimedPost(postId, row);
  });
});

/** In the order of their ids. A post can be taken once; whoever asks for it again is asked about alone. */
function onePerPost(requests: readonly ClaimRequest[]): ClaimRequest[] {
  const byPost = new Map(requests.toReversed().map((request) => [request.postId, request]));
  return [...byPost.values()].toSorted((a, b) => (a.postId < b.postId ? -1 : 1));
}

function claimAll(
  { prisma }: Database,
  requests: readonly ClaimRequest[],
): Promise<(ClaimedRow & { claimToken: string })[]> {
  // Each row is found by its id alone, then by its place. With all questions at once, or a join by ids, a planner that takes
  // the table for small or for nearly empty of due posts goes through all of it; and the plan is kept for long.
  return prisma.$queryRaw`/* =claim-posts */
    WITH wanted AS (
      SELECT * FROM unnest(${requests.map(({ postId }) => postId)}::uuid[], ${requests.map(({ revision }) => revision)}::int[],
        ${requests.map(({ claimToken }) => claimToken)}::uuid[], ${requests.map(({ worker }) => worker)}::text[],
        ${requests.map(({ leaseMs }) => leaseMs)}::float8[]) AS wanted (id, revision, token, worker, lease_ms)
    ), candidate AS MATERIALIZED (
      SELECT post.*, wanted.token, wanted.worker, wanted.lease_ms
      FROM wanted CROSS JOIN LATERAL (
        SELECT *, ctid AS place FROM posts WHERE id = wanted.id AND revision = wanted.revision
        FOR NO KEY UPDATE SKIP LOCKED
      ) AS post
    ), claimed AS (
      UPDATE posts SET ${heldTogether}
      FROM candidate AS post JOIN social_accounts AS account ON account.id = post.social_account_id
      WHERE posts.ctid = post.place AND ${isDue} AND NOT ${isBeingPrepared} AND NOT ${isBlocked}
      -- Its own first sending, made just now, is no earlier one.
      RETURNING posts.*, 'sending' AS phase, nullif(posts.first_sent_at, app_now()) AS sent_before
    ), attempt AS (
      INSERT INTO attempts (post_id, number, revision, claim_token, worker, phase, started_at, sent_at)
      SELECT id, attempts, revision, claim_token, claimed_by, phase, app_now(), app_now() FROM claimed
    )
    SELECT post.claim_token AS "claimToken", ${claimedColumns("post")}
    FROM claimed AS post JOIN social_accounts AS account ON account.id = post.social_account_id`;
}

const heldTogether = held({
  claimToken: Prisma.sql`post.token`,
  worker: Prisma.sql`post.worker`,
  phase: Prisma.sql`'sending'`,
  leaseMs: Prisma.sql`post.lease_ms`,
});
