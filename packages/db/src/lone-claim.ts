/** Claiming one post by a statement of its own: for posts behind limits or to be prepared, and wherever it is to be said why not. */
import type { PostStatus } from "@punctual/core";
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
import { Prisma } from "./generated/client.ts";
import type { ClaimRequest, ClaimResult } from "./post-claim.ts";
import { takeSlots } from "./rate-slots.ts";

interface LoneRow extends ClaimedRow {
  now: Date;
  status: PostStatus;
  generation: number;
  nextAttemptAt: Date;
  accountOpen: boolean;
  /** Not claimed, although it waits, is due and its account is open. */
  claimable: boolean;
  /** It could have been claimed when the statement began, and somebody changed it before it was locked. */
  contended: boolean;
  beingPrepared: boolean;
  claimed: boolean;
}

/** How soon to ask again about a post that changed under the claim, in milliseconds. */
const contendedMs = 100;

export async function claimAlone(database: Database, request: ClaimRequest): Promise<ClaimResult> {
  const { postId, revision, claimToken, worker, sendLeaseMs, limits = [] } = request;
  const claim = sendLeaseMs === undefined && limits.length === 0 ? claimAtOnce(request) : claimCandidate(request);
  // The outer read sees the row as it was when the statement began; `claimed` says whether the claim happened, and
  // what it found if it had to wait for the row.
  const [row] = await database.prisma.$queryRaw<LoneRow[]>`
    WITH ${claim.parts}, attempt AS (
      INSERT INTO attempts (post_id, number, revision, claim_token, worker, phase, started_at, sent_at)
      SELECT id, attempts, ${revision}, ${claimToken}::uuid, ${worker}, phase, app_now(),
             CASE WHEN phase = 'sending' THEN app_now() END
      FROM claimed
    )
    SELECT app_now() AS now, post.status, post.generation, post.next_attempt_at AS "nextAttemptAt",
           account.status = 'active' AND NOT account.paused AS "accountOpen", claimed.id IS NOT NULL AS claimed,
           claimed.id IS NULL AND ${claim.claimable} AS claimable,
           claimed.id IS NULL AND ${claim.contended} AS contended, ${isBeingPrepared} AS "beingPrepared",
           ${claimedColumns("claimed")}
    FROM posts AS post
    JOIN social_accounts AS account ON account.id = post.social_account_id
    LEFT JOIN claimed ON claimed.id = post.id
    WHERE post.id = ${postId}::uuid`;

  if (row === undefined) return { kind: "not_claimable", status: null };
  if (row.claimed) return { kind: "claimed", post: toClaimedPost(postId, row) };
  const { generation } = row;
  if (row.claimable) return { kind: row.beingPrepared ? "being_prepared" : "limited", generation };
  const waiting = (row.status === "scheduled" || row.status === "retrying") && row.revision === revision;
  if (!waiting) return { kind: "not_claimable", status: row.status };
  const dueInMs = row.nextAttemptAt.getTime() - row.now.getTime();
  if (dueInMs > 0) return { kind: "not_due", dueInMs, generation };
  if (row.contended) return { kind: "not_due", dueInMs: contendedMs, generation };
  if (!row.accountOpen) return { kind: "account_closed", socialAccountId: row.socialAccountId };
  return { kind: "not_claimable", status: row.status };
}

/** A statement's parts up to `claimed`, and whether nothing but a limit or its preparer keeps the post. */
interface ClaimParts {
  parts: Prisma.Sql;
  claimable: Prisma.Sql;
  /** Whether the post may still wait, at another time than it did: its job must ask once more. */
  contended: Prisma.Sql;
}

function isWanted({ postId, revision }: ClaimRequest): Prisma.Sql {
  return Prisma.sql`post.id = ${postId}::uuid AND post.revision = ${revision} AND ${isDue}`;
}

function heldBy({ claimToken, worker }: ClaimRequest, phase: Prisma.Sql, leaseMs: Prisma.Sql): Prisma.Sql {
  return held({ claimToken: Prisma.sql`${claimToken}::uuid`, worker: Prisma.sql`${worker}`, phase, leaseMs });
}

/** The usual way: one phase for all of a platform's posts, and no limits. */
function claimAtOnce(request: ClaimRequest): ClaimParts {
  const phase = Prisma.sql`${request.phase}::text`;
  return {
    // Its own first sending, made just now, is no earlier one.
    parts: Prisma.sql`claimed AS (
      UPDATE posts AS post SET ${heldBy(request, phase, Prisma.sql`${request.leaseMs}::float8`)}
      FROM social_accounts AS account
      WHERE account.id = post.social_account_id AND ${isWanted(request)} AND NOT ${isBeingPrepared} AND NOT ${isBlocked}
      RETURNING post.id, post.attempts, post.attempts_used, post.outcome_open, post.checkpoint, ${phase} AS phase,
                nullif(post.first_sent_at, app_now()) AS sent_before
    )`,
    claimable: Prisma.sql`${isWanted(request)} AND (${isBeingPrepared} OR ${isBlocked})`,
    contended: Prisma.sql`false`,
  };
}

/** What was prepared ahead is believed for an hour; afterwards the platform is asked again, in preparing. */
const isReady = Prisma.sql`(NOT post.needs_preparing OR post.prepared_at > app_now() - interval '1 hour'
  AND post.first_sent_at IS NULL AND post.checkpoint IS NOT NULL)`;

/** The post is locked first, as it is now: slots are taken only for one that will be claimed with them. */
function claimCandidate(request: ClaimRequest): ClaimParts {
  const { claimToken, phase, leaseMs, sendLeaseMs, limits = [] } = request;
  const slots = takeSlots(limits, claimToken);
  const ready = sendLeaseMs === undefined ? Prisma.sql`false` : isReady;
  return {
    parts: Prisma.sql`candidate AS MATERIALIZED (
      SELECT post.id, post.platform, account.id AS account_id, account.sandbox, post.first_sent_at AS sent_before,
             CASE WHEN ${ready} THEN 'sending' ELSE ${phase}::text END AS phase,
             CASE WHEN ${ready} THEN ${sendLeaseMs ?? 0}::float8 ELSE ${leaseMs}::float8 END AS lease_ms,
             ${isBeingPrepared} AS being_prepared, ${isBlocked} AS blocked
      FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
      WHERE ${isWanted(request)}
      FOR NO KEY UPDATE OF post
    )${slots.found}, claimed AS (
      UPDATE posts AS post SET ${heldBy(request, Prisma.sql`candidate.phase`, Prisma.sql`candidate.lease_ms`)}
      FROM candidate
      WHERE post.id = candidate.id AND NOT candidate.blocked AND NOT candidate.being_prepared AND ${slots.areFound}
      RETURNING post.id, post.attempts, post.attempts_used, post.outcome_open, post.checkpoint, candidate.phase,
                candidate.sent_before
    )${slots.taken}`,
    claimable: Prisma.sql`EXISTS (SELECT FROM candidate)`,
    contended: isWanted(request),
  };
}
