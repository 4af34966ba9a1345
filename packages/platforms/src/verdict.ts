/**
 * What an answer means, as far as it is the same for every platform whose refusals can be believed: a call that shows
 * readers nothing proves by any answer that nothing is visible; after the call that publishes, nobody knows without a
 * clear refusal.
 */
import type { FailureDetail, Reconnect, Rejected, Retry, Unknown, Wait } from "@punctual/core";
import { privateAddressCode } from "./address-guard.ts";
import type { HttpResult } from "./http.ts";

export interface VerdictContext {
  credentialsVersion: number;
  /** Texts that must not reach a message: the post's own and everything secret of its account. */
  neverShown: readonly string[];
  now: Date;
}

export type Answer = Extract<HttpResult, { kind: "answer" }>;
/** Certainly nothing is visible. */
export type Refusal = Retry | Wait | Reconnect | Rejected;

export interface Verdicts {
  /** Of a call that shows readers nothing. */
  ofPrepare(result: HttpResult, context: VerdictContext): Refusal;
  /** Of the call that publishes. */
  ofSend(result: HttpResult, context: VerdictContext): Refusal | Unknown;
}

/** A call that could not even be tried, because something of this installation or the account is not set. */
export const misconfiguredCode = "misconfigured";

/**
 * @param reader.readRefusal what a certain no means; null for an answer that is none
 * @param reader.described the platform's code and reason
 */
export function createVerdicts(reader: {
  readRefusal: (answer: Answer, context: VerdictContext) => Refusal | null;
  described: (answer: Answer, context: VerdictContext) => FailureDetail & { httpStatus: number };
}): Verdicts {
  const { readRefusal, described } = reader;
  return {
    ofPrepare(result, context) {
      if (result.kind !== "answer") return unsent(result);
      return readRefusal(result, context) ?? { kind: "retry", category: "platform", ...described(result, context) };
    },
    ofSend(result, context) {
      if (result.kind === "not_sent") return unsent(result);
      if (result.kind === "lost") return { kind: "unknown", code: result.code, message: result.message };
      return readRefusal(result, context) ?? { kind: "unknown", ...described(result, context) };
    },
  };
}

export function isSuccess(result: HttpResult): result is Answer {
  return result.kind === "answer" && result.status >= 200 && result.status < 300;
}

function unsent({ code, message }: Exclude<HttpResult, Answer>): Refusal {
  if (code === privateAddressCode) return { kind: "rejected", category: "rejected", code, message };
  if (code === misconfiguredCode) return { kind: "retry", category: "internal", code, message };
  return { kind: "retry", category: "network", code, message };
}
