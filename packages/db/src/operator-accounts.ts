/** Social accounts of all companies, as operators find them. */
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { PageRequest } from "./page.ts";

/** What a listed account must be; null: anything. */
export interface OperatorAccountFilter {
  /** An id, or part of a name. */
  q: string | null;
  companyId: string | null;
  clientId: string | null;
  platform: string | null;
  state: "open" | "paused" | "needs_reconnect" | null;
}

export interface OperatorAccountRecord {
  id: string;
  name: string;
  platform: string;
  company: { id: string; name: string };
  client: { id: string; name: string } | null;
  sandbox: boolean;
  status: "active" | "needs_reconnect";
  paused: boolean;
  /** Counted up to a thousand. */
  waitingPosts: number;
  heldPosts: number;
  createdAt: Date;
  updatedAt: Date;
}

const countMax = 1_000;
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Newest first. */
export function searchAccounts(
  { prisma }: Database,
  { filter, limit, beforeId }: PageRequest & { filter: OperatorAccountFilter },
): Promise<OperatorAccountRecord[]> {
  const { q, companyId, clientId, platform, state } = filter;
  const conditions = [
    Prisma.sql`s.deleted_at IS NULL`,
    beforeId !== null && Prisma.sql`s.id < ${beforeId}::uuid`,
    q !== null &&
      (uuidPattern.test(q) ? Prisma.sql`s.id = ${q}::uuid` : Prisma.sql`s.name ILIKE ${`%${escapeLike(q)}%`}`),
    companyId !== null && Prisma.sql`s.company_id = ${companyId}::uuid`,
    clientId !== null && Prisma.sql`s.client_id = ${clientId}::uuid`,
    platform !== null && Prisma.sql`s.platform = ${platform}`,
    state !== null && stateConditions[state],
  ].filter((condition) => condition !== false);
  const counted = (statuses: Prisma.Sql) => Prisma.sql`(SELECT count(*)::integer FROM (
    SELECT FROM posts WHERE social_account_id = s.id AND status IN (${statuses}) LIMIT ${countMax}) AS post)`;
  return prisma.$queryRaw<OperatorAccountRecord[]>`
    SELECT s.id, s.name, s.platform, jsonb_build_object('id', c.id, 'name', c.name) AS company,
           CASE WHEN k.id IS NOT NULL THEN jsonb_build_object('id', k.id, 'name', k.name) END AS client,
           s.sandbox, s.status, s.paused, ${counted(Prisma.sql`'scheduled', 'retrying'`)} AS "waitingPosts",
           ${counted(Prisma.sql`'held'`)} AS "heldPosts", s.created_at AS "createdAt", s.updated_at AS "updatedAt"
    FROM social_accounts AS s JOIN companies AS c ON c.id = s.company_id LEFT JOIN clients AS k ON k.id = s.client_id
    WHERE ${Prisma.join(conditions, " AND ")} ORDER BY s.id DESC LIMIT ${limit}`;
}

const stateConditions = {
  open: Prisma.sql`s.status = 'active' AND NOT s.paused`,
  paused: Prisma.sql`s.paused`,
  needs_reconnect: Prisma.sql`s.status = 'needs_reconnect'`,
} as const;

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`);
}
