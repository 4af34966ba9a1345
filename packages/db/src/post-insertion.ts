/** How posts and the events that announce them are written, given a statement's own way of choosing which. */
import { Prisma } from "./generated/client.ts";
import type { PostRecord } from "./post-record.ts";

/** Of a new post, all that is not the same for every new post. */
export function toNewPost(post: PostRecord) {
  const { id, socialAccountId, clientId, platform, groupId, text, media, link, options, metadata } = post;
  const { scheduledAt, localTime, timeZone, timeAdjustment, graceMinutes, whenLate, lateAt } = post;
  const { status, heldReason, needsPreparing, checksLeft, maxAttempts, nextAttemptAt, requestId, createdAt } = post;
  return {
    id,
    socialAccountId,
    clientId: given(clientId),
    platform,
    groupId: given(groupId),
    text,
    media,
    link: given(link),
    options,
    metadata,
    scheduledAt,
    localTime: given(localTime),
    timeZone: given(timeZone),
    timeAdjustment: given(timeAdjustment),
    graceMinutes,
    whenLate,
    lateAt,
    status,
    heldReason: given(heldReason),
    needsPreparing,
    checksLeft,
    maxAttempts,
    nextAttemptAt,
    requestId: given(requestId),
    createdAt,
  };
}

/** JSON leaves out what is undefined, and a recordset reads what is left out as null. */
function given<Value>(value: Value | null): Value | undefined {
  return value ?? undefined;
}

/** The columns of a recordset of `toNewPost`. */
export const newPostFields = Prisma.sql`id uuid, "socialAccountId" uuid, "clientId" uuid, platform text, "groupId" text,
  text text, media jsonb, link text, options jsonb, metadata jsonb, "scheduledAt" timestamptz, "localTime" text,
  "timeZone" text, "timeAdjustment" text, "graceMinutes" int, "whenLate" text, "lateAt" timestamptz, status text,
  "heldReason" text, "needsPreparing" boolean, "checksLeft" smallint, "maxAttempts" int, "nextAttemptAt" timestamptz,
  "requestId" text, "createdAt" timestamptz`;

/** Where a row with `newPostFields` and `"companyId"` goes; `FROM` follows. */
export const insertPosts = Prisma.sql`
  INSERT INTO posts (company_id, id, social_account_id, client_id, platform, group_id, content, media, link, options,
    metadata, scheduled_at, local_time, time_zone, time_adjustment, grace_minutes, when_late, late_at, status, held_reason,
    needs_preparing, checks_left, max_attempts, next_attempt_at, request_id, accepted_at, created_at, updated_at)
  SELECT "companyId", id, "socialAccountId", "clientId", platform, "groupId", text, media, link, options, metadata,
    "scheduledAt", "localTime", "timeZone", "timeAdjustment", "graceMinutes", "whenLate", "lateAt", status, "heldReason",
    "needsPreparing", "checksLeft", "maxAttempts", "nextAttemptAt", "requestId", "createdAt", "createdAt", "createdAt"`;

/** Tells of the posts in `stored`, which `insertPosts` returned whole. */
export const announceStored = Prisma.sql`
  INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id, created_at)
  SELECT s.company_id, s.id, s.social_account_id, e.type, e.data, s.request_id, s.created_at
  FROM stored s CROSS JOIN LATERAL (
    SELECT 1 AS step, 'post.scheduled' AS type,
           jsonb_build_object('status', s.status, 'revision', s.revision,
             'scheduledAt', to_char(s.scheduled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS data
    UNION ALL
    SELECT 2, 'post.held', jsonb_build_object('status', s.status, 'heldReason', s.held_reason) WHERE s.status = 'held'
  ) e
  ORDER BY s.id, e.step`;

/** What `announceStored` reads. */
export const storedColumns = Prisma.sql`company_id, id, social_account_id, status, held_reason, scheduled_at, revision,
  request_id, created_at`;
