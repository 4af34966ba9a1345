/** What an instance's answers mean (docs.joinmastodon.org/api/guidelines, methods/statuses, methods/media). */
import type { Outcome, Reconnect, Rejected, Retry, Wait } from "@punctual/core";
import { privateAddressCode } from "../address-guard.ts";
import type { HttpResult } from "../http.ts";
import { parseFields } from "../json-answer.ts";
import { platformReason } from "../platform-reason.ts";
import { retryAfterMs } from "../retry-after.ts";
import { misconfiguredCode } from "./api.ts";
import { mastodonLimits } from "./limits.ts";

export interface VerdictContext {
  credentialsVersion: number;
  /** Texts that must not reach a message: the post's own and the token. */
  neverShown: readonly string[];
  now: Date;
}

type Answer = Extract<HttpResult, { kind: "answer" }>;
export type Refusal = Retry | Wait | Reconnect | Rejected;

/** A call that shows readers nothing: whatever went wrong, nothing is visible. */
export function prepareVerdict(result: HttpResult, context: VerdictContext): Refusal {
  if (result.kind !== "answer") return unsent(result);
  return readRefusal(result, context) ?? { kind: "retry", category: "platform", ...described(result, context) };
}

/** The call that publishes: without a clear refusal, nobody knows. */
export function sendVerdict(result: HttpResult, context: VerdictContext): Exclude<Outcome, { kind: "published" }> {
  if (result.kind === "not_sent") return unsent(result);
  if (result.kind === "lost") return { kind: "unknown", code: result.code, message: result.message };
  return readRefusal(result, context) ?? { kind: "unknown", ...described(result, context) };
}

export function isSuccess(result: HttpResult): result is Answer {
  return result.kind === "answer" && result.status >= 200 && result.status < 300;
}

/** What a certain no means; null for an answer that is none. */
function readRefusal(answer: Answer, context: VerdictContext): Refusal | null {
  const { status, headers, body } = answer;
  const fault = described(answer, context);
  const { credentialsVersion, now } = context;
  if (status === 401) return { kind: "reconnect", category: "auth", credentialsVersion, ...fault };
  if (status === 403) return { kind: "reconnect", category: "permission", credentialsVersion, ...fault };
  if (status === 429) return { kind: "wait", ...fault, waitMs: toldWaitMs(headers, now), scope: "account" };
  if (status >= 500 || status === 408) return null;
  const { error } = parseFields(body);
  const isUnready =
    status === 422 && typeof error === "string" && /(not|hasn't|haven't) .*(finished )?process/i.test(error);
  if (isUnready || status === 409 || status === 425) return { kind: "retry", category: "platform", ...fault };
  return { kind: "rejected", category: "rejected", ...fault };
}

function unsent({ code, message }: Exclude<HttpResult, Answer>): Refusal {
  if (code === privateAddressCode) return { kind: "rejected", category: "rejected", code, message };
  if (code === misconfiguredCode) return { kind: "retry", category: "internal", code, message };
  return { kind: "retry", category: "network", code, message };
}

/** `X-RateLimit-Reset` is an instant, written out. */
function toldWaitMs(headers: Readonly<Record<string, string>>, now: Date): number {
  const reset = Date.parse(headers["x-ratelimit-reset"] ?? "");
  if (!Number.isNaN(reset)) return Math.max(0, reset - now.getTime());
  return retryAfterMs(headers["retry-after"], now) ?? mastodonLimits.rateLimitedWaitMs;
}

function described({ status, body }: Answer, { neverShown }: VerdictContext) {
  const reason = platformReason(body, neverShown);
  return {
    code: `http_${status}`,
    message: `the instance answered ${status}${reason === undefined ? "" : `: ${reason}`}`,
    httpStatus: status,
  };
}
