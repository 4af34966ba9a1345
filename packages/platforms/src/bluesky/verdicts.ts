/**
 * What a server's answers mean. A refusal by name means the same everywhere; an answer that proves nothing is
 * harmless before the call that publishes, and open after it.
 */
import type { Unknown } from "@punctual/core";
import type { HttpResult } from "../http.ts";
import { parseFields } from "../json-answer.ts";
import { platformReason } from "../platform-reason.ts";
import { retryAfterMs } from "../retry-after.ts";
import { type Answer, createVerdicts, type Refusal, type VerdictContext } from "../verdict.ts";
import { blueskyLimits } from "./limits.ts";

export const blueskyVerdicts = createVerdicts({ readRefusal, described });

/** The call that publishes. @param uri where its record is, if it was written */
export function sendVerdict(result: HttpResult, uri: string, context: VerdictContext): Refusal | Unknown {
  if (result.kind === "answer" && errorName(result.body) === "InvalidSwap") {
    return { kind: "rejected", category: "duplicate", externalId: uri, ...described(result, context) };
  }
  return blueskyVerdicts.ofSend(result, context);
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
