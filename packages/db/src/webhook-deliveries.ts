/** Deliveries as their company sees them, and sending one again on request. */
import type { DeliveryJobId, EventType } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { PageRequest } from "./page.ts";

export interface WebhookAttemptRecord {
  number: number;
  /** Null: it runs. */
  outcome: "delivered" | "failed" | "abandoned" | null;
  httpStatus: number | null;
  code: string | null;
  message: string | null;
  startedAt: Date;
  endedAt: Date | null;
}

export interface WebhookDeliveryRecord {
  id: string;
  /** The position of the event. */
  eventId: string;
  eventType: EventType;
  status: WebhookDeliveryStatus;
  /** Null unless it waits. */
  nextAttemptAt: Date | null;
  /** Why the latest attempt failed, or the delivery ended without one. */
  failureCode: string | null;
  failureMessage: string | null;
  endedAt: Date | null;
  createdAt: Date;
  /** The latest ones, by number. */
  attempts: WebhookAttemptRecord[];
}

export const webhookDeliveryStatuses = ["pending", "delivering", "delivered", "failed"] as const;
export type WebhookDeliveryStatus = (typeof webhookDeliveryStatuses)[number];

export interface DeliveryFilter {
  companyId: string;
  endpointId: string;
  /** Null: all. */
  status: WebhookDeliveryStatus | null;
}

/** Attempts shown of each delivery at most. */
const attemptsShownMax = 20;

/** An endpoint's deliveries, newest first. Empty if the company has no such endpoint. */
export async function listWebhookDeliveries(
  database: Database,
  { companyId, endpointId, status, limit, beforeId }: PageRequest & DeliveryFilter,
): Promise<WebhookDeliveryRecord[]> {
  const wanted = Prisma.sql`endpoint_id = ${endpointId}::uuid AND company_id = ${companyId}::uuid
    AND (${status}::text IS NULL OR status = ${status}) AND (${beforeId}::uuid IS NULL OR id < ${beforeId}::uuid)
    ORDER BY id DESC LIMIT ${limit}`;
  return read(database, wanted);
}

export interface DeliveryKey {
  companyId: string;
  endpointId: string;
  id: string;
}

/** One delivery; null if there is no such one. */
export async function findWebhookDelivery(
  database: Database,
  { companyId, endpointId, id }: DeliveryKey,
): Promise<WebhookDeliveryRecord | null> {
  const wanted = Prisma.sql`id = ${id}::uuid AND endpoint_id = ${endpointId}::uuid AND company_id = ${companyId}::uuid`;
  return (await read(database, wanted))[0] ?? null;
}

/** A delivery that is due at once, as its job needs it. */
export interface ReplayedDelivery extends DeliveryJobId {
  dueAt: Date;
}

/**
 * Sends a delivery once more, from the start of the schedule, whether it ended or still waits. Null if there is no
 * such one, it is just being delivered, or its endpoint is closed.
 */
export async function replayDelivery(
  database: Database,
  { companyId, endpointId, id }: DeliveryKey,
): Promise<ReplayedDelivery | null> {
  const [replayed] = await database.prisma.$queryRaw<ReplayedDelivery[]>`
    UPDATE webhook_deliveries AS delivery
    SET status = 'pending', round = round + 1, attempts_used = 0, next_attempt_at = app_now(), ended_at = NULL,
        failure_code = NULL, failure_message = NULL, updated_at = app_now()
    FROM webhook_endpoints AS endpoint
    WHERE delivery.id = ${id}::uuid AND delivery.endpoint_id = ${endpointId}::uuid AND delivery.company_id = ${companyId}::uuid
      AND delivery.status <> 'delivering' AND endpoint.id = delivery.endpoint_id AND endpoint.status = 'enabled'
    RETURNING delivery.id AS "deliveryId", delivery.round, delivery.generation, delivery.next_attempt_at AS "dueAt"`;
  return replayed ?? null;
}

/** @param wanted condition, order and limit on webhook_deliveries */
async function read(database: Database, wanted: Prisma.Sql): Promise<WebhookDeliveryRecord[]> {
  const rows = await database.prisma.$queryRaw<DeliveryRow[]>`
    SELECT delivery.id, event.transaction_id || '-' || event.sequence AS "eventId", event.type AS "eventType", delivery.status,
      CASE WHEN delivery.status = 'pending' THEN delivery.next_attempt_at END AS "nextAttemptAt",
      delivery.failure_code AS "failureCode", delivery.failure_message AS "failureMessage", delivery.ended_at AS "endedAt",
      delivery.created_at AS "createdAt",
      coalesce((SELECT jsonb_agg(jsonb_build_object('number', number, 'outcome', outcome, 'httpStatus', http_status,
                         'code', code, 'message', message, 'startedAt', started_at, 'endedAt', ended_at) ORDER BY number)
                FROM webhook_attempts
                WHERE delivery_id = delivery.id AND number > delivery.attempts - ${attemptsShownMax}), '[]') AS attempts
    FROM (SELECT * FROM webhook_deliveries WHERE ${wanted}) AS delivery
    JOIN events AS event ON event.sequence = delivery.event_sequence
    ORDER BY delivery.id DESC`;
  return rows.map((row) => ({
    ...row,
    attempts: row.attempts.map((attempt) => ({
      ...attempt,
      startedAt: new Date(attempt.startedAt),
      endedAt: attempt.endedAt === null ? null : new Date(attempt.endedAt),
    })),
  }));
}

/** Inside JSON, instants are text. */
type DeliveryRow = Omit<WebhookDeliveryRecord, "attempts"> & {
  attempts: (Omit<WebhookAttemptRecord, "startedAt" | "endedAt"> & { startedAt: string; endedAt: string | null })[];
};
