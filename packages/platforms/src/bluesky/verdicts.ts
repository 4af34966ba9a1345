/**
 * What a server's answers mean. A refusal by name means the same everywhere; an answer that proves nothing is
 * harmless before the call that publishes, and open after it.
 */
import type { Outcome, Reconnect, Rejected, Retry, Wait } from "@punctual/core";
import { privateAddressCode } from "../address-guard.ts";
import type { HttpResult } from "../http.ts";
import { parseFields } from "../json-answer.ts";
import { platformReason } from "../platform-reason.ts";
import { retryAfterMs } from "../retry-after.ts";
import { blueskyLimits } from "./limits.ts";
import { misconfiguredCode } from "./xrpc.ts";

export interface VerdictContext {
  credentialsVersion: number;
  /** Texts that must not reach a message: the post's own, the password and the tokens. */
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

/** The call that publishes. @param uri where its record is, if it was written */
export function sendVerdict(
  result: HttpResult,
  uri: string,
  context: VerdictContext,
): Exclude<Outcome, { kind: "published" }> {
  if (result.kind === "not_sent") return unsent(result);
  if (result.kind === "lost") return { kind: "unknown", code: result.code, message: result.message };
  if (errorName(result.body) === "InvalidSwap") {
    return { kind: "rejected", category: "duplicate", externalId: uri, ...described(result, context) };
  }
  return readRefusal(result, context) ?? { kind: "unknown", ...described(result, context) };
}

export function isSuccess(result: HttpResult): result is Answer {
  return result.kind === "answer" && result.status >= 200 && result.status < 300;
}

/** The error's name as XRPC writes it: `ExpiredToken`. */
export function errorName(body: Buffer): string | undefined {
  const { error } = parseFields(body);
  return typeof error === "string" && /^[A-Za-z]{1,60}$/.test(error) ? error : undefined;
}

const authErrors = new Set([
  "ExpiredToken",
  "InvalidToken",
  "AuthMissing",
  "AuthenticationRequired",
  "AuthFactorTokenRequired",
]);
const accountErrors = new Set([
  "AccountTakedown",
  "AccountSuspended",
  "AccountDeactivated",
  "RepoTakendown",
  "RepoSuspended",
  "RepoDeactivated",
]);

/** What a certain no means; null for an answer that is none. */
function readRefusal(answer: Answer, context: VerdictContext): Refusal | null {
  const { status, headers, body } = answer;
  const error = errorName(body) ?? "";
  const fault = described(answer, context);
  const { credentialsVersion } = context;
  if (status === 429 || error === "RateLimitExceeded") {
    return { kind: "wait", ...fault, waitMs: toldWaitMs(headers, context.now), scope: "account" };
  }
  if (status >= 500 || status === 408) return null;
  if (accountErrors.has(error) || status === 403) {
    return { kind: "reconnect", category: "permission", credentialsVersion, ...fault };
  }
  if (authErrors.has(error) || status === 401)
    return { kind: "reconnect", category: "auth", credentialsVersion, ...fault };
  // The upload was collected; another attempt uploads it again.
  if (error === "BlobNotFound" || status === 409 || status === 425)
    return { kind: "retry", category: "platform", ...fault };
  return { kind: "rejected", category: "rejected", ...fault };
}

function unsent({ code, message }: Exclude<HttpResult, Answer>): Refusal {
  if (code === privateAddressCode) return { kind: "rejected", category: "rejected", code, message };
  if (code === misconfiguredCode) return { kind: "retry", category: "internal", code, message };
  return { kind: "retry", category: "network", code, message };
}

/** `ratelimit-reset` is in seconds since 1970; Retry-After is not sent, but would be believed. */
function toldWaitMs(headers: Readonly<Record<string, string>>, now: Date): number {
  const reset = headers["ratelimit-reset"];
  if (reset !== undefined && /^\d{1,12}$/.test(reset)) return Math.max(0, Number(reset) * 1_000 - now.getTime());
  return retryAfterMs(headers["retry-after"], now) ?? blueskyLimits.rateLimitedWaitMs;
}

function described({ status, body }: Answer, { neverShown }: VerdictContext) {
  const reason = platformReason(body, neverShown);
  return {
    code: errorName(body) ?? `http_${status}`,
    message: `the server answered ${status}${reason === undefined ? "" : `: ${reason}`}`,
    httpStatus: status,
  };
}
