/**
 * Where companies want their events delivered. Secrets are sealed on their way in, bound to the endpoint's id; only
 * the worker that signs a delivery opens them. An endpoint that is closed, by whomever, gets nothing any more: what
 * still waits for it ends in the same statement.
 */
import { deliveryRules, type EventType } from "@punctual/core";
import type { Keyring } from "@punctual/runtime";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { newId } from "./id.ts";
import type { PageRequest } from "./page.ts";

/** An endpoint as its company may see it: without its secrets. */
export interface WebhookEndpointRecord {
  id: string;
  url: string;
  description: string | null;
  /** Empty: all. */
  eventTypes: EventType[];
  status: "enabled" | "disabled";
  disabledReason: "requested" | "gone" | "failing" | null;
  disabledAt: Date | null;
  failingSince: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface WebhookEndpointDraft {
  companyId: string;
  url: string;
  description: string | null;
  eventTypes: readonly EventType[];
  /** In clear; sealed before it is stored. */
  secret: string;
}

/** What is left out stays as it is. */
export interface WebhookEndpointChanges {
  url?: string;
  description?: string | null;
  eventTypes?: readonly EventType[];
  status?: "enabled" | "disabled";
}

export interface EndpointKey {
  companyId: string;
  id: string;
}

const columns = Prisma.sql`id, url, description, event_types AS "eventTypes", status, disabled_reason AS "disabledReason",
  disabled_at AS "disabledAt", failing_since AS "failingSince", created_at AS "createdAt", updated_at AS "updatedAt"`;

/** Creates an endpoint; null if the company has as many as it may. */
export async function createWebhookEndpoint(
  database: Database,
  keyring: Keyring,
  { companyId, url, description, eventTypes, secret }: WebhookEndpointDraft,
  endpointsMax: number,
): Promise<WebhookEndpointRecord | null> {
  const id = newId();
  const { prisma } = database;
  // The lock makes two at once count one after the other.
  const [, created] = await prisma.$transaction([
    prisma.$queryRaw`SELECT id FROM companies WHERE id = ${companyId}::uuid FOR NO KEY UPDATE`,
    prisma.$queryRaw<WebhookEndpointRecord[]>`
      INSERT INTO webhook_endpoints (id, company_id, url, description, event_types, secret)
      SELECT ${id}::uuid, ${companyId}::uuid, ${url}, ${description}, ${[...eventTypes]}::text[], ${keyring.seal(secret, id)}
      WHERE (SELECT count(*) FROM webhook_endpoints WHERE company_id = ${companyId}::uuid AND status <> 'deleted') < ${endpointsMax}
      RETURNING ${columns}`,
  ]);
  return created[0] ?? null;
}

/** One endpoint of a company; null if it has no such endpoint. */
export async function findWebhookEndpoint(
  database: Database,
  { companyId, id }: EndpointKey,
): Promise<WebhookEndpointRecord | null> {
  const [endpoint] = await database.prisma.$queryRaw<WebhookEndpointRecord[]>`
    SELECT ${columns} FROM webhook_endpoints
    WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND status <> 'deleted'`;
  return endpoint ?? null;
}

/** A company's endpoints, newest first. */
export function listWebhookEndpoints(
  database: Database,
  { companyId, limit, beforeId }: PageRequest & { companyId: string },
): Promise<WebhookEndpointRecord[]> {
  return database.prisma.$queryRaw<WebhookEndpointRecord[]>`
    SELECT ${columns} FROM webhook_endpoints
    WHERE company_id = ${companyId}::uuid AND status <> 'deleted' AND (${beforeId}::uuid IS NULL OR id < ${beforeId}::uuid)
    ORDER BY id DESC LIMIT ${limit}`;
}

/** Changes an endpoint; null if the company has no such endpoint. Enabling it or giving it another URL forgets its failures. */
export async function changeWebhookEndpoint(
  database: Database,
  { companyId, id }: EndpointKey,
  changes: WebhookEndpointChanges,
): Promise<WebhookEndpointRecord | null> {
  const { url = null, eventTypes = null, status = null } = changes;
  const [changed] = await database.prisma.$queryRaw<WebhookEndpointRecord[]>`
    WITH changed AS (
      UPDATE webhook_endpoints
      SET url = coalesce(${url}, url),
          description = CASE WHEN ${changes.description !== undefined} THEN ${changes.description ?? null} ELSE description END,
          event_types = coalesce(${eventTypes === null ? null : [...eventTypes]}::text[], event_types),
          status = coalesce(${status}, status),
          disabled_reason = CASE coalesce(${status}, status) WHEN 'disabled' THEN coalesce(disabled_reason, 'requested') END,
          disabled_at = CASE coalesce(${status}, status) WHEN 'disabled' THEN coalesce(disabled_at, app_now()) END,
          failing_since = CASE WHEN url <> ${url} OR (${status} = 'enabled' AND status = 'disabled') THEN NULL ELSE failing_since END,
          updated_at = app_now()
      WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND status <> 'deleted'
      RETURNING *
    ), closed AS (${endWaitingDeliveries(Prisma.sql`SELECT id FROM changed WHERE status = 'disabled'`)})
    SELECT ${columns} FROM changed`;
  return changed ?? null;
}

/** Deletes an endpoint; false if the company has no such endpoint. */
export async function deleteWebhookEndpoint(database: Database, { companyId, id }: EndpointKey): Promise<boolean> {
  const deleted = await database.prisma.$queryRaw<{ id: string }[]>`
    WITH deleted AS (
      UPDATE webhook_endpoints
      SET status = 'deleted', disabled_reason = NULL, disabled_at = NULL, secret = '', previous_secret = NULL,
          previous_secret_until = NULL, updated_at = app_now()
      WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND status <> 'deleted'
      RETURNING id
    ), closed AS (${endWaitingDeliveries(Prisma.sql`SELECT id FROM deleted`)})
    SELECT id FROM deleted`;
  return deleted.length > 0;
}

/**
 * Gives an endpoint a new secret; the one it had signs on beside it for a day.
 *
 * @returns until when; null if the company has no such endpoint
 */
export async function rotateWebhookSecret(
  database: Database,
  keyring: Keyring,
  { companyId, id }: EndpointKey,
  secret: string,
): Promise<Date | null> {
  const [rotated] = await database.prisma.$queryRaw<{ until: Date }[]>`
    UPDATE webhook_endpoints
    SET previous_secret = secret, secret = ${keyring.seal(secret, id)},
        previous_secret_until = app_now() + ${deliveryRules.previousSecretMs} * interval '1 millisecond', updated_at = app_now()
    WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND status <> 'deleted'
    RETURNING previous_secret_until AS until`;
  return rotated?.until ?? null;
}

/** For a closed endpoint nothing goes on waiting; what is being delivered ends by itself. */
export function endWaitingDeliveries(endpointIds: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    UPDATE webhook_deliveries
    SET status = 'failed', failure_code = 'endpoint_closed', failure_message = 'the endpoint was disabled or deleted',
        ended_at = app_now(), updated_at = app_now()
    WHERE endpoint_id IN (${endpointIds}) AND status = 'pending'
    RETURNING id`;
}
