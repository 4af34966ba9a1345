/**
 * One delivery on the wire: a POST signed after the Standard Webhooks specification. `webhook-id` is the event's
 * position, the same for every attempt and every replay, so that a receiver can drop repeats; after a rotation both
 * secrets sign, so that a receiver may change over when it likes.
 */
import type { DeliveryOutcome } from "@punctual/core";
import type { ClaimedDelivery } from "@punctual/db";
import { platformReason, retryAfterMs, secretBytes, signWebhook, type HttpClient } from "@punctual/platforms";

export interface DeliveryRequest {
  delivery: ClaimedDelivery;
  /** In clear, the one in use first. */
  secrets: readonly string[];
  /** Of the whole exchange, in milliseconds. */
  timeoutMs: number;
  /** Called just before the first byte leaves; throwing stops the request there. */
  beforeSend: () => void;
}

/** Never throws for what the network or the endpoint did: that is an outcome. */
export async function sendDelivery(http: HttpClient, request: DeliveryRequest, now: Date): Promise<DeliveryOutcome> {
  const { delivery, secrets, timeoutMs, beforeSend } = request;
  const { event, endpoint } = delivery;
  const timestamp = Math.floor(now.getTime() / 1_000);
  const body = deliveryBody(event);
  const result = await http.request({
    method: "POST",
    url: new URL(endpoint.url),
    headers: {
      "content-type": "application/json",
      "user-agent": "Punctual/1",
      "webhook-id": event.id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": secrets.map((secret) => signature(secret, event.id, timestamp, body)).join(" "),
    },
    body,
    timeoutMs,
    beforeSend,
  });
  if (result.kind !== "answer") {
    return { kind: "failed", code: result.code, message: result.message, httpStatus: null };
  }
  const { status, headers } = result;
  if (status >= 200 && status < 300) return { kind: "delivered", httpStatus: status };
  const reason = platformReason(result.body, secrets);
  const told = throttling.has(status) ? retryAfterMs(headers["retry-after"], now) : undefined;
  return {
    kind: "failed",
    code: `http_${status}`,
    message: `the endpoint answered ${status}${reason === undefined ? "" : `: ${reason}`}`,
    httpStatus: status,
    ...(told === undefined ? {} : { waitMs: told }),
    ...(status === 410 ? { gone: true } : {}),
  };
}

/** The answers whose `Retry-After` the specification honours. */
const throttling: ReadonlySet<number> = new Set([429, 502, 503, 504]);

function deliveryBody({ id, type, createdAt, data }: ClaimedDelivery["event"]): string {
  return JSON.stringify({ id, type, timestamp: createdAt.toISOString(), data });
}

function signature(secret: string, id: string, timestamp: number, body: string): string {
  const key = secretBytes(secret);
  if (key === null) throw new Error("a stored signing secret is none");
  return signWebhook(key, id, timestamp, body);
}
