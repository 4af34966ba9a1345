/**
 * Taking a delivery and writing down what came of it, each in one conditional statement, as with posts: Redis may
 * bring a job twice, early or late, only the holder of the claim acts. A repeat is harmless by the specification the
 * deliveries follow, so a claim whose worker died is simply taken up again.
 */
import { deliveryRules, type DeliveryJob, type DeliveryJobId, type DeliveryOutcome } from "@punctual/core";
import type { Database } from "./database.ts";
import { companyEventColumns, toCompanyEvent, type CompanyEvent, type EventRow } from "./events.ts";
import { Prisma } from "./generated/client.ts";
import { endWaitingDeliveries } from "./webhook-endpoints.ts";

export interface DeliveryClaimRequest extends DeliveryJob {
  /** Fresh for every claim. */
  claimToken: string;
  worker: string;
  /** How long the claim holds, in milliseconds. */
  leaseMs: number;
}

/** A delivery this process holds now. */
export interface ClaimedDelivery {
  id: string;
  event: CompanyEvent;
  attempt: number;
  attemptsUsed: number;
  /** The request that caused the event. */
  requestId: string | null;
  endpoint: {
    id: string;
    url: string;
    /** Sealed; the one in use first. */
    secrets: string[];
  };
}

/** Who stands in line before a busy endpoint is counted up to here. */
export const waitingCountMax = 1_000;

export type DeliveryClaim =
  | { kind: "claimed"; delivery: ClaimedDelivery }
  /** Waiting, but its time has not come. */
  | { kind: "not_due"; dueInMs: number; generation: number }
  /** Due, but its endpoint has enough to do; so many stand in line, counted up to `waitingCountMax`. */
  | { kind: "endpoint_busy"; waiting: number; generation: number }
  /** Waiting for an endpoint that gets nothing any more. */
  | { kind: "endpoint_closed"; endpointId: string }
  /** Ended, taken by another, another round, or forgotten. */
  | { kind: "not_claimable" };

interface ClaimRow extends EventRow {
  claimed: boolean;
  status: string;
  round: number;
  generation: number;
  dueInMs: number;
  waiting: number;
  attempts: number;
  attemptsUsed: number;
  requestId: string | null;
  endpointId: string;
  endpointStatus: string;
  url: string;
  secret: string;
  previousSecret: string | null;
}

export async function claimDelivery(database: Database, request: DeliveryClaimRequest): Promise<DeliveryClaim> {
  const { deliveryId, round, claimToken, worker, leaseMs } = request;
  // The outer read sees the row as it was before the claim; `claimed` says whether the claim happened.
  const [row] = await database.prisma.$queryRaw<ClaimRow[]>`
    WITH claimed AS (
      UPDATE webhook_deliveries AS delivery
      SET status = 'delivering', claim_token = ${claimToken}::uuid, claimed_by = ${worker},
          lease_until = app_now() + ${leaseMs} * interval '1 millisecond',
          attempts = delivery.attempts + 1, attempts_used = delivery.attempts_used + 1, updated_at = app_now()
      FROM webhook_endpoints AS endpoint
      WHERE delivery.id = ${deliveryId}::uuid AND delivery.round = ${round}::int AND delivery.status = 'pending'
        AND delivery.next_attempt_at <= app_now() AND endpoint.id = delivery.endpoint_id AND endpoint.status = 'enabled'
        AND ${hasRoom(Prisma.sql`delivery.endpoint_id`)}
      RETURNING delivery.id, delivery.attempts
    ), attempt AS (
      INSERT INTO webhook_attempts (delivery_id, number, claim_token, worker, started_at)
      SELECT id, attempts, ${claimToken}::uuid, ${worker}, app_now() FROM claimed
    )
    SELECT EXISTS (SELECT FROM claimed) AS claimed, delivery.status, delivery.round, delivery.generation,
      (extract(epoch FROM delivery.next_attempt_at - app_now()) * 1000)::double precision AS "dueInMs",
      CASE WHEN EXISTS (SELECT FROM claimed) THEN 0 ELSE (SELECT count(*)::integer FROM (
        SELECT FROM webhook_deliveries AS other
        WHERE other.endpoint_id = delivery.endpoint_id AND other.status = 'pending' LIMIT ${waitingCountMax}) AS line) END AS waiting,
      delivery.attempts, delivery.attempts_used AS "attemptsUsed", e.request_id AS "requestId",
      endpoint.id AS "endpointId", endpoint.status AS "endpointStatus", endpoint.url, endpoint.secret,
      CASE WHEN endpoint.previous_secret_until > app_now() THEN endpoint.previous_secret END AS "previousSecret",
      ${companyEventColumns}
    FROM webhook_deliveries AS delivery
    JOIN webhook_endpoints AS endpoint ON endpoint.id = delivery.endpoint_id
    JOIN events AS e ON e.sequence = delivery.event_sequence
    LEFT JOIN posts AS p ON p.id = e.post_id
    WHERE delivery.id = ${deliveryId}::uuid`;
  if (row === undefined) return { kind: "not_claimable" };
  if (row.claimed) return { kind: "claimed", delivery: toClaimed(deliveryId, row) };
  if (row.status !== "pending" || row.round !== round) return { kind: "not_claimable" };
  const { generation, dueInMs, endpointId, waiting } = row;
  if (row.endpointStatus !== "enabled") return { kind: "endpoint_closed", endpointId };
  return dueInMs > 0 ? { kind: "not_due", dueInMs, generation } : { kind: "endpoint_busy", waiting, generation };
}

