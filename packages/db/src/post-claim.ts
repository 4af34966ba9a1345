/**
 * Taking a post to publish it: the fence everything rests on. One statement asks every question (is it due, is the
 * revision current, may its account publish) and, if all answers are yes, makes the caller its only holder. Jobs,
 * clocks and locks elsewhere may be wrong; whoever loses here does nothing.
 */
import type { Checkpoint, OutgoingPost, PostStatus, RateLimit } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { appSubject, releaseSlots, takeSlots } from "./rate-slots.ts";

export interface ClaimRequest {
  postId: string;
  revision: number;
  /** Fresh for every claim. */
  claimToken: string;
  worker: string;
  /** Where there is nothing to prepare, the claim itself commits `sending`. */
  phase: "preparing" | "sending";
  /** How long the claim holds unless renewed, in milliseconds. */
  leaseMs: number;
  /** For posts that need no preparing, or not any more: they are claimed as `sending`, for so many milliseconds. */
  sendLeaseMs?: number;
  /** The platform's limits; a slot of each is taken with the post, or neither is. */
  limits?: readonly RateLimit[];
}

/** A post this process holds now. */
export interface ClaimedPost extends OutgoingPost {
  platform: string;
  attempt: number;
  attemptsUsed: number;
  maxAttempts: number;
  outcomeOpen: boolean;
  phase: "preparing" | "sending";
  checkpoint: Checkpoint | null;
  account: {
    settings: Record<string, unknown>;
    /** Sealed. */
    credentials: string;
    credentialsVersion: number;
    sandbox: boolean;
  };
  /** Since when the machine has these credentials from the platform, in milliseconds; null: a person gave them. */
  renewedAgoMs: number | null;
}

export type ClaimResult =
  | { kind: "claimed"; post: ClaimedPost }
  /** Waiting, but its time has not come. */
  | { kind: "not_due"; dueInMs: number; generation: number }
  /** Waiting and due, but somebody is still at preparing it ahead. */
  | { kind: "being_prepared"; generation: number }
  /** Waiting and due, but a limit has no slot left or the platform said to wait. */
  | { kind: "limited"; generation: number }
  /** Waiting and due, but its account may not publish. */
  | { kind: "account_closed"; socialAccountId: string }
  /** Ended, held, taken by another, another revision, past its grace, or no such post. */
  | { kind: "not_claimable"; status: PostStatus | null };

interface ClaimRow {
  now: Date;
  status: PostStatus;
  revision: number;
  generation: number;
  nextAttemptAt: Date;
  socialAccountId: string;
  accountOpen: boolean;
  /** Neither due, nor its account, nor anything else of its own is in the way. */
  claimable: boolean;
  beingPrepared: boolean | null;
  claimed: boolean;
  phase: "preparing" | "sending";
  platform: string;
  content: string;
  media: OutgoingPost["media"];
  link: string | null;
  options: Record<string, unknown>;
  metadata: Record<string, string>;
  scheduledAt: Date;
  firstSentAt: Date | null;
  requestId: string | null;
  attempts: number;
  attemptsUsed: number;
  maxAttempts: number;
  outcomeOpen: boolean;
  checkpoint: Checkpoint | null;
  settings: Record<string, unknown>;
  credentials: string;
  credentialsVersion: number;
  sandbox: boolean;
  renewedAgoMs: number | null;
}

/** What was prepared ahead is believed for so long; afterwards the platform is asked again, in preparing. */
const preparedFor = Prisma.sql`interval '1 hour'`;

