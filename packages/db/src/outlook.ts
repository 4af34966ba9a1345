/**
 * One look at whatever maintenance may have to do, so that each of its services need not ask for itself while there is
 * nothing. Every line takes the first entry of the partial index that its service works from: ordered like the index
 * and limited to one row, so that Postgres never has a reason to read the table, however many posts wait and however
 * old its statistics are. It tells too much rather than too little: whoever is told of work asks again, exactly.
 */
import { aheadTimes } from "@punctual/core";
import type { Database } from "./database.ts";
import { fanOutCursor } from "./event-fan-out.ts";
import { isSettled } from "./events.ts";
import { Prisma } from "./generated/client.ts";
import { statisticsCursor } from "./minute-statistics.ts";
import { stageAheadMs } from "./preparations.ts";

export interface Outlook {
  /** Posts are past their grace. */
  latePosts: boolean;
  /** Until the soonest post without a known job is due, in milliseconds, negative if it is overdue; null: there is none. */
  unenqueuedPostInMs: number | null;
  /** Posts whose worker let its lease run out. */
  strandedPosts: boolean;
  /** Unconfirmed posts are to be looked up. */
  unconfirmedPosts: boolean;
  /** Posts come up that are prepared before their instant. */
  postsToPrepare: boolean;
  unenqueuedPreparations: boolean;
  strandedDeliveries: boolean;
  unenqueuedDeliveries: boolean;
  /** Events that are not handed to endpoints yet. */
  eventsToFanOut: boolean;
  /** Events or changes of posts' states that are not added up yet. */
  toAddUp: boolean;
  /** By platform, until the soonest waiting post is due, in milliseconds, negative if it is overdue. None waits: left out. */
  postsInMs: Readonly<Record<string, number>>;
  /** The same of what is to be prepared. */
  preparationsInMs: Readonly<Record<string, number>>;
  /** Until the soonest waiting delivery is due, in milliseconds; null: none waits. */
  deliveryInMs: number | null;
  /** The mark each queue should carry in Redis. */
  epochs: Readonly<Record<string, string>>;
}

/** @param request.platforms whose posts are asked about */
export async function lookOut(database: Database, request: { platforms: readonly string[] }): Promise<Outlook> {
  const [outlook] = await database.prisma.$queryRaw<[Outlook]>(outlookStatement(request));
  return outlook;
}

const inMs = (instant: string) => Prisma.raw(`(extract(epoch FROM ${instant} - app_now()) * 1000)::double precision`);

/** For each platform the first entry of an index that begins with the platform. */
const soonestByPlatform = (platforms: readonly string[], soonest: Prisma.Sql) => Prisma.sql`
  coalesce((SELECT jsonb_object_agg(wanted.platform, ${inMs("soonest.next_attempt_at")})
    FROM unnest(${[...platforms]}::text[]) AS wanted (platform) CROSS JOIN LATERAL (${soonest}) AS soonest), '{}')`;

/** Whether a reader of the log has events before it, or has never read. */
const hasEvents = (cursorName: string) => Prisma.sql`
  coalesce((SELECT coalesce((
      SELECT ${isSettled} FROM events
      WHERE (transaction_id, sequence) > (cursor.transaction_id, cursor.sequence)
      ORDER BY transaction_id, sequence LIMIT 1), false)
    FROM event_cursors AS cursor WHERE name = ${cursorName}), true)`;

export function outlookStatement({ platforms }: { platforms: readonly string[] }): Prisma.Sql {
  return Prisma.sql`
    SELECT
      coalesce((SELECT late_at FROM posts
        WHERE status IN ('scheduled', 'retrying', 'held') AND at_risk_at IS NULL AND NOT outcome_open
        ORDER BY late_at LIMIT 1) < app_now(), false) AS "latePosts",
      (SELECT ${inMs("next_attempt_at")} FROM posts
        WHERE enqueued_rev < revision AND status IN ('scheduled', 'retrying')
        ORDER BY next_attempt_at LIMIT 1) AS "unenqueuedPostInMs",
      coalesce((SELECT lease_until FROM posts WHERE status = 'publishing'
        ORDER BY lease_until LIMIT 1) < app_now(), false) AS "strandedPosts",
      coalesce((SELECT confirm_at FROM posts WHERE status = 'unconfirmed'
        ORDER BY confirm_at LIMIT 1) <= app_now(), false) AS "unconfirmedPosts",
      coalesce((SELECT next_attempt_at FROM posts
        WHERE status = 'scheduled' AND needs_preparing AND prepared_at IS NULL
          AND next_attempt_at > app_now() + ${aheadTimes.prepareMinMs} * interval '1 millisecond'
        ORDER BY next_attempt_at LIMIT 1)
        <= app_now() + ${aheadTimes.prepareMs + stageAheadMs} * interval '1 millisecond', false) AS "postsToPrepare",
      (SELECT next_attempt_at FROM preparations WHERE NOT enqueued AND next_attempt_at IS NOT NULL
        ORDER BY next_attempt_at LIMIT 1) IS NOT NULL AS "unenqueuedPreparations",
      coalesce((SELECT lease_until FROM webhook_deliveries WHERE status = 'delivering'
        ORDER BY lease_until LIMIT 1) < app_now(), false) AS "strandedDeliveries",
      (SELECT next_attempt_at FROM webhook_deliveries WHERE enqueued_round < round AND status = 'pending'
        ORDER BY next_attempt_at LIMIT 1) IS NOT NULL AS "unenqueuedDeliveries",
      ${hasEvents(fanOutCursor)} AS "eventsToFanOut",
      (SELECT id FROM post_count_changes ORDER BY id LIMIT 1) IS NOT NULL OR ${hasEvents(statisticsCursor)} AS "toAddUp",
      ${soonestByPlatform(
        platforms,
        Prisma.sql`
          SELECT next_attempt_at FROM posts WHERE status IN ('scheduled', 'retrying') AND platform = wanted.platform
          ORDER BY next_attempt_at LIMIT 1`,
      )} AS "postsInMs",
      ${soonestByPlatform(
        platforms,
        Prisma.sql`
          SELECT next_attempt_at FROM preparations WHERE next_attempt_at IS NOT NULL AND platform = wanted.platform
          ORDER BY next_attempt_at LIMIT 1`,
      )} AS "preparationsInMs",
      (SELECT ${inMs("next_attempt_at")} FROM webhook_deliveries WHERE status = 'pending'
        ORDER BY next_attempt_at LIMIT 1) AS "deliveryInMs",
      coalesce((SELECT jsonb_object_agg(queue, epoch) FROM queue_epochs), '{}') AS epochs`;
}
