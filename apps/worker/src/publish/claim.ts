/**
 * A claim this process holds: how long it may act on it, and how it keeps it while preparing. Deadlines are on the
 * monotonic clock and taken before the database was asked, so they always end before the lease does, and a process
 * that was frozen in between finds them over.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Checkpoint, Platform } from "@punctual/core";
import { enterSending, renewLease, type Database } from "@punctual/db";

export interface Claim {
  readonly token: string;
  /** When sending must be over, on the monotonic clock. */
  sendDeadline(): number;
  /** Runs preparation while the lease is renewed; the signal aborts when the claim is lost. */
  whileRenewed<Result>(work: (lost: AbortSignal) => Promise<Result>): Promise<Result>;
  /** Commits `sending`. False: the claim is lost and nothing may be sent. */
  enterSending(checkpoint: Checkpoint): Promise<boolean>;
}

export const claimTimes = {
  /** While preparing, in milliseconds. */
  prepareLeaseMs: 10_000,
  renewIntervalMs: 3_000,
  /** A send's lease outlives its deadline by this much, in milliseconds. */
  sendMarginMs: 5_000,
} as const;

/** Phase and lease to claim with: where there is nothing to prepare, the claim itself commits `sending`. */
export function claimTerms(platform: Platform): { phase: "preparing" | "sending"; leaseMs: number } {
  if (platform.prepare !== undefined) return { phase: "preparing", leaseMs: claimTimes.prepareLeaseMs };
  return { phase: "sending", leaseMs: platform.sendTimeoutMs + claimTimes.sendMarginMs };
}

/** @param askedAt when the claim was asked for, on the monotonic clock */
export function holdClaim(
  database: Database,
  { platform, postId, token, askedAt }: { platform: Platform; postId: string; token: string; askedAt: number },
): Claim {
  let deadline = askedAt + platform.sendTimeoutMs;

  async function renew(stop: AbortSignal, lost: AbortController): Promise<void> {
    let heldUntil = askedAt + claimTimes.prepareLeaseMs;
    while (!stop.aborted) {
      await delay(claimTimes.renewIntervalMs, undefined, { signal: stop }).catch(() => {});
      if (stop.aborted) return;
      const renewedAt = performance.now();
      const held = await renewLease(database, { postId, claimToken: token, leaseMs: claimTimes.prepareLeaseMs }).catch(
        () => null,
      );
      if (held === true) heldUntil = renewedAt + claimTimes.prepareLeaseMs;
      // No answer is not yet a loss; a lease that ran out is.
      if (held === false || performance.now() > heldUntil) return lost.abort();
    }
  }

  return {
    token,
    sendDeadline: () => deadline,
    async whileRenewed(work) {
      const stop = new AbortController();
      const lost = new AbortController();
      const renewing = renew(stop.signal, lost);
      try {
        return await work(lost.signal);
      } finally {
        stop.abort();
        await renewing;
      }
    },
    async enterSending(checkpoint) {
      deadline = performance.now() + platform.sendTimeoutMs;
      const leaseMs = platform.sendTimeoutMs + claimTimes.sendMarginMs;
      return enterSending(database, { postId, claimToken: token, leaseMs, checkpoint });
    },
  };
}
