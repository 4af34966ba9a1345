/** Waiting deliveries: which need a job, what Redis should hold, and what is due whether Redis says so or not. */
import type { DeliveryJobId } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { hasRoom } from "./webhook-delivery-claim.ts";

/** A waiting delivery as its job needs it. */
export interface UnenqueuedDelivery extends DeliveryJobId {
  dueAt: Date;
  requestId: string | null;
}

/** From a delivery row `delivery`; its event tells the request behind it. */
const jobColumns = Prisma.sql`delivery.id AS "deliveryId", delivery.round, delivery.generation, delivery.next_attempt_at AS "dueAt",
  (SELECT request_id FROM events WHERE sequence = delivery.event_sequence) AS "requestId"`;

/**
 * Waiting deliveries for which no job is known, soonest first.
 *
 * @param quietMs only rows unchanged for so long, in milliseconds: whoever changed them is probably enqueueing them
 */
export function unenqueuedDeliveries(
  database: Database,
  { limit, quietMs }: { limit: number; quietMs: number },
): Promise<UnenqueuedDelivery[]> {
  return database.prisma.$queryRaw<UnenqueuedDelivery[]>`
    SELECT ${jobColumns} FROM webhook_deliveries AS delivery
    WHERE enqueued_round < round AND status = 'pending' AND updated_at <= app_now() - ${quietMs} * interval '1 millisecond'
    ORDER BY next_attempt_at LIMIT ${limit}`;
}

/** Notes that Redis took these jobs, where that is still the current state of the delivery. */
export async function markDeliveriesEnqueued(database: Database, jobs: readonly DeliveryJobId[]): Promise<void> {
  if (jobs.length === 0) return;
  await database.prisma.$executeRaw`
    UPDATE webhook_deliveries AS delivery SET enqueued_round = job.round FROM ${asJobs(jobs)}
    WHERE ${isCurrent} AND delivery.enqueued_round < job.round`;
}

/**
 * Waiting deliveries that count as enqueued, in due order, after one of them: a page of what Redis should hold. That the
 * rounds are the same is not said as equality, which Postgres would believe of one row in two hundred only.
 */
export function enqueuedDeliveries(
  database: Database,
  { after, limit }: { after: Pick<UnenqueuedDelivery, "dueAt" | "deliveryId"> | null; limit: number },
): Promise<UnenqueuedDelivery[]> {
  const dueAt = after?.dueAt ?? new Date(0);
  const id = after?.deliveryId ?? "00000000-0000-0000-0000-000000000000";
  return database.prisma.$queryRaw<UnenqueuedDelivery[]>`
    SELECT ${jobColumns} FROM webhook_deliveries AS delivery
    WHERE status = 'pending' AND enqueued_round >= round AND (next_attempt_at, id) > (${dueAt}, ${id}::uuid)
    ORDER BY next_attempt_at, id LIMIT ${limit}`;
}

/** Gives deliveries whose jobs are lost a new generation. @returns those that still wait as they did */
export function raiseDeliveryGenerations(
  database: Database,
  jobs: readonly DeliveryJobId[],
): Promise<UnenqueuedDelivery[]> {
  return database.prisma.$queryRaw<UnenqueuedDelivery[]>`
    UPDATE webhook_deliveries AS delivery SET generation = delivery.generation + 1 FROM ${asJobs(jobs)}
    WHERE ${isCurrent} AND delivery.status = 'pending'
    RETURNING ${jobColumns}`;
}

export interface OverdueDelivery extends DeliveryJobId {
  /** For how long it has been due, in milliseconds. */
  overdueMs: number;
}

/**
 * Deliveries that were due a while ago and that nobody has taken, the longest due first; not those whose endpoint has
 * enough to do.
 *
 * @param overdueMs how long they must have been due, in milliseconds
 */
export function overdueDeliveries(
  database: Database,
  { overdueMs, limit }: { overdueMs: number; limit: number },
): Promise<OverdueDelivery[]> {
  return database.prisma.$queryRaw<OverdueDelivery[]>`
    SELECT id AS "deliveryId", round, generation,
           (extract(epoch FROM app_now() - next_attempt_at) * 1000)::double precision AS "overdueMs"
    FROM webhook_deliveries AS delivery
    WHERE status = 'pending' AND next_attempt_at <= app_now() - ${overdueMs} * interval '1 millisecond'
      AND ${hasRoom(Prisma.sql`delivery.endpoint_id`)}
    ORDER BY next_attempt_at, id LIMIT ${limit}`;
}

function asJobs(jobs: readonly DeliveryJobId[]): Prisma.Sql {
  return Prisma.sql`unnest(${jobs.map((job) => job.deliveryId)}::uuid[], ${jobs.map((job) => job.round)}::int[],
    ${jobs.map((job) => job.generation)}::int[]) AS job (id, round, generation)`;
}

const isCurrent = Prisma.sql`delivery.id = job.id AND delivery.round = job.round AND delivery.generation = job.generation`;
