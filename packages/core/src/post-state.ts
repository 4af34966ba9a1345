/**
 * The states of a post and the changes between them, once, as data. Whatever changes a post's state, in SQL or in
 * TypeScript, does it along this table; `docs/states.md` is drawn from it and a test compares the two.
 */

export const postStatuses = [
  "scheduled",
  "publishing",
  "retrying",
  "unconfirmed",
  "held",
  "published",
  "failed",
  "missed",
  "cancelled",
] as const;
export type PostStatus = (typeof postStatuses)[number];

/** Waiting for its instant or its next attempt: a job in Redis should stand for it. */
export const waitingStatuses = ["scheduled", "retrying"] as const satisfies readonly PostStatus[];

/** Nothing happens to these by itself any more. */
export const endedStatuses = ["published", "failed", "missed", "cancelled"] as const satisfies readonly PostStatus[];

/** A post may be cancelled from these, unless its outcome is open. */
export const cancellableStatuses = ["scheduled", "retrying", "held"] as const satisfies readonly PostStatus[];

export const postTransitions: Readonly<Record<PostStatus, readonly PostStatus[]>> = {
  scheduled: ["publishing", "cancelled", "missed", "held"],
  publishing: ["published", "retrying", "failed", "unconfirmed", "held"],
  retrying: ["publishing", "scheduled", "cancelled", "missed", "held"],
  unconfirmed: ["published", "retrying", "failed"],
  held: ["scheduled", "missed", "cancelled"],
  published: [],
  failed: ["scheduled"],
  missed: ["scheduled"],
  cancelled: [],
};

export type HeldReason = "paused" | "needs_reconnect";
