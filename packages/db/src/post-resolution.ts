/** A person has looked and says what became of a post whose answer was lost. */
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { postColumns, type PostRecord } from "./post-record.ts";

export interface Resolution {
  companyId: string;
  id: string;
  requestId: string;
  verdict: { outcome: "published"; externalId: string | null } | { outcome: "not_published" };
}

/** Null if no such post is unconfirmed: it never was, or the platform or somebody else has told meanwhile. */
export async function resolvePost(
  database: Database,
  { companyId, id, requestId, verdict }: Resolution,
): Promise<PostRecord | null> {
  const [post] = await database.prisma.$queryRaw<PostRecord[]>`
    WITH sent AS (
      SELECT max(sent_at) AS sent_at FROM attempts WHERE post_id = ${id}::uuid
    ), resolved AS (
      UPDATE posts SET ${verdict.outcome === "published" ? published(verdict.externalId) : notPublished},
          confirm_at = NULL, updated_at = app_now()
      FROM sent
      WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND status = 'unconfirmed'
      RETURNING posts.*
    ), announced AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id, created_at)
      SELECT company_id, id, social_account_id, 'post.' || status,
             jsonb_strip_nulls(jsonb_build_object('status', status, 'revision', revision, 'attempt', attempts,
               'latenessMs', lateness_ms, 'externalId', external_id, 'reason', 'resolved')),
             ${requestId}, updated_at
      FROM resolved
    )
    SELECT ${postColumns} FROM resolved`;
  return post ?? null;
}

function published(externalId: string | null): Prisma.Sql {
  return Prisma.sql`status = 'published', published_at = app_now(), external_id = ${externalId},
    lateness_ms = least(2147483647, greatest(0, round(
      extract(epoch FROM sent.sent_at - greatest(scheduled_at, accepted_at)) * 1000)))::integer,
    failure_category = NULL, failure_code = NULL, failure_message = NULL, failed_at = NULL`;
}

const notPublished = Prisma.sql`status = 'failed', failure_category = 'unknown_outcome', failure_code = 'not_published',
  failure_message = 'the answer was lost, and somebody found that the post was not published', failed_at = app_now()`;
