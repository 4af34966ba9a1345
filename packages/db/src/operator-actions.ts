/**
 * What operators did. An action is written down before it is done, so that nothing is done without a trace, and
 * completed before it is answered. One that was never completed was broken off with its process.
 */
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { PageRequest } from "./page.ts";

export interface NewOperatorAction {
  id: string;
  user: string;
  via: "password" | "session";
  address: string;
  requestId: string;
  /** Such as `post.retry`. */
  action: string;
  postId: string | null;
  socialAccountId: string | null;
  companyId: string | null;
  /** What was asked for; never texts or secrets. */
  detail: Readonly<Record<string, unknown>>;
}

export interface OperatorActionEnd {
  /** refused: the request was at fault; failed: we were. */
  outcome: "done" | "refused" | "failed";
  statusCode: number;
  code: string | null;
}

export interface OperatorActionRecord extends NewOperatorAction {
  outcome: OperatorActionEnd["outcome"] | null;
  statusCode: number | null;
  code: string | null;
  createdAt: Date;
}

/** What a listed action must be about; null: anything. */
export interface OperatorActionFilter {
  user: string | null;
  action: string | null;
  postId: string | null;
  socialAccountId: string | null;
}

export async function beginOperatorAction({ prisma }: Database, action: NewOperatorAction): Promise<void> {
  const { id, user, via, address, requestId, postId, socialAccountId, companyId, detail } = action;
  await prisma.$executeRaw`
    INSERT INTO operator_actions
      (id, user_name, via, address, request_id, action, company_id, post_id, social_account_id, detail)
    VALUES (${id}::uuid, ${user}, ${via}, ${address}, ${requestId}, ${action.action}, ${companyId}::uuid, ${postId}::uuid,
            ${socialAccountId}::uuid, ${JSON.stringify(detail)}::jsonb)`;
}

export async function endOperatorAction(
  { prisma }: Database,
  id: string,
  { outcome, statusCode, code }: OperatorActionEnd,
): Promise<void> {
  await prisma.$executeRaw`
    UPDATE operator_actions
    SET outcome = ${outcome}, status_code = ${statusCode}::integer, code = ${code}, ended_at = app_now()
    WHERE id = ${id}::uuid AND outcome IS NULL`;
}

/** Newest first. */
export function listOperatorActions(
  { prisma }: Database,
  { filter, limit, beforeId }: PageRequest & { filter: OperatorActionFilter },
): Promise<OperatorActionRecord[]> {
  const conditions = [
    beforeId !== null && Prisma.sql`a.id < ${beforeId}::uuid`,
    filter.user !== null && Prisma.sql`a.user_name = ${filter.user}`,
    filter.action !== null && Prisma.sql`a.action = ${filter.action}`,
    filter.postId !== null && Prisma.sql`a.post_id = ${filter.postId}::uuid`,
    filter.socialAccountId !== null && Prisma.sql`a.social_account_id = ${filter.socialAccountId}::uuid`,
  ].filter((condition) => condition !== false);
  const where = conditions.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join(conditions, " AND ")}`;
  // Whose the post or account is, where nobody said so when the action began.
  return prisma.$queryRaw<OperatorActionRecord[]>`
    SELECT a.id, a.user_name AS "user", a.via, a.address, a.request_id AS "requestId", a.action,
           coalesce(a.company_id, p.company_id, s.company_id) AS "companyId", a.post_id AS "postId",
           coalesce(a.social_account_id, p.social_account_id) AS "socialAccountId", a.detail, a.outcome,
           a.status_code AS "statusCode", a.code, a.created_at AS "createdAt"
    FROM operator_actions AS a
    LEFT JOIN posts AS p ON p.id = a.post_id LEFT JOIN social_accounts AS s ON s.id = a.social_account_id
    ${where} ORDER BY a.id DESC LIMIT ${limit}`;
}