export async function claimPost(database: Database, request: ClaimRequest): Promise<ClaimResult> {
  const { postId, revision, claimToken, worker, phase, leaseMs, sendLeaseMs, limits = [] } = request;
  const ready = Prisma.sql`NOT post.needs_preparing
    OR post.prepared_at > app_now() - ${preparedFor} AND post.first_sent_at IS NULL AND post.checkpoint IS NOT NULL`;
  const terms =
    sendLeaseMs === undefined
      ? Prisma.sql`${phase}::text AS phase, ${leaseMs}::float8 AS lease_ms`
      : Prisma.sql`CASE WHEN ${ready} THEN 'sending' ELSE ${phase}::text END AS phase,
          CASE WHEN ${ready} THEN ${sendLeaseMs}::float8 ELSE ${leaseMs}::float8 END AS lease_ms`;
  const slots = takeSlots(limits, claimToken);
  // The candidate is locked as it is now; the outer read sees the row as it was when the statement began, which is
  // good for what nothing changes. Slots are taken only for a post that will be claimed with them.
  const [row] = await database.prisma.$queryRaw<ClaimRow[]>`
    WITH candidate AS MATERIALIZED (
      SELECT post.id, post.platform, account.id AS account_id, account.sandbox, post.first_sent_at AS sent_before, ${terms},
             coalesce(post.preparing_until >= app_now(), false) AS being_prepared,
             EXISTS (SELECT FROM rate_blocks
               WHERE subject IN (account.id::text, ${appSubject}) AND until > app_now()) AS blocked
      FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
      WHERE post.id = ${postId}::uuid AND post.revision = ${revision}
        AND post.status IN ('scheduled', 'retrying') AND post.next_attempt_at <= app_now()
        AND (post.when_late = 'publish' OR post.outcome_open OR app_now() <= post.late_at)
        AND account.status = 'active' AND NOT account.paused
      FOR NO KEY UPDATE OF post
    )${slots.found}, claimed AS (
      UPDATE posts AS post
      SET status = 'publishing', claim_token = ${claimToken}::uuid, claimed_by = ${worker},
          lease_until = app_now() + candidate.lease_ms * interval '1 millisecond',
          attempts = post.attempts + 1, attempts_used = post.attempts_used + 1,
          first_sent_at = CASE WHEN candidate.phase = 'sending' THEN coalesce(post.first_sent_at, app_now()) ELSE post.first_sent_at END,
          preparing_token = NULL, preparing_until = NULL, limited_until = NULL, updated_at = app_now()
      FROM candidate
      WHERE post.id = candidate.id AND NOT candidate.blocked AND NOT candidate.being_prepared AND ${slots.areFound}
      RETURNING post.id, post.attempts, post.attempts_used, post.outcome_open, post.checkpoint, candidate.phase,
                candidate.sent_before
    )${slots.taken}, attempt AS (
      INSERT INTO attempts (post_id, number, revision, claim_token, worker, phase, started_at, sent_at)
      SELECT id, attempts, ${revision}, ${claimToken}::uuid, ${worker}, phase, app_now(),
             CASE WHEN phase = 'sending' THEN app_now() END
      FROM claimed
    )
    SELECT app_now() AS now, post.status, post.revision, post.generation, post.next_attempt_at AS "nextAttemptAt",
           post.social_account_id AS "socialAccountId", account.status = 'active' AND NOT account.paused AS "accountOpen",
           candidate.id IS NOT NULL AS claimable, candidate.being_prepared AS "beingPrepared",
           claimed.id IS NOT NULL AS claimed, claimed.phase,
           post.platform, post.content, post.media, post.link, post.options, post.metadata,
           post.scheduled_at AS "scheduledAt", claimed.sent_before AS "firstSentAt", post.request_id AS "requestId",
           claimed.attempts, claimed.attempts_used AS "attemptsUsed", post.max_attempts AS "maxAttempts",
           claimed.outcome_open AS "outcomeOpen", claimed.checkpoint, account.settings, account.credentials,
           account.credentials_version AS "credentialsVersion", account.sandbox,
           (extract(epoch FROM app_now() - account.refreshed_at) * 1000)::float8 AS "renewedAgoMs"
    FROM posts AS post
    JOIN social_accounts AS account ON account.id = post.social_account_id
    LEFT JOIN candidate ON candidate.id = post.id
    LEFT JOIN claimed ON claimed.id = post.id
    WHERE post.id = ${postId}::uuid`;

  if (row === undefined) return { kind: "not_claimable", status: null };
  if (row.claimed) return { kind: "claimed", post: toClaimedPost(postId, row) };
  const { generation } = row;
  if (row.claimable) return { kind: row.beingPrepared === true ? "being_prepared" : "limited", generation };
  const waiting = (row.status === "scheduled" || row.status === "retrying") && row.revision === revision;
  if (!waiting) return { kind: "not_claimable", status: row.status };
  const dueInMs = row.nextAttemptAt.getTime() - row.now.getTime();
  if (dueInMs > 0) return { kind: "not_due", dueInMs, generation };
  if (!row.accountOpen) return { kind: "account_closed", socialAccountId: row.socialAccountId };
  return { kind: "not_claimable", status: row.status };
}

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

function toClaimedPost(id: string, row: ClaimRow): ClaimedPost {
  return {
    id,
    platform: row.platform,
    socialAccountId: row.socialAccountId,
    revision: row.revision,
    text: row.content,
    media: row.media,
    link: row.link,
    options: row.options,
    metadata: row.metadata,
    scheduledAt: row.scheduledAt,
    firstSentAt: row.firstSentAt,
    requestId: row.requestId,
    attempt: row.attempts,
    attemptsUsed: row.attemptsUsed,
    maxAttempts: row.maxAttempts,
    outcomeOpen: row.outcomeOpen,
    phase: row.phase,
    checkpoint: row.checkpoint,
    account: {
      settings: row.settings,
      credentials: row.credentials,
      credentialsVersion: row.credentialsVersion,
      sandbox: row.sandbox,
    },
    renewedAgoMs: row.renewedAgoMs,
  };
}
