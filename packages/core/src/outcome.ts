/**
 * What one attempt to publish came to. The set is closed: an adapter answers with exactly one of these, and
 * everything that follows is a pure function of it (`settle`).
 */

export const failureCategories = [
  "network",
  "platform",
  "rate_limited",
  "auth",
  "permission",
  "rejected",
  "duplicate",
  "unknown_outcome",
  "internal",
] as const;
export type FailureCategory = (typeof failureCategories)[number];

/** Why something did not work. `message` is cleaned: no secret and no text of the post is in it. */
export interface FailureDetail {
  /** Stable, for programs: `http_503`, `connection_refused`, a platform's own code. */
  code: string;
  /** For people. */
  message: string;
  /** The platform's HTTP status, if it answered. */
  httpStatus?: number;
}

export interface Published {
  kind: "published";
  /** The platform's id of the post. */
  externalId?: string;
  externalUrl?: string;
  httpStatus?: number;
}

/** Certainly not published; worth another attempt. */
export interface Retry extends FailureDetail {
  kind: "retry";
  category: "network" | "platform" | "internal";
  /** The platform asked to wait this long, in milliseconds. */
  notBeforeMs?: number;
}

/** Certainly not published; a limit is in the way. Costs no attempt. */
export interface Wait extends FailureDetail {
  kind: "wait";
  /** How long to wait, in milliseconds. */
  waitMs: number;
  /** Whom the limit is against, if more than this post: nothing of theirs is tried before. Default: the post. */
  scope?: "post" | "account" | "app";
}

/** Certainly not published; the account, not the post, is at fault. */
export interface Reconnect extends FailureDetail {
  kind: "reconnect";
  category: "auth" | "permission";
  /** The version of the credentials the platform refused. */
  credentialsVersion: number;
}

/** Certainly not published and never will be as it is. */
export interface Rejected extends FailureDetail {
  kind: "rejected";
  category: "rejected" | "duplicate";
  /** The id of the post the platform says is there already, if it names one. */
  externalId?: string;
}

/** The irreversible call was made and its answer is lost. */
export interface Unknown extends FailureDetail {
  kind: "unknown";
}

export type Outcome = Published | Retry | Wait | Reconnect | Rejected | Unknown;

/** The category under which an outcome that is not a success is stored and counted. */
export function categoryOf(outcome: Exclude<Outcome, Published>): FailureCategory {
  switch (outcome.kind) {
    case "retry":
    case "reconnect":
    case "rejected":
      return outcome.category;
    case "wait":
      return "rate_limited";
    case "unknown":
      return "unknown_outcome";
  }
}
