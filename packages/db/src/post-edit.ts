/**
 * Editing a post races with publishing it. Whoever edits decides on what it read; the change happens only if the row
 * is still exactly that, so an edit is either in what goes out, or refused. A new revision makes every older job
 * stale and starts a new budget of attempts.
 */
import type { Database } from "./database.ts";
import { postColumns, type PostRecord } from "./post-record.ts";

/** What an edit may change. */
export type EditablePost = Pick<
  PostRecord,
  | "text"
  | "media"
  | "link"
  | "options"
  | "metadata"
  | "groupId"
  | "maxAttempts"
  | "scheduledAt"
  | "localTime"
  | "timeZone"
  | "timeAdjustment"
  | "graceMinutes"
  | "whenLate"
  | "lateAt"
  | "needsPreparing"
  | "checksLeft"
>;

export interface PostEdit {
  /** The post as the decision saw it. */
  expected: PostRecord;
  /** All of it, as it shall be. */
  edited: EditablePost;
  /** Names of the fields that change, for the event. */
  changed: readonly string[];
  requestId: string;
}

/** One post of a company and the database's time. */
export async function readPostToEdit(
  database: Database,
  { companyId, id }: { companyId: string; id: string },
): Promise<{ now: Date; post: PostRecord } | null> {
  const [row] = await database.prisma.$queryRaw<(PostRecord & { now: Date })[]>`
    SELECT ${postColumns}, app_now() AS now FROM posts WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid`;
  if (row === undefined) return null;
  const { now, ...post } = row;
  return { now, post };
}

/** Accepts a new revision; null if the post is not as expected any more, and nothing was changed. */
export async function editPost(
  database: Database,
  { expected, edited, changed, requestId }: PostEdit,
): Promise<PostRecord | null> {
  const moved = edited.scheduledAt.getTime() !== expected.scheduledAt.getTime();
  const [post] = await database.prisma.$queryRaw<PostRecord[]>`
    WITH edited AS (
      UPDATE posts
      SET content = ${edited.text}, media = ${JSON.stringify(edited.media)}::jsonb, link = ${edited.link},
          options = ${JSON.stringify(edited.options)}::jsonb, metadata = ${JSON.stringify(edited.metadata)}::jsonb,
          group_id = ${edited.groupId}, max_attempts = ${edited.maxAttempts}::int,
          scheduled_at = ${edited.scheduledAt}::timestamptz, local_time = ${edited.localTime},
          time_zone = ${edited.timeZone}, time_adjustment = ${edited.timeAdjustment},
          grace_minutes = ${edited.graceMinutes}::int, when_late = ${edited.whenLate}, late_at = ${edited.lateAt}::timestamptz,
          -- Whoever was told of the end of another grace, or of another way to deal with it, was not told of this one.
          at_risk_at = CASE WHEN late_at = ${edited.lateAt}::timestamptz AND when_late = ${edited.whenLate} THEN at_risk_at END,
          revision = revision + 1, accepted_at = app_now(), request_id = ${requestId},
          status = CASE WHEN status = 'retrying' THEN 'scheduled' ELSE status END,
          next_attempt_at = CASE WHEN ${moved} THEN ${edited.scheduledAt}::timestamptz ELSE next_attempt_at END,
          attempts_used = 0, first_sent_at = NULL,
          -- What was prepared belongs to the revision that is gone.
          checkpoint = NULL, prepared_at = NULL, preparing_token = NULL, preparing_until = NULL,
          needs_preparing = ${edited.needsPreparing}, checks_left = ${edited.checksLeft}::smallint, risks_told = '{}',
          failure_category = CASE WHEN status = 'retrying' THEN NULL ELSE failure_category END,
          failure_code = CASE WHEN status = 'retrying' THEN NULL ELSE failure_code END,
          failure_message = CASE WHEN status = 'retrying' THEN NULL ELSE failure_message END,
          failed_at = CASE WHEN status = 'retrying' THEN NULL ELSE failed_at END,
          updated_at = app_now()
      WHERE id = ${expected.id}::uuid AND company_id = ${expected.companyId}::uuid
        AND revision = ${expected.revision}::int AND status = ${expected.status} AND NOT outcome_open
      RETURNING *
    ), announced AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id, created_at)
      SELECT company_id, id, social_account_id, 'post.updated',
             jsonb_build_object('status', status, 'revision', revision, 'changed', ${JSON.stringify(changed)}::jsonb,
               'scheduledAt', to_char(scheduled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
             ${requestId}, updated_at
      FROM edited
    )
    SELECT ${postColumns} FROM edited`;
  return post ?? null;
}
