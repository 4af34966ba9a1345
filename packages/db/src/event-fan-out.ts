/**
 * From the log of events to deliveries. One cursor for the whole installation walks the log behind every running
 * transaction; it is moved and the deliveries are written in one statement that names where the cursor was, so any
 * number of processes may try and each event is handed to each endpoint once.
 */
import type { DeliveryJobId, EventPosition } from "@punctual/core";
import type { Database } from "./database.ts";
import { readEventCursor } from "./event-cursors.ts";
import { isSettled } from "./events.ts";
import { newId } from "./id.ts";

export const fanOutCursor = "webhook-deliveries";

/** A stretch of the log, and who is to get what of it. */
export interface FanOutBatch {
  from: EventPosition;
  to: EventPosition;
  matches: { sequence: string; endpointId: string; companyId: string; requestId: string | null }[];
  /** Whether the limit left events out. */
  hasMore: boolean;
}

/** A delivery that was just written, as its job needs it. */
export interface NewDelivery extends DeliveryJobId {
  dueAt: Date;
  requestId: string | null;
}

/** The next stretch of the log; null if nothing has happened. @param limit events at most */
export async function nextFanOutBatch(database: Database, limit: number): Promise<FanOutBatch | null> {
  const from = await readEventCursor(database, fanOutCursor);
  const [row] = await database.prisma.$queryRaw<
    [{ count: number; to: EventPosition | null; matches: FanOutBatch["matches"] }]
  >`
    WITH batch AS MATERIALIZED (
      SELECT transaction_id, sequence, company_id, type, request_id, created_at FROM events
      WHERE (transaction_id, sequence) > (${from.transactionId}::xid8, ${from.sequence}::bigint) AND ${isSettled}
      ORDER BY transaction_id, sequence LIMIT ${limit}
    )
    SELECT (SELECT count(*)::integer FROM batch) AS count,
      (SELECT jsonb_build_object('transactionId', transaction_id::text, 'sequence', sequence::text) FROM batch
        ORDER BY transaction_id DESC, sequence DESC LIMIT 1) AS "to",
      coalesce((SELECT jsonb_agg(jsonb_build_object('sequence', batch.sequence::text, 'endpointId', endpoint.id,
                         'companyId', endpoint.company_id, 'requestId', batch.request_id)
                       ORDER BY batch.transaction_id, batch.sequence)
        FROM batch JOIN webhook_endpoints AS endpoint ON endpoint.company_id = batch.company_id
        WHERE endpoint.status = 'enabled' AND batch.created_at >= endpoint.created_at
          AND (endpoint.event_types = '{}' OR batch.type = ANY (endpoint.event_types))), '[]') AS matches`;
  return row.to === null ? null : { from, to: row.to, matches: row.matches, hasMore: row.count === limit };
}

/** Writes a batch's deliveries and moves the cursor. Null: another process has done so already. */
export async function fanOut(database: Database, { from, to, matches }: FanOutBatch): Promise<NewDelivery[] | null> {
  const deliveries = matches.map((match) => ({ id: newId(), ...match }));
  const [row] = await database.prisma.$queryRaw<[{ moved: boolean; dueAt: Date; written: string[] }]>`
    WITH moved AS (
      UPDATE event_cursors
      SET transaction_id = ${to.transactionId}::xid8, sequence = ${to.sequence}::bigint, updated_at = app_now()
      WHERE name = ${fanOutCursor}
        AND transaction_id = ${from.transactionId}::xid8 AND sequence = ${from.sequence}::bigint
      RETURNING name
    ), written AS (
      INSERT INTO webhook_deliveries (id, company_id, endpoint_id, event_sequence)
      SELECT id, "companyId", "endpointId", sequence
      FROM jsonb_to_recordset(${JSON.stringify(deliveries)}::jsonb)
        AS d(id uuid, "companyId" uuid, "endpointId" uuid, sequence bigint)
      WHERE EXISTS (SELECT FROM moved) AND EXISTS (SELECT FROM events WHERE events.sequence = d.sequence)
      ON CONFLICT (event_sequence, endpoint_id) DO NOTHING
      RETURNING id
    )
    SELECT EXISTS (SELECT FROM moved) AS moved, app_now() AS "dueAt", coalesce((SELECT array_agg(id::text) FROM written), '{}') AS written`;
  if (!row.moved) return null;
  const written = new Set(row.written);
  return deliveries
    .filter(({ id }) => written.has(id))
    .map(({ id, requestId }) => ({ deliveryId: id, round: 1, generation: 0, dueAt: row.dueAt, requestId }));
}
