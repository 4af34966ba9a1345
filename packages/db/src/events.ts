/**
 * Reading the log of events. An event's position is its transaction and its sequence number; a reader is shown only
 * what lies behind every transaction still running, so nothing can turn up later at a place it has passed.
 */
import { eventLogStart, formatEventPosition, type EventPosition, type EventType } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";

/** An event as the company it belongs to may see it. */
export interface CompanyEvent {
  /** Its position, see `formatEventPosition`. */
  id: string;
  type: EventType;
  createdAt: Date;
  /** What it is about, and the states and reasons; instants are RFC 3339 in UTC. Never texts or secrets. */
  data: Record<string, unknown>;
}

export interface EventPageRequest {
  companyId: string;
  /** Only events behind this position; null: from the oldest that is kept. */
  after: EventPosition | null;
  /** Null: all types. */
  types: readonly EventType[] | null;
  limit: number;
}

export type EventPage =
  | {
      kind: "page";
      /** Oldest first. */
      events: CompanyEvent[];
      /** Whether the limit left some out. */
      hasMore: boolean;
      /** Where the next page begins: behind these events, and behind those that the types left out. */
      position: EventPosition;
    }
  /** Events behind the position are forgotten already, or the position is of a log that is no more. */
  | { kind: "expired" };

/** From an event row `e` and its post `p`: all that clients are told. */
const publicData = Prisma.sql`jsonb_strip_nulls(jsonb_build_object('postId', e.post_id, 'socialAccountId', e.social_account_id,
  'clientId', p.client_id, 'groupId', p.group_id)) || e.data`;

/** From an event row `e` and its post `p`. */
export const companyEventColumns = Prisma.sql`e.transaction_id::text AS "transactionId", e.sequence::text AS sequence,
  e.type, e.created_at AS "createdAt", ${publicData} AS data`;

/** The oldest transaction that still runs: before it, nothing can turn up any more. */
const settledTransaction = Prisma.sql`pg_snapshot_xmin(pg_current_snapshot())`;
export const isSettled = Prisma.sql`transaction_id < ${settledTransaction}`;

export async function readEvents(
  database: Database,
  { companyId, after: asked, types, limit }: EventPageRequest,
): Promise<EventPage> {
  const after = asked ?? eventLogStart;
  const ofType = types === null ? Prisma.empty : Prisma.sql`AND type = ANY (${[...types]}::text[])`;
  const behind = Prisma.sql`(${after.transactionId}::xid8, ${after.sequence}::bigint)`;
  // One statement, so that the page, the end of the log and what is forgotten are of one moment.
  const [row] = await database.prisma.$queryRaw<[{ events: EventRow[]; settled: string | null; expired: boolean }]>`
    SELECT
      coalesce((SELECT jsonb_agg(page) FROM (
        SELECT ${companyEventColumns} FROM (
          SELECT * FROM events
          WHERE company_id = ${companyId}::uuid AND (transaction_id, sequence) > ${behind} AND ${isSettled} ${ofType}
          ORDER BY transaction_id, sequence LIMIT ${limit + 1}) AS e
        LEFT JOIN posts AS p ON p.id = e.post_id
        ORDER BY e.transaction_id, e.sequence) AS page), '[]') AS events,
      CASE WHEN ${after.transactionId}::xid8 < ${settledTransaction} THEN ${settledTransaction}::text END AS settled,
      -- Ahead of all there is: a position of before the database was restored.
      ${after.transactionId}::xid8 > ${settledTransaction} OR EXISTS (SELECT FROM event_horizons
        WHERE company_id = ${companyId}::uuid AND (transaction_id, sequence) > ${behind}) AS expired`;
  if (row.expired && asked !== null) return { kind: "expired" };
  const shown = row.events.slice(0, limit);
  const hasMore = row.events.length > limit;
  const end = row.settled === null ? after : { transactionId: row.settled, sequence: "0" };
  const position = hasMore ? (shown.at(-1) ?? after) : end;
  return {
    kind: "page",
    events: shown.map(toCompanyEvent),
    hasMore,
    position: { transactionId: position.transactionId, sequence: position.sequence },
  };
}

/** The end of the log: whatever is settled after this moment lies behind it. */
export async function settledPosition(database: Database): Promise<EventPosition> {
  const [row] = await database.prisma.$queryRaw<[{ transactionId: string }]>`
    SELECT ${settledTransaction}::text AS "transactionId"`;
  return { transactionId: row.transactionId, sequence: "0" };
}

/** Who has new events behind a position, and the position up to which that was looked at. */
export async function companiesWithEvents(
  database: Database,
  { after, limit }: { after: EventPosition; limit: number },
): Promise<{ companyIds: string[]; position: EventPosition; hasMore: boolean }> {
  const rows = await database.prisma.$queryRaw<(EventPosition & { companyId: string })[]>`
    SELECT company_id AS "companyId", transaction_id::text AS "transactionId", sequence::text AS sequence FROM events
    WHERE (transaction_id, sequence) > (${after.transactionId}::xid8, ${after.sequence}::bigint) AND ${isSettled}
    ORDER BY events.transaction_id, events.sequence LIMIT ${limit}`;
  const last = rows.at(-1);
  return {
    companyIds: [...new Set(rows.map(({ companyId }) => companyId))],
    position: last === undefined ? after : { transactionId: last.transactionId, sequence: last.sequence },
    hasMore: rows.length === limit,
  };
}

/** What the columns above bring; `createdAt` is text if it came inside JSON. */
export interface EventRow {
  transactionId: string;
  sequence: string;
  type: EventType;
  createdAt: Date | string;
  data: Record<string, unknown>;
}

export function toCompanyEvent({ transactionId, sequence, type, createdAt, data }: EventRow): CompanyEvent {
  // The only instant inside that Postgres wrote in its own way.
  const { nextAttemptAt } = data;
  return {
    id: formatEventPosition({ transactionId, sequence }),
    type,
    createdAt: new Date(createdAt),
    data: typeof nextAttemptAt === "string" ? { ...data, nextAttemptAt: new Date(nextAttemptAt).toISOString() } : data,
  };
}
