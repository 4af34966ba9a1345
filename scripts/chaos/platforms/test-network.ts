/**
 * What the adapters of the sandbox's test networks share: one JSON protocol, one reading of its answers. Only an
 * answer that says so is a certain no; everything else about a call to publish leaves open whether the post is out.
 */
import type { CallContext, Outcome, OutgoingPost, Platform, SendContext } from "@punctual/core";
import { retryAfterMs, type HttpClient, type HttpResult } from "@punctual/platforms";

export interface TestNetworkDeps {
  http: HttpClient;
  sandboxUrl: string;
}

/** Short, so that a run of one minute sees many answers lost and settled. */
export const sendTimeoutMs = 4_000;
const limitedWaitMs = 1_000;

/** What every adapter of a test network answers alike. */
export function describeNetwork(
  name: string,
  guarantee: ReturnType<Platform["guarantee"]>,
): Pick<Platform, "name" | "description" | "sendTimeoutMs" | "validateAccount" | "validatePost" | "guarantee"> {
  return {
    name,
    sendTimeoutMs,
    description: {
      platform: name,
      displayName: name,
      limits: { textCharactersMax: 100_000, mediaItemsMax: 20 },
      settings: [],
      credentials: [],
      delivery: { guarantee, description: `The sandbox's test network, ${guarantee}.` },
    },
    validateAccount: () => [],
    validatePost: () => [],
    guarantee: () => guarantee,
  };
}

export function postBody(post: OutgoingPost): string {
  const { text, media, link, id, revision, scheduledAt } = post;
  return JSON.stringify({ text, media, link, postId: id, revision, scheduledAt: scheduledAt.toISOString() });
}

export function post(
  { http, sandboxUrl }: TestNetworkDeps,
  path: string,
  body: string,
  context: CallContext & Partial<Pick<SendContext, "beforeSend">>,
  headers: Record<string, string> = {},
): Promise<HttpResult> {
  const { timeoutMs, signal, beforeSend } = context;
  return http.request({
    method: "POST",
    url: new URL(path, sandboxUrl),
    headers: { "content-type": "application/json", ...headers },
    body,
    timeoutMs,
    signal,
    ...(beforeSend === undefined ? {} : { beforeSend }),
  });
}

/** Reads JSON; null if it could not be had. */
export async function read(
  { http, sandboxUrl }: TestNetworkDeps,
  path: string,
  { timeoutMs, signal }: CallContext,
): Promise<Record<string, unknown> | null> {
  const result = await http.request({ method: "GET", url: new URL(path, sandboxUrl), headers: {}, timeoutMs, signal });
  return result.kind === "answer" && result.status === 200 ? parseObject(result.body) : null;
}

/** What an answer to the call that publishes means. */
export function publishOutcome(result: HttpResult): Outcome {
  if (result.kind === "lost") return { kind: "unknown", code: result.code, message: result.message };
  if (result.kind === "not_sent") {
    return { kind: "retry", category: "network", code: result.code, message: result.message };
  }
  const { status, body, headers } = result;
  if (status >= 200 && status < 300) {
    const { id, url } = parseObject(body) ?? {};
    return {
      kind: "published",
      httpStatus: status,
      ...(typeof id === "string" ? { externalId: id } : {}),
      ...(typeof url === "string" ? { externalUrl: url } : {}),
    };
  }
  const fault = { code: `http_${status}`, message: `the network answered ${status}`, httpStatus: status };
  const told = retryAfterMs(headers["retry-after"], new Date());
  if (status === 429) return { kind: "wait", ...fault, waitMs: told ?? limitedWaitMs };
  if (status === 422) return { kind: "rejected", category: "rejected", ...fault };
  if (status === 503 && told !== undefined) {
    return { kind: "retry", category: "platform", ...fault, notBeforeMs: told };
  }
  return { kind: "unknown", ...fault };
}

export function parseObject(body: Buffer): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(body.toString("utf8"));
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
