/**
 * A claim this process holds: how long it may act on it, and how it keeps it while preparing. Deadlines are taken
 * before the database was asked, so they always end before the lease does, and a process that was frozen in between
 * finds them over. They are kept by two clocks: the monotonic one, which nobody sets, stands still while the machine is
 * suspended; the wall clock goes on.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Checkpoint, Platform } from "@punctual/core";
import { enterSending, renewLease, saveClaimCheckpoint, type ClaimRequest, type Database } from "@punctual/db";

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

/** Runs from now on; says how long, in milliseconds, by the clock that has gone further. */
export function stopwatch(): () => number {
  const [started, wallStarted] = [performance.now(), Date.now()];
  return () => Math.max(performance.now() - started, Date.now() - wallStarted);
}

/** @param sinceAskedMs a stopwatch started before the claim was asked for */
export function holdClaim(
  database: Database,
  claim: { platform: Platform; postId: string; token: string; sinceAskedMs: () => number },
): Claim {
  const { platform, postId, token, sinceAskedMs } = claim;
  let sinceSendingMs = sinceAskedMs;

  async function renew(stop: AbortSignal, lost: AbortController): Promise<void> {
    let sinceHeldMs = sinceAskedMs;
    while (!stop.aborted) {
      await delay(claimTimes.renewIntervalMs, undefined, { signal: stop }).catch(() => {});
      if (stop.aborted) return;
      const sinceRenewingMs = stopwatch();
      const held = await renewLease(database, { postId, claimToken: token, leaseMs: claimTimes.prepareLeaseMs }).catch(
        () => null,
      );
      if (held === true) sinceHeldMs = sinceRenewingMs;
      // No answer is not yet a loss; a lease that ran out is.
      if (held === false || sinceHeldMs() > claimTimes.prepareLeaseMs) return lost.abort();
    }
  }

  return {
    token,
    sendTimeLeftMs: () => platform.sendTimeoutMs - sinceSendingMs(),
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
