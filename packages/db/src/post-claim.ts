/**
 * Taking a post to publish it: the fence everything rests on. One statement asks every question (is it due, is the
 * revision current, may its account publish) and, if all answers are yes, makes the caller its only holder. Jobs,
 * clocks and locks elsewhere may be wrong; whoever loses here does nothing.
 */
import type { Checkpoint, OutgoingPost, PostStatus, RateLimit } from "@punctual/core";
import type { Database } from "./database.ts";
import { claimAlone } from "./lone-claim.ts";
import { claimTogether } from "./gathered-claims.ts";

export interface ClaimRequest {
  postId: string;
  revision: number;
  /** Fresh for every claim. */
  claimToken: string;
  worker: string;
  /** Where there is nothing to prepare, the claim itself commits `sending`. */
  phase: "preparing" | "sending";
  /** How long the claim holds unless renewed, in milliseconds. */
  leaseMs: number;
  /** For posts that need no preparing, or not any more: they are claimed as `sending`, for so many milliseconds. */
  sendLeaseMs?: number;
  /** The platform's limits; a slot of each is taken with the post, or neither is. */
  limits?: readonly RateLimit[];
}

/** A post this process holds now. */
export interface ClaimedPost extends OutgoingPost {
  platform: string;
  attempt: number;
  attemptsUsed: number;
  maxAttempts: number;
  outcomeOpen: boolean;
  phase: "preparing" | "sending";
  /** The span of the request that accepted this revision (W3C traceparent), where traces are kept. */
  traceParent?: string | null;
  checkpoint: Checkpoint | null;
  account: {
    settings: Record<string, unknown>;
    /** Sealed. */
    credentials: string;
    credentialsVersion: number;
    sandbox: boolean;
  };
  /** Since when the machine has these credentials from the platform, in milliseconds; null: a person gave them. */
  renewedAgoMs: number | null;
}

export type ClaimResult =
  | { kind: "claimed"; post: ClaimedPost }
  /** Waiting, but its time has not come. */
  | { kind: "not_due"; dueInMs: number; generation: number }
  /** Waiting and due, but somebody is still at preparing it ahead. */
  | { kind: "being_prepared"; generation: number }
  /** Waiting and due, but a limit has no slot left or the platform said to wait. */
  | { kind: "limited"; generation: number }
  /** Waiting and due, but its account may not publish. */
  | { kind: "account_closed"; socialAccountId: string }
  /** Ended, held, taken by another, another revision, past its grace, or no such post. */
  | { kind: "not_claimable"; status: PostStatus | null };

/** Claims a post if it may be claimed, and tells why if not. Claims made at the same time share a statement. */
export async function claimPost(database: Database, request: ClaimRequest): Promise<ClaimResult> {
  const { phase, sendLeaseMs, limits = [] } = request;
  const isPlain = phase === "sending" && sendLeaseMs === undefined && limits.length === 0;
  const post = isPlain ? await claimTogether(database, request) : null;
  // Whoever was not claimed with others is asked about alone: that statement waits for the row, and knows why.
  return post === null ? claimAlone(database, request) : { kind: "claimed", post };
}
