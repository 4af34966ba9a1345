/** What statements that settle share: how late a post was, and what its event tells. */
import { Prisma } from "./generated/client.ts";

/** From a row `post` and its `attempt`: how late the send began, in milliseconds, within what the column holds. */
export const latenessMs = Prisma.sql`least(2147483647, greatest(0, round(
  extract(epoch FROM attempt.sent_at - greatest(post.scheduled_at, post.accepted_at)) * 1000)))::integer`;

/** From a row `post`: what its event tells. States and reasons only. */
export const eventData = Prisma.sql`jsonb_strip_nulls(jsonb_build_object(
  'status', status, 'revision', revision, 'attempt', attempts, 'outcomeOpen', outcome_open, 'heldReason', held_reason,
  'nextAttemptAt', CASE WHEN status = 'retrying' THEN
    to_char(next_attempt_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END,
  'latenessMs', lateness_ms,
  'externalId', external_id, 'externalUrl', external_url,
  'failure', CASE WHEN failure_category IS NOT NULL THEN jsonb_build_object(
    'category', failure_category, 'code', failure_code, 'message', failure_message) END))`;
