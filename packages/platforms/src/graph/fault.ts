/**
 * From a call that did not go well to what the attempt came to. Two rules: a call that shows readers nothing proves by
 * any answer that nothing was published; a call that publishes proves nothing by its answer, since posts were live
 * behind 4xx and 5xx answers, until the container or post itself was read.
 */
import type { ConnectedAccount, Outcome, PostContent, Unknown } from "@punctual/core";
import { shownReason } from "../platform-reason.ts";
import { graphErrorCode } from "./error.ts";
import type { GraphFailure } from "./graph-api.ts";
import type { GraphUsage } from "./usage.ts";
import { verdictOf, type GraphVerdict, type GraphVerdicts } from "./verdict.ts";

/** Certainly nothing is visible. */
export type ProvenFault = Exclude<Outcome, { kind: "published" | "unknown" }>;

export interface FaultContext {
  /** Of the credentials the call was made with. */
  credentialsVersion: number;
  /** Texts that must not reach a message: the token and the post's own. */
  neverShown: readonly string[];
}

export function faultContextOf(account: ConnectedAccount, post?: Pick<PostContent, "text" | "media">): FaultContext {
  const written = post === undefined ? [] : [post.text, ...post.media.flatMap(({ alt }) => alt ?? [])];
  const { credentials, credentialsVersion } = account;
  return { credentialsVersion, neverShown: [String(credentials["accessToken"]), ...written] };
}

export const graphWaits = {
  /** A limit in force, where Meta does not say for how long: an hour at least. */
  limitedMs: 3_600_000,
  /** All of a limit is used up by the figures, though calls still pass. */
  usedUpMs: 300_000,
  /** After being blocked for too much activity. */
  blockedMs: 4 * 3_600_000,
} as const;

export interface FaultReader {
  /** Of a call that shows readers nothing, or of one that was proved to have had no effect. */
  proven(failure: GraphFailure, context: FaultContext): ProvenFault;
  /** Of a call that publishes, as long as nothing else is known. */
  ofSend(failure: GraphFailure, context: FaultContext): ProvenFault | Unknown;
  /**
   * Whether the answer is a decision, so that reading the very thing at once tells what became of it. A server in
   * trouble may not have finished what it was asked for.
   */
  isDecision(failure: GraphFailure): boolean;
}

/** @param verdicts what the platform adds to the codes all of them share */
export function createFaultReader(displayName: string, verdicts: GraphVerdicts): FaultReader {
  const verdict = (failure: GraphFailure): GraphVerdict | null =>
    failure.kind === "error" && failure.error !== null ? verdictOf(failure.error, failure.status, verdicts) : null;

  function detail(failure: Extract<GraphFailure, { kind: "error" }>, { neverShown }: FaultContext) {
    const { status, error } = failure;
    const code = error === null ? `http_${status}` : graphErrorCode(error);
    const reason = error === null ? undefined : shownReason(error.message, neverShown);
    const numbers = error === null ? "" : ` (code ${error.code}${error.subcode === null ? "" : `/${error.subcode}`})`;
    const message = `${displayName} answered ${status}${numbers}${reason === undefined ? "" : `: ${reason}`}`;
    return { code, message, httpStatus: status };
  }

  function proven(failure: GraphFailure, context: FaultContext): ProvenFault {
    switch (failure.kind) {
      case "misconfigured":
        return { kind: "retry", category: "internal", code: "misconfigured", message: failure.message };
      case "not_sent":
      case "lost":
        return { kind: "retry", category: "network", code: failure.code, message: failure.message };
      case "error": {
        const fault = detail(failure, context);
        const judged = verdict(failure) ?? (failure.status === 429 ? "limited" : "transient");
        switch (judged) {
          case "transient":
            return { kind: "retry", category: "platform", ...fault };
          case "limited":
          case "app_limited": {
            const { regainMs } = failure.usage;
            const scope = judged === "limited" ? "account" : "app";
            return { kind: "wait", ...fault, scope, waitMs: regainMs ?? graphWaits.limitedMs };
          }
          case "blocked":
            return { kind: "wait", ...fault, scope: "account", waitMs: graphWaits.blockedMs };
          case "auth":
          case "permission":
            return { kind: "reconnect", category: judged, ...fault, credentialsVersion: context.credentialsVersion };
          case "rejected":
          case "duplicate":
            return { kind: "rejected", category: judged, ...fault };
        }
      }
    }
  }

  return {
    proven,
    ofSend(failure, context) {
      if (failure.kind === "error") return { kind: "unknown", ...detail(failure, context) };
      if (failure.kind === "lost") return { kind: "unknown", code: failure.code, message: failure.message };
      return proven(failure, context);
    },
    isDecision(failure) {
      const judged = verdict(failure);
      return judged !== null && judged !== "transient";
    },
  };
}

/** The wait a limit asks for that is in force although the call passed; null: go on. */
export function usageWait(displayName: string, { limited, regainMs }: GraphUsage): ProvenFault | null {
  if (limited === null) return null;
  const message = `${displayName} says that its limit on calls is used up`;
  return { kind: "wait", code: "usage_limit", message, scope: limited, waitMs: regainMs ?? graphWaits.usedUpMs };
}
