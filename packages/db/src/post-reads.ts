/** Reading posts back: one, a page of many, and everything that happened to one. */
import type { PostStatus } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { PageRequest } from "./page.ts";
import { postColumns, type PostRecord } from "./post-record.ts";

/** What a listed post must be; null: anything. */
export interface PostFilter {
  statuses: readonly PostStatus[] | null;
  platform: string | null;
  socialAccountId: string | null;
  clientId: string | null;
  groupId: string | null;
  /** Due at or after this instant. */
  scheduledFrom: Date | null;
  /** Due before this instant. */
  scheduledTo: Date | null;
}

export interface EventRecord {
  /** Its place among all events, in decimal. */
  sequence: string;
  type: string;
  data: Record<string, unknown>;
  requestId: string | null;
  createdAt: Date;
}

export interface AttemptRecord {
  number: number;
  revision: number;
  worker: string;
  phase: string;
  outcome: string | null;
  category: string | null;
  code: string | null;
  message: string | null;
  httpStatus: number | null;
  externalId: string | null;
  externalUrl: string | null;
  startedAt: Date;
  sentAt: Date | null;
  endedAt: Date | null;
}

export interface PostHistory {
  /** In the order they were written. */
  events: EventRecord[];
  /** By number. */
  attempts: AttemptRecord[];
}

/** One post of a company; null if it has no such post. */
export async function findPost(
  database: Database,
  { companyId, id }: { companyId: string; id: string },
): Promise<PostRecord | null> {
  const [post] = await database.prisma.$queryRaw<PostRecord[]>`
    SELECT ${postColumns} FROM posts WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid`;
  return post ?? null;
}

/** Those of a company's posts that there are, in no order. */
export function findPosts(
  database: Database,
  { companyId, ids }: { companyId: string; ids: readonly string[] },
): Promise<PostRecord[]> {
  return database.prisma.$queryRaw<PostRecord[]>`
    SELECT ${postColumns} FROM posts WHERE id = ANY (${[...ids]}::uuid[]) AND company_id = ${companyId}::uuid`;
}

/** The ids of a group's posts, oldest first. */
export async function listGroupPostIds(
  database: Database,
  { companyId, groupId, limit }: { companyId: string; groupId: string; limit: number },
): Promise<string[]> {
  const rows = await database.prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM posts WHERE company_id = ${companyId}::uuid AND group_id = ${groupId} ORDER BY id LIMIT ${limit}`;
  return rows.map(({ id }) => id);
}

/** A company's posts that pass the filter, newest first. */
export function listPosts(
  database: Database,
  { companyId, filter, limit, beforeId }: PageRequest & { companyId: string; filter: PostFilter },
): Promise<PostRecord[]> {
  const conditions = [
    Prisma.sql`company_id = ${companyId}::uuid`,
    beforeId !== null && Prisma.sql`id < ${beforeId}::uuid`,
    filter.statuses !== null && Prisma.sql`status = ANY (${[...filter.statuses]}::text[])`,
    filter.platform !== null && Prisma.sql`platform = ${filter.platform}`,
    filter.socialAccountId !== null && Prisma.sql`social_account_id = ${filter.socialAccountId}::uuid`,
    filter.clientId !== null && Prisma.sql`client_id = ${filter.clientId}::uuid`,
    filter.groupId !== null && Prisma.sql`group_id = ${filter.groupId}`,
    filter.scheduledFrom !== null && Prisma.sql`scheduled_at >= ${filter.scheduledFrom}::timestamptz`,
    filter.scheduledTo !== null && Prisma.sql`scheduled_at < ${filter.scheduledTo}::timestamptz`,
  ].filter((condition) => condition !== false);
  return database.prisma.$queryRaw<PostRecord[]>`
    SELECT ${postColumns} FROM posts WHERE ${Prisma.join(conditions, " AND ")} ORDER BY id DESC LIMIT ${limit}`;
}

/** Which events and attempts of a post are wanted. */
export interface HistoryPart {
  /** Only events after this one, in decimal; "0": from the first. */
  afterSequence: string;
  /** Only this attempt and later ones. */
  fromAttempt: number;
  /** Events and attempts, of each so many at most. */
  limit: number;
}

/** What happened to one post of a company; null if it has no such post. Events older than what is kept are missing. */
export async function readPostHistory(
  database: Database,
  { companyId, id, afterSequence, fromAttempt, limit }: HistoryPart & { companyId: string; id: string },
): Promise<PostHistory | null> {
  // One statement, so that the attempts and the events are of one moment.
  const [row] = await database.prisma.$queryRaw<{ events: Json<EventRecord>[]; attempts: Json<AttemptRecord>[] }[]>`
    SELECT
      coalesce((SELECT jsonb_agg(jsonb_build_object('sequence', sequence::text, 'type', type, 'data', data, 'requestId', request_id,
                         'createdAt', created_at) ORDER BY sequence)
                  FROM (SELECT * FROM events
                         WHERE post_id = p.id AND sequence > ${afterSequence}::bigint
                         ORDER BY sequence LIMIT ${limit}) AS e), '[]') AS events,
      coalesce((SELECT jsonb_agg(jsonb_build_object('number', number, 'revision', revision, 'worker', worker,
                         'phase', phase, 'outcome', outcome, 'category', category, 'code', code, 'message', message,
                         'httpStatus', http_status, 'externalId', external_id, 'externalUrl', external_url,
                         'startedAt', started_at, 'sentAt', sent_at, 'endedAt', ended_at) ORDER BY number)
                  FROM (SELECT * FROM attempts
                         WHERE post_id = p.id AND number >= ${fromAttempt}::int
                         ORDER BY number LIMIT ${limit}) AS a), '[]') AS attempts
    FROM posts p WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid`;
  if (row === undefined) return null;
  return {
    events: row.events.map((event) => ({ ...event, createdAt: new Date(event.createdAt) })),
    attempts: row.attempts.map((attempt) => ({
      ...attempt,
      startedAt: new Date(attempt.startedAt),
      sentAt: attempt.sentAt === null ? null : new Date(attempt.sentAt),
      endedAt: attempt.endedAt === null ? null : new Date(attempt.endedAt),
    })),
  };
}

/** A record as it comes out of Postgres inside JSON: instants are text. */
type Json<Value> = {
  [Key in keyof Value]: Value[Key] extends Date ? string : Value[Key] extends Date | null ? string | null : Value[Key];
};
