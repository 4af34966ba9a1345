/** What may keep a post from going out, told while there is time to act: once for each reason and revision. */
import type { Failure } from "@punctual/core";
import type { Database } from "./database.ts";

export type RiskReason =
  /** What precedes sending does not work. */
  | "prepare_failed"
  /** The platform refuses the account. */
  | "account_refused"
  /** The platform would refuse its media. */
  | "media_refused";

/** Raises `post.at_risk`, unless the post has moved on or that was told already. */
export async function atRisk(
  database: Database,
  { postId, reason, failure }: { postId: string; reason: RiskReason; failure: Failure },
): Promise<boolean> {
  const { category, code, message } = failure;
  const told = `${reason}:${category}:${code}`;
  const [row] = await database.prisma.$queryRaw<{ id: string }[]>`
    WITH post AS (
      UPDATE posts SET risks_told = risks_told || ${told}::text
      WHERE id = ${postId}::uuid AND status = 'scheduled' AND NOT ${told} = ANY (risks_told)
      RETURNING *
    ), event AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id, 'post.at_risk',
             jsonb_build_object('status', status, 'revision', revision, 'reason', ${reason}::text,
               'failure', jsonb_build_object('category', ${category}::text, 'code', ${code}::text, 'message', ${message}::text),
               'scheduledAt', to_char(scheduled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
             request_id
      FROM post
    )
    SELECT id FROM post`;
  return row !== undefined;
}