/** Whether an endpoint may be sent one more at a time. Two claims at once may both find room: a courtesy, no fence. */
export function hasRoom(endpointId: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(SELECT count(*) FROM webhook_deliveries AS running
    WHERE running.endpoint_id = ${endpointId} AND running.status = 'delivering') < ${deliveryRules.runningPerEndpointMax}`;
}

function toClaimed(id: string, row: ClaimRow): ClaimedDelivery {
  const { endpointId, url, secret, previousSecret, requestId } = row;
  return {
    id,
    event: toCompanyEvent(row),
    attempt: row.attempts + 1,
    attemptsUsed: row.attemptsUsed + 1,
    requestId,
    endpoint: { id: endpointId, url, secrets: [secret, ...(previousSecret === null ? [] : [previousSecret])] },
  };
}

export interface DeliveryRecord {
  deliveryId: string;
  claimToken: string;
  outcome: DeliveryOutcome;
  /** Until the next attempt, in milliseconds; null: there is none. */
  waitMs: number | null;
  /** Whether no job stands for the delivery any more, so that one must be enqueued. */
  needsJob: boolean;
}

export type RecordedDelivery =
  | { kind: "recorded"; endpointDisabled: "gone" | "failing" | null }
  /** The claim is no longer held: another has decided, nothing was changed. */
  | { kind: "claim_lost" };

/** Records what came of an attempt, under its claim, and what it says about the endpoint. */
export async function recordDelivery(database: Database, record: DeliveryRecord): Promise<RecordedDelivery> {
  const { deliveryId, claimToken, outcome, waitMs, needsJob } = record;
  const failure = outcome.kind === "failed" ? outcome : null;
  const status = outcome.kind === "delivered" ? "delivered" : waitMs === null ? "failed" : "pending";
  const gone = failure?.gone === true;
  const [row] = await database.prisma.$queryRaw<{ endpointId: string; disabledReason: "gone" | "failing" | null }[]>`
    WITH delivery AS (
      UPDATE webhook_deliveries
      SET status = ${status}, claim_token = NULL, claimed_by = NULL, lease_until = NULL,
          next_attempt_at = CASE WHEN ${status} = 'pending' THEN app_now() + ${waitMs ?? 0} * interval '1 millisecond' ELSE next_attempt_at END,
          generation = generation + ${needsJob && status === "pending" ? 1 : 0},
          enqueued_round = CASE WHEN ${needsJob && status === "pending"} THEN 0 ELSE enqueued_round END,
          failure_code = ${failure?.code ?? null}, failure_message = ${failure?.message ?? null},
          ended_at = CASE WHEN ${status} <> 'pending' THEN app_now() END, updated_at = app_now()
      WHERE id = ${deliveryId}::uuid AND status = 'delivering' AND claim_token = ${claimToken}::uuid
      RETURNING id, endpoint_id
    ), ended AS (
      UPDATE webhook_attempts
      SET outcome = ${outcome.kind}, http_status = ${outcome.httpStatus}::integer, code = ${failure?.code ?? null},
          message = ${failure?.message ?? null}, ended_at = app_now()
      WHERE delivery_id = ${deliveryId}::uuid AND claim_token = ${claimToken}::uuid AND EXISTS (SELECT FROM delivery)
    ), endpoint AS (${failure === null ? endpointTookIt : endpointFailed(gone)})
    SELECT delivery.endpoint_id AS "endpointId", endpoint.disabled_reason AS "disabledReason"
    FROM delivery LEFT JOIN endpoint ON endpoint.id = delivery.endpoint_id`;
  if (row === undefined) return { kind: "claim_lost" };
  if (row.disabledReason !== null) await endDeliveriesOfClosed(database, row.endpointId);
  return { kind: "recorded", endpointDisabled: row.disabledReason };
}

/** Ends what waits for an endpoint, if that is closed. */
export async function endDeliveriesOfClosed(database: Database, endpointId: string): Promise<void> {
  const closed = Prisma.sql`SELECT id FROM webhook_endpoints WHERE id = ${endpointId}::uuid AND status <> 'enabled'`;
  await database.prisma.$queryRaw`${endWaitingDeliveries(closed)}`;
}

const endpointTookIt = Prisma.sql`
  UPDATE webhook_endpoints SET failing_since = NULL
  WHERE id = (SELECT endpoint_id FROM delivery) AND failing_since IS NOT NULL AND status = 'enabled'
  RETURNING id, disabled_reason`;

function endpointFailed(gone: boolean): Prisma.Sql {
  const { failingDaysMax, failureGapMaxMs } = deliveryRules;
  const since = Prisma.sql`CASE WHEN last_failure_at > app_now() - ${failureGapMaxMs} * interval '1 millisecond'
    THEN coalesce(failing_since, app_now()) ELSE app_now() END`;
  const reason = Prisma.sql`CASE WHEN ${gone} THEN 'gone'
    WHEN ${since} <= app_now() - ${failingDaysMax} * interval '1 day' THEN 'failing' END`;
  return Prisma.sql`
    UPDATE webhook_endpoints
    SET failing_since = ${since}, last_failure_at = app_now(),
        status = CASE WHEN ${reason} IS NULL THEN status ELSE 'disabled' END,
        disabled_reason = ${reason},
        disabled_at = CASE WHEN ${reason} IS NOT NULL THEN app_now() END,
        updated_at = CASE WHEN ${reason} IS NULL THEN updated_at ELSE app_now() END
    WHERE id = (SELECT endpoint_id FROM delivery) AND status = 'enabled'
    RETURNING id, disabled_reason`;
}

/**
 * Deliveries left by dead workers wait again, due at once; their endpoint may get them twice.
 *
 * @returns which
 */
export function rescueDeliveries(database: Database, limit: number): Promise<(DeliveryJobId & { worker: string })[]> {
  return database.prisma.$queryRaw<(DeliveryJobId & { worker: string })[]>`
    WITH stranded AS (
      SELECT id, claim_token, claimed_by FROM webhook_deliveries
      WHERE status = 'delivering' AND lease_until < app_now()
      ORDER BY lease_until LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ), ended AS (
      UPDATE webhook_attempts SET outcome = 'abandoned', ended_at = app_now()
      FROM stranded
      WHERE webhook_attempts.delivery_id = stranded.id AND webhook_attempts.claim_token = stranded.claim_token AND outcome IS NULL
    )
    UPDATE webhook_deliveries AS delivery
    SET status = 'pending', claim_token = NULL, claimed_by = NULL, lease_until = NULL, next_attempt_at = app_now(),
        generation = delivery.generation + 1, enqueued_round = 0, updated_at = app_now()
    FROM stranded
    WHERE delivery.id = stranded.id AND delivery.claim_token = stranded.claim_token
    RETURNING delivery.id AS "deliveryId", delivery.round, delivery.generation, stranded.claimed_by AS worker`;
}
