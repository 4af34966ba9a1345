/** Posts of all companies, as operators find and read them, with the names of whose they are. */
import type { FailureCategory, PostStatus } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { PageRequest } from "./page.ts";
import { postColumns, type PostRecord } from "./post-record.ts";

/** What a listed post must be; null: anything. */
export interface OperatorPostFilter {
  /** The post's id, or the id a platform gave it. */
  q: string | null;
  companyId: string | null;
  clientId: string | null;
  socialAccountId: string | null;
  statuses: readonly PostStatus[] | null;
  platform: string | null;
  /** Of the latest failure. */
  categories: readonly FailureCategory[] | null;
  /** Scheduled at or after this instant. */
  from: Date | null;
  /** Scheduled before this instant. */
  to: Date | null;
}

/** Whose a post is. */
export interface PostBelonging {
  company: { id: string; name: string };
  client: { id: string; name: string } | null;
  socialAccount: {
    id: string;
    name: string;
    platform: string;
    status: "active" | "needs_reconnect";
    paused: boolean;
    sandbox: boolean;
  };
}

export type OperatorPostRecord = Omit<PostRecord, "text" | "media" | "options" | "metadata"> &
  PostBelonging & {
    /** The beginning of the text. */
    excerpt: string;
    unconfirmedAt: Date | null;
    confirmAt: Date | null;
    confirmCount: number;
    confirmMessage: string | null;
    /** When the latest attempt was sent; null: none was. */
    sentAt: Date | null;
  };

export interface OperatorPostDetail extends PostBelonging {
  post: PostRecord;
  confirmAt: Date | null;
  confirmCount: number;
}

const excerptLength = 140;
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Of a post `p`, its company `c`, client `k` and account `s`. */
const belonging = Prisma.sql`jsonb_build_object('id', c.id, 'name', c.name) AS company,
  CASE WHEN k.id IS NOT NULL THEN jsonb_build_object('id', k.id, 'name', k.name) END AS client,
  jsonb_build_object('id', s.id, 'name', s.name, 'platform', s.platform, 'status', s.status, 'paused', s.paused,
    'sandbox', s.sandbox) AS "socialAccount"`;

const tables = Prisma.sql`JOIN companies AS c ON c.id = p.company_id JOIN social_accounts AS s ON s.id = p.social_account_id
  LEFT JOIN clients AS k ON k.id = p.client_id`;

/** Newest first. */
export function searchPosts(
  { prisma }: Database,
  { filter, limit, beforeId }: PageRequest & { filter: OperatorPostFilter },
): Promise<OperatorPostRecord[]> {
  const conditions = [...postConditions(filter), ...(beforeId === null ? [] : [Prisma.sql`id < ${beforeId}::uuid`])];
  const where = conditions.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join(conditions, " AND ")}`;
  return prisma.$queryRaw<OperatorPostRecord[]>`
    SELECT p.*, ${belonging},
           (SELECT max(sent_at) FROM attempts WHERE post_id = p.id) AS "sentAt"
    FROM (
      SELECT ${postColumns}, company_id, social_account_id, client_id, left(content, ${excerptLength}) AS excerpt,
             unconfirmed_at AS "unconfirmedAt", confirm_at AS "confirmAt", confirm_count AS "confirmCount",
             confirm_message AS "confirmMessage"
      FROM posts ${where} ORDER BY id DESC LIMIT ${limit}
    ) AS p ${tables}
    ORDER BY p.id DESC`;
}

/** Null if there is no such post. */
export async function findOperatorPost({ prisma }: Database, id: string): Promise<OperatorPostDetail | null> {
  const [row] = await prisma.$queryRaw<(PostRecord & OperatorPostDetail)[]>`
    SELECT p.*, ${belonging}
    FROM (
      SELECT ${postColumns}, company_id, social_account_id, client_id, confirm_at AS "confirmAt", confirm_count AS "confirmCount"
      FROM posts WHERE id = ${id}::uuid
    ) AS p ${tables}`;
  if (row === undefined) return null;
  const { company, client, socialAccount, confirmAt, confirmCount, ...post } = row;
  return { post, company, client, socialAccount, confirmAt, confirmCount };
}

/** Null if there is no such post. */
export async function companyOfPost({ prisma }: Database, id: string): Promise<string | null> {
  const [row] = await prisma.$queryRaw<{ companyId: string }[]>`
    SELECT company_id AS "companyId" FROM posts WHERE id = ${id}::uuid`;
  return row?.companyId ?? null;
}

/** On a row of posts. */
export function postConditions(filter: OperatorPostFilter): Prisma.Sql[] {
  const { q, companyId, clientId, socialAccountId, statuses, platform, categories, from, to } = filter;
  return [
    q !== null &&
      (uuidPattern.test(q) ? Prisma.sql`(id = ${q}::uuid OR external_id = ${q})` : Prisma.sql`external_id = ${q}`),
    companyId !== null && Prisma.sql`company_id = ${companyId}::uuid`,
    clientId !== null && Prisma.sql`client_id = ${clientId}::uuid`,
    socialAccountId !== null && Prisma.sql`social_account_id = ${socialAccountId}::uuid`,
    statuses !== null && Prisma.sql`status = ANY (${[...statuses]}::text[])`,
    platform !== null && Prisma.sql`platform = ${platform}`,
    categories !== null && Prisma.sql`failure_category = ANY (${[...categories]}::text[])`,
    from !== null && Prisma.sql`scheduled_at >= ${from}::timestamptz`,
    to !== null && Prisma.sql`scheduled_at < ${to}::timestamptz`,
  ].filter((condition) => condition !== false);
}
