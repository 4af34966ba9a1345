/**
 * A claim this process holds: how long it may act on it, and how it keeps it while preparing. Deadlines are taken
 * before the database was asked, so they always end before the lease does, and a process that was frozen in between
 * finds them over. They are kept by two clocks: the monotonic one, which nobody sets, stands still while the machine is
 * suspended; the wall clock goes on.
 */
import type { Checkpoint, Platform } from "@punctual/core";
import { enterSending, renewLease, saveClaimCheckpoint, type ClaimRequest, type Database } from "@punctual/db";
import { stopwatch, whileRenewed } from "./lease.ts";

export interface Claim {
  readonly token: string;
  /** What is left for sending, in milliseconds. Zero or less: too late. */
  sendTimeLeftMs(): number;
  /** Runs preparation while the lease is renewed; the signal aborts when the claim is lost. */
  whileRenewed<Result>(work: (lost: AbortSignal) => Promise<Result>): Promise<Result>;
  /** Keeps what preparing has reached. Throws `claim_lost` if the claim is no longer held. */
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /** Commits `sending`. False: the claim is lost and nothing may be sent. */
  enterSending(checkpoint: Checkpoint | null): Promise<boolean>;
}

export const claimTimes = {
  /** While preparing, in milliseconds. */
  prepareLeaseMs: 10_000,
  renewIntervalMs: 3_000,
  /** A send's lease outlives its deadline by this much, in milliseconds. */
  sendMarginMs: 5_000,
} as const;

/** The post is another's by now; nothing more is to be done for it under this claim. */
export class ClaimLost extends Error {
  override name = "ClaimLost";
  readonly code = "claim_lost";
}

export type ClaimTerms = Pick<ClaimRequest, "phase" | "leaseMs" | "sendLeaseMs" | "limits">;

/** What to claim with: where there is nothing to prepare, the claim itself commits `sending`. */
export function claimTerms(platform: Platform): ClaimTerms {
  const sendLeaseMs = platform.sendTimeoutMs + claimTimes.sendMarginMs;
  const { rateLimits: limits = [] } = platform;
  if (platform.prepare === undefined) return { phase: "sending", leaseMs: sendLeaseMs, limits };
  return { phase: "preparing", leaseMs: claimTimes.prepareLeaseMs, sendLeaseMs, limits };
}

/** @param sinceAskedMs a stopwatch started before the claim was asked for */
export function holdClaim(
  database: Database,
  claim: { platform: Platform; postId: string; token: string; sinceAskedMs: () => number },
): Claim {
  const { platform, postId, token, sinceAskedMs } = claim;
  let sinceSendingMs = sinceAskedMs;
  const { prepareLeaseMs: leaseMs, renewIntervalMs } = claimTimes;
  const times = { leaseMs, renewIntervalMs };
  const renew = () => renewLease(database, { postId, claimToken: token, leaseMs });

  return {
    token,
    sendTimeLeftMs: () => platform.sendTimeoutMs - sinceSendingMs(),
    whileRenewed: (work) => whileRenewed(times, { renew, sinceHeldMs: sinceAskedMs }, work),
    async saveCheckpoint(checkpoint) {
      if (!(await saveClaimCheckpoint(database, { postId, claimToken: token, checkpoint }))) throw new ClaimLost();
    },
    async enterSending(checkpoint) {
      sinceSendingMs = stopwatch();
      const leaseMs = platform.sendTimeoutMs + claimTimes.sendMarginMs;
      return enterSending(database, { postId, claimToken: token, leaseMs, checkpoint });
    },
  };
}
