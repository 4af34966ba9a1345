/** What statements that claim share: the questions they ask, what a claim changes, and how a claimed post is read. */
import type { Checkpoint, OutgoingPost } from "@punctual/core";
import { Prisma } from "./generated/client.ts";
import type { ClaimedPost } from "./post-claim.ts";
import { appSubject } from "./rate-slots.ts";

/** From a row `post` and its `account`: whether it is there to be published now, whoever else may be at it. */
export const isDue = Prisma.sql`post.status IN ('scheduled', 'retrying') AND post.next_attempt_at <= app_now()
    AND (post.when_late = 'publish' OR post.outcome_open OR app_now() <= post.late_at)
    AND account.status = 'active' AND NOT account.paused`;

export const isBeingPrepared = Prisma.sql`coalesce(post.preparing_until >= app_now(), false)`;

/** Whether the platform said to wait. */
export const isBlocked = Prisma.sql`EXISTS (SELECT FROM rate_blocks
  WHERE subject IN (account.id::text, ${appSubject}) AND until > app_now())`;

/** What a claim makes of a row `post`. */
export function held(by: {
  claimToken: Prisma.Sql;
  worker: Prisma.Sql;
  phase: Prisma.Sql;
  leaseMs: Prisma.Sql;
}): Prisma.Sql {
  return Prisma.sql`status = 'publishing', claim_token = ${by.claimToken}, claimed_by = ${by.worker},
    lease_until = app_now() + ${by.leaseMs} * interval '1 millisecond',
    attempts = post.attempts + 1, attempts_used = post.attempts_used + 1,
    first_sent_at = CASE WHEN ${by.phase} = 'sending' THEN coalesce(post.first_sent_at, app_now()) ELSE post.first_sent_at END,
    preparing_token = NULL, preparing_until = NULL, limited_until = NULL, updated_at = app_now()`;
}

/** A post as the statement that claimed it tells it. */
export interface ClaimedRow {
  traceParent: string | null;
  revision: number;
  socialAccountId: string;
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

/**
 * A `ClaimedRow` from a row `post`, its `account`, and the row that holds what the claim has made of it: `attempts`,
 * `attempts_used`, `outcome_open`, `checkpoint`, `phase` and `sent_before`.
 */
export function claimedColumns(claimed: "claimed" | "post"): Prisma.Sql {
  const of = Prisma.raw(claimed);
  return Prisma.sql`post.revision, post.social_account_id AS "socialAccountId", ${of}.phase, post.platform, post.content,
    post.media, post.link, post.options, post.metadata, post.scheduled_at AS "scheduledAt",
    ${of}.sent_before AS "firstSentAt", post.request_id AS "requestId", post.trace_parent AS "traceParent", ${of}.attempts,
    ${of}.attempts_used AS "attemptsUsed", post.max_attempts AS "maxAttempts", ${of}.outcome_open AS "outcomeOpen",
    ${of}.checkpoint, account.settings, account.credentials, account.credentials_version AS "credentialsVersion",
    account.sandbox, (extract(epoch FROM app_now() - account.refreshed_at) * 1000)::float8 AS "renewedAgoMs"`;
}

export function toClaimedPost(id: string, row: ClaimedRow): ClaimedPost {
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
