/**
 * Taking a post to publish it: the fence everything rests on. One statement asks every question (is it due, is the
 * revision current, may its account publish) and, if all answers are yes, makes the caller its only holder. Jobs,
 * clocks and locks elsewhere may be wrong; whoever loses here does nothing.
 */
import type { Checkpoint, OutgoingPost, PostStatus, RateLimit } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { appSubject, takeSlots } from "./rate-slots.ts";

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
  /** The span of the request that accepted this revision (W3C traceparent), where traces are kept. */
  traceParent?: string | null;
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
  traceParent: string | null;
  status: PostStatus;
  revision: number;
  generation: number;
  nextAttemptAt: Date;
  socialAccountId: string;
  accountOpen: boolean;
  /** Not claimed, although it waits, is due and its account is open. */
  claimable: boolean;
  /** It could have been claimed when the statement began, and somebody changed it before it was locked. */
  contended: boolean;
  beingPrepared: boolean;
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

/** How soon to ask again about a post that changed under the claim, in milliseconds. */
const contendedMs = 100;

export async function claimPost(database: Database, request: ClaimRequest): Promise<ClaimResult> {
  const { postId, revision, claimToken, worker, sendLeaseMs, limits = [] } = request;
  const claim = sendLeaseMs === undefined && limits.length === 0 ? claimAtOnce(request) : claimCandidate(request);
  // The outer read sees the row as it was when the statement began; `claimed` says whether the claim happened, and
  // what it found if it had to wait for the row.
  const [row] = await database.prisma.$queryRaw<ClaimRow[]>`
    WITH ${claim.parts}, attempt AS (
      INSERT INTO attempts (post_id, number, revision, claim_token, worker, phase, started_at, sent_at)
      SELECT id, attempts, ${revision}, ${claimToken}::uuid, ${worker}, phase, app_now(),
             CASE WHEN phase = 'sending' THEN app_now() END
      FROM claimed
    )
    SELECT app_now() AS now, post.status, post.revision, post.generation, post.next_attempt_at AS "nextAttemptAt",
           post.social_account_id AS "socialAccountId", account.status = 'active' AND NOT account.paused AS "accountOpen",
           claimed.id IS NOT NULL AS claimed, claimed.phase,
           claimed.id IS NULL AND ${claim.claimable} AS claimable,
           claimed.id IS NULL AND ${claim.contended} AS contended, ${beingPrepared} AS "beingPrepared",
           post.platform, post.content, post.media, post.link, post.options, post.metadata,
           post.scheduled_at AS "scheduledAt", claimed.sent_before AS "firstSentAt", post.request_id AS "requestId",
           post.trace_parent AS "traceParent", claimed.attempts, claimed.attempts_used AS "attemptsUsed", post.max_attempts AS "maxAttempts",
           claimed.outcome_open AS "outcomeOpen", claimed.checkpoint, account.settings, account.credentials,
           account.credentials_version AS "credentialsVersion", account.sandbox,
           (extract(epoch FROM app_now() - account.refreshed_at) * 1000)::float8 AS "renewedAgoMs"
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

/** From a row `post` and its `account`. */
const beingPrepared = Prisma.sql`coalesce(post.preparing_until >= app_now(), false)`;
const isBlocked = Prisma.sql`EXISTS (SELECT FROM rate_blocks
  WHERE subject IN (account.id::text, ${appSubject}) AND until > app_now())`;

function isDue({ postId, revision }: ClaimRequest): Prisma.Sql {
  return Prisma.sql`post.id = ${postId}::uuid AND post.revision = ${revision}
    AND post.status IN ('scheduled', 'retrying') AND post.next_attempt_at <= app_now()
    AND (post.when_late = 'publish' OR post.outcome_open OR app_now() <= post.late_at)
    AND account.status = 'active' AND NOT account.paused`;
}

function held({ claimToken, worker }: ClaimRequest, phase: Prisma.Sql, leaseMs: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`status = 'publishing', claim_token = ${claimToken}::uuid, claimed_by = ${worker},
    lease_until = app_now() + ${leaseMs} * interval '1 millisecond',
    attempts = post.attempts + 1, attempts_used = post.attempts_used + 1,
    first_sent_at = CASE WHEN ${phase} = 'sending' THEN coalesce(post.first_sent_at, app_now()) ELSE post.first_sent_at END,
    preparing_token = NULL, preparing_until = NULL, limited_until = NULL, updated_at = app_now()`;
}

/** The usual way: one phase for all of a platform's posts, and no limits. */
function claimAtOnce(request: ClaimRequest): ClaimParts {
  const phase = Prisma.sql`${request.phase}::text`;
  return {
    // Its own first sending, made just now, is no earlier one.
    parts: Prisma.sql`claimed AS (
      UPDATE posts AS post SET ${held(request, phase, Prisma.sql`${request.leaseMs}::float8`)}
      FROM social_accounts AS account
      WHERE account.id = post.social_account_id AND ${isDue(request)} AND NOT ${beingPrepared} AND NOT ${isBlocked}
      RETURNING post.id, post.attempts, post.attempts_used, post.outcome_open, post.checkpoint, ${phase} AS phase,
                nullif(post.first_sent_at, app_now()) AS sent_before
    )`,
    claimable: Prisma.sql`${isDue(request)} AND (${beingPrepared} OR ${isBlocked})`,
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
             ${beingPrepared} AS being_prepared, ${isBlocked} AS blocked
      FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
      WHERE ${isDue(request)}
      FOR NO KEY UPDATE OF post
    )${slots.found}, claimed AS (
      UPDATE posts AS post SET ${held(request, Prisma.sql`candidate.phase`, Prisma.sql`candidate.lease_ms`)}
      FROM candidate
      WHERE post.id = candidate.id AND NOT candidate.blocked AND NOT candidate.being_prepared AND ${slots.areFound}
      RETURNING post.id, post.attempts, post.attempts_used, post.outcome_open, post.checkpoint, candidate.phase,
                candidate.sent_before
    )${slots.taken}`,
    claimable: Prisma.sql`EXISTS (SELECT FROM candidate)`,
    contended: isDue(request),
  };
}

function toClaimedPost(id: string, row: ClaimRow): ClaimedPost {
  return {
    id,
    platform: row.platform,
    traceParent: row.traceParent,
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
