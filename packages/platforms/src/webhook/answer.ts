/** What a receiver's answer means. Every HTTP answer but 2xx is a certain no, since the receiver is the client's own. */
import type { Outcome } from "@punctual/core";
import type { HttpResult } from "../http.ts";
import { platformReason } from "../platform-reason.ts";
import { retryAfterMs } from "../retry-after.ts";
import { webhookLimits } from "./limits.ts";

const externalIdLengthMax = 500;

/** @param neverShown texts that must not reach a message: the post's own and the secret */
export function readAnswer(result: HttpResult, neverShown: readonly string[], now: Date): Outcome {
  if (result.kind === "lost") return { kind: "unknown", code: result.code, message: result.message };
  if (result.kind === "not_sent") {
    const { code, message } = result;
    if (code === "private_address") return { kind: "rejected", category: "rejected", code, message };
    return { kind: "retry", category: "network", code, message };
  }

  const { status, body } = result;
  if (status >= 200 && status < 300) return { kind: "published", httpStatus: status, ...readPublished(body) };

  const reason = platformReason(body, neverShown);
  const fault = {
    code: `http_${status}`,
    message: `the receiver answered ${status}${reason === undefined ? "" : `: ${reason}`}`,
    httpStatus: status,
  };
  const told = retryAfterMs(result.headers["retry-after"], now);
  if (status === 429) return { kind: "wait", ...fault, waitMs: told ?? webhookLimits.rateLimitedWaitMs };
  if (status === 408 || status === 425 || status >= 500) {
    const notBefore = status === 503 && told !== undefined ? { notBeforeMs: told } : {};
    return { kind: "retry", category: "platform", ...fault, ...notBefore };
  }
  return { kind: "rejected", category: "rejected", ...fault };
}

/** `{id?, url?}` of a JSON answer; whatever else it holds is the receiver's business. */
function readPublished(body: Buffer): { externalId?: string; externalUrl?: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString("utf8"));
  } catch {
    return {};
  }
  if (typeof parsed !== "object" || parsed === null) return {};
  const { id, url } = parsed as Record<string, unknown>;
  return {
    ...(isShort(id, externalIdLengthMax) ? { externalId: String(id) } : {}),
    ...(isShort(url, webhookLimits.urlLengthMax) && isWebUrl(String(url)) ? { externalUrl: String(url) } : {}),
  };
}

function isShort(value: unknown, lengthMax: number): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value);
  // No control characters: ids end up in pages, logs and databases.
  return typeof value === "string" && value.length > 0 && value.length <= lengthMax && !/\p{Cc}/u.test(value);
}

function isWebUrl(value: string): boolean {
  return /^https?:\/\//.test(value) && URL.canParse(value);
}
