/** Endpoints and deliveries as clients see them. */
import type { WebhookDeliveryRecord, WebhookEndpointRecord } from "@punctual/db";
import type { DeliveryOut, EndpointOut } from "./schemas.ts";

export function toEndpointOut(endpoint: WebhookEndpointRecord): EndpointOut {
  const { id, url, description, eventTypes, status, disabledReason, disabledAt, failingSince } = endpoint;
  return {
    id,
    url,
    description,
    eventTypes: eventTypes.length === 0 ? null : eventTypes,
    status,
    disabledReason,
    disabledAt: instant(disabledAt),
    failingSince: instant(failingSince),
    createdAt: endpoint.createdAt.toISOString(),
    updatedAt: endpoint.updatedAt.toISOString(),
  };
}

export function toDeliveryOut(delivery: WebhookDeliveryRecord): DeliveryOut {
  const { id, eventId, eventType, status, nextAttemptAt, failureCode, failureMessage, endedAt, createdAt } = delivery;
  return {
    id,
    eventId,
    eventType,
    status,
    nextAttemptAt: instant(nextAttemptAt),
    failure: failureCode === null ? null : { code: failureCode, message: failureMessage ?? "" },
    endedAt: instant(endedAt),
    createdAt: createdAt.toISOString(),
    attempts: delivery.attempts.map((attempt) => ({
      ...attempt,
      startedAt: attempt.startedAt.toISOString(),
      endedAt: instant(attempt.endedAt),
    })),
  };
}

function instant(value: Date | null): string | null {
  return value?.toISOString() ?? null;
}
