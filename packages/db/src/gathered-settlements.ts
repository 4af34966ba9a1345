/**
 * Successes recorded at the same time, in one statement: the same changes as recording one alone, each under its own claim.
 * It never waits for a row of a post: one somebody else is at is left out, and so is one whose claim is no longer held.
 */
import type { Published } from "@punctual/core";
import type { Database } from "./database.ts";
import { gathered } from "./gathering.ts";
import { Prisma } from "./generated/client.ts";
import type { AttemptEnd, SettledPost } from "./post-settlement.ts";
import { releaseSlotsOf } from "./rate-slots.ts";
import { eventData, latenessMs } from "./settled-row.ts";

export interface PublishedRecord {
  postId: string;
  claimToken: string;
  published: Published;
  attempt: AttemptEnd;
  needsJob: boolean;
}

const limits = { parallelMax: 1, sizeMax: 100 };

/** @returns null: not recorded, and whether it can be must be tried alone */
export const settlePublishedTogether = gathered<PublishedRecord, SettledPost | null>(
  limits,
  async (database, records) => {
    const settled = new Map((await settleAll(database, inOrder(records))).map((row) => [row.claimToken, row]));
    return records.map(({ claimToken }) => {
      const row = settled.get(claimToken);
      return row === undefined ? null : { latenessMs: row.latenessMs };
    });
  },
);

function inOrder(records: readonly PublishedRecord[]): PublishedRecord[] {
  return records.toSorted((a, b) => (a.postId < b.postId ? -1 : 1));
}

function settleAll(
  { prisma }: Database,
  records: readonly PublishedRecord[],
): Promise<(SettledPost & { claimToken: string })[]> {
  return prisma.$queryRaw`/* =settle-published */
    WITH wanted AS (
      SELECT * FROM unnest(${records.map(({ postId }) => postId)}::uuid[], ${records.map(({ claimToken }) => claimToken)}::uuid[],
        ${records.map(({ needsJob }) => needsJob)}::boolean[], ${records.map(({ attempt }) => attempt.httpStatus)}::int[],
        ${records.map(({ published }) => published.externalId ?? null)}::text[],
        ${records.map(({ published }) => published.externalUrl ?? null)}::text[])
        AS wanted (id, token, needs_job, http_status, external_id, external_url)
    ), held AS MATERIALIZED (
      SELECT wanted.*, status, place, attempt_place, sent_at FROM wanted CROSS JOIN LATERAL (
        -- Found one by one, as gathered claims are.
        SELECT posts.status, posts.ctid AS place, attempts.ctid AS attempt_place, attempts.sent_at
        FROM posts JOIN attempts ON attempts.post_id = posts.id AND attempts.claim_token = posts.claim_token
        WHERE posts.id = wanted.id AND posts.claim_token = wanted.token
        FOR NO KEY UPDATE OF posts SKIP LOCKED
      ) AS found
    ), post AS (
      UPDATE posts AS post
      SET status = 'published', held_reason = NULL, outcome_open = false, limited_until = NULL,
          generation = post.generation + attempt.needs_job::int,
          enqueued_rev = CASE WHEN attempt.needs_job THEN 0 ELSE post.enqueued_rev END,
          claim_token = NULL, claimed_by = NULL, lease_until = NULL, confirm_at = NULL, confirm_count = 0,
          published_at = app_now(), lateness_ms = ${latenessMs},
          external_id = attempt.external_id, external_url = attempt.external_url,
          failure_category = NULL, failure_code = NULL, failure_message = NULL, failed_at = NULL, updated_at = app_now()
      -- Asked of what was found: it makes Postgres expect few, and so go to each instead of through the table.
      FROM held AS attempt WHERE post.ctid = attempt.place AND attempt.status = 'publishing'
      RETURNING post.*, attempt.token, attempt.attempt_place, attempt.http_status
    ), slots AS (${releaseSlotsOf(Prisma.sql`post.token`, Prisma.sql`true`)}
    ), ended AS (
      UPDATE attempts
      SET outcome = 'published', category = NULL, code = NULL, message = NULL, http_status = post.http_status,
          external_id = post.external_id, external_url = post.external_url, ended_at = app_now()
      FROM post WHERE attempts.ctid = post.attempt_place
    ), event AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id, 'post.published', ${eventData}, request_id FROM post
    )
    SELECT token AS "claimToken", lateness_ms AS "latenessMs" FROM post`;
}
