/**
 * What happened in each minute, added up from the log of events. A cursor walks the log behind every running
 * transaction; it is moved and the sums are written in one statement that names where the cursor was, so any number of
 * processes may try and each event counts once.
 */
import { latenessBucketGrowth, type EventPosition, type FailureCategory } from "@punctual/core";
import type { Database } from "./database.ts";
import { readEventCursor } from "./event-cursors.ts";
import { isSettled } from "./events.ts";

export const statisticsCursor = "statistics";

export type StatisticKind = "accepted" | "published" | "failed" | "missed" | "failure" | "lateness";

export interface MinuteStatistic {
  kind: StatisticKind;
  minute: Date;
  platform: string;
  /** Of a failure its category, of lateness its bucket; else empty. */
  label: string;
  count: number;
  /** Of lateness: the greatest in the bucket, in milliseconds. */
  maxMs: number | null;
}

/**
 * Adds up the next events.
 *
 * @param limit events at most
 * @returns whether there may be more
 */
export async function addUpStatistics(database: Database, limit: number): Promise<boolean> {
  const from = await readEventCursor(database, statisticsCursor);
  const [batch] = await database.prisma.$queryRaw<[{ count: number; to: EventPosition | null }]>`
    WITH batch AS MATERIALIZED (
      SELECT transaction_id, sequence FROM events
      WHERE (transaction_id, sequence) > (${from.transactionId}::xid8, ${from.sequence}::bigint) AND ${isSettled}
      ORDER BY transaction_id, sequence LIMIT ${limit}
    )
    SELECT (SELECT count(*)::integer FROM batch) AS count,
      (SELECT jsonb_build_object('transactionId', transaction_id::text, 'sequence', sequence::text) FROM batch
        ORDER BY transaction_id DESC, sequence DESC LIMIT 1) AS "to"`;
  if (batch.to === null) return false;
  await addUp(database, from, batch.to);
  return batch.count === limit;
}

async function addUp({ prisma }: Database, from: EventPosition, to: EventPosition): Promise<void> {
  await prisma.$executeRaw`
    WITH moved AS (
      UPDATE event_cursors
      SET transaction_id = ${to.transactionId}::xid8, sequence = ${to.sequence}::bigint, updated_at = app_now()
      WHERE name = ${statisticsCursor}
        AND transaction_id = ${from.transactionId}::xid8 AND sequence = ${from.sequence}::bigint
      RETURNING name
    ), event AS (
      SELECT e.type, e.data, date_trunc('minute', e.created_at) AS minute, p.platform,
             (e.data ->> 'latenessMs')::integer AS lateness_ms
      FROM events AS e JOIN posts AS p ON p.id = e.post_id
      WHERE EXISTS (SELECT FROM moved)
        AND (e.transaction_id, e.sequence) > (${from.transactionId}::xid8, ${from.sequence}::bigint)
        AND (e.transaction_id, e.sequence) <= (${to.transactionId}::xid8, ${to.sequence}::bigint)
    ), fact AS (
      SELECT substring(type FROM 6) AS kind, minute, platform, '' AS label, NULL::integer AS ms FROM event
      WHERE type IN ('post.published', 'post.failed', 'post.missed')
      UNION ALL
      SELECT 'accepted', minute, platform, '', NULL FROM event WHERE type = 'post.scheduled' AND NOT data ? 'reason'
      UNION ALL
      SELECT 'failure', minute, platform, data #>> '{failure,category}', NULL FROM event
      WHERE type IN ('post.retrying', 'post.failed', 'post.unconfirmed', 'post.held') AND data ? 'failure'
      UNION ALL
      SELECT 'lateness', minute, platform, ceil(ln(lateness_ms + 1::float8) / ln(${latenessBucketGrowth}::float8))::integer::text,
             lateness_ms
      FROM event WHERE type = 'post.published' AND lateness_ms IS NOT NULL
    )
    INSERT INTO minute_statistics (kind, minute, platform, label, amount, max_ms)
    SELECT kind, minute, platform, label, count(*), max(ms) FROM fact
    GROUP BY kind, minute, platform, label ORDER BY kind, minute, platform, label
    ON CONFLICT (kind, minute, platform, label) DO UPDATE
    SET amount = minute_statistics.amount + excluded.amount, max_ms = greatest(minute_statistics.max_ms, excluded.max_ms)`;
}

/** Minute by minute, in no order. @param since the minute it begins with */
export function readStatistics(
  database: Database,
  { kinds, since }: { kinds: readonly StatisticKind[]; since: Date },
): Promise<MinuteStatistic[]> {
  return database.prisma.$queryRaw<MinuteStatistic[]>`
    SELECT kind, minute, platform, label, amount AS count, max_ms AS "maxMs" FROM minute_statistics
    WHERE kind = ANY (${[...kinds]}::text[]) AND minute >= ${since}::timestamptz`;
}

/** What one step of a chart brought, all platforms together. */
export interface StepStatistic extends Pick<MinuteStatistic, "kind" | "label" | "count" | "maxMs"> {
  /** The number of the step, from 0. */
  step: number;
}

/** In no order. @param since the beginning of the first step */
export function readStepStatistics(
  database: Database,
  { kinds, since, stepSeconds }: { kinds: readonly StatisticKind[]; since: Date; stepSeconds: number },
): Promise<StepStatistic[]> {
  return database.prisma.$queryRaw<StepStatistic[]>`
    SELECT kind, floor(extract(epoch FROM minute - ${since}::timestamptz) / ${stepSeconds})::integer AS step, label,
           sum(amount)::integer AS count, max(max_ms) AS "maxMs"
    FROM minute_statistics
    WHERE kind = ANY (${[...kinds]}::text[]) AND minute >= ${since}::timestamptz
    GROUP BY 1, 2, 3`;
}

export interface DayFigures {
  /** Since the beginning of the day, in UTC. */
  acceptedToday: number;
  publishedToday: number;
  /** Within 24 hours. */
  published24h: number;
  failures: { platform: string; category: FailureCategory; count: number }[];
}

/** Sums over the day and over 24 hours. */
export async function readDayFigures({ prisma }: Database): Promise<DayFigures> {
  const [row] = await prisma.$queryRaw<[DayFigures]>`
    SELECT
      (SELECT coalesce(sum(amount), 0)::integer FROM minute_statistics
        WHERE kind = 'accepted' AND minute >= date_trunc('day', app_now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC') AS "acceptedToday",
      (SELECT coalesce(sum(amount), 0)::integer FROM minute_statistics
        WHERE kind = 'published' AND minute >= date_trunc('day', app_now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC') AS "publishedToday",
      (SELECT coalesce(sum(amount), 0)::integer FROM minute_statistics
        WHERE kind = 'published' AND minute > app_now() - interval '24 hours') AS "published24h",
      coalesce((SELECT jsonb_agg(jsonb_build_object('platform', platform, 'category', label, 'count', count) ORDER BY count DESC)
        FROM (SELECT platform, label, sum(amount)::integer AS count FROM minute_statistics
              WHERE kind = 'failure' AND minute > app_now() - interval '24 hours' GROUP BY 1, 2) AS failure), '[]') AS failures`;
  return row;
}
