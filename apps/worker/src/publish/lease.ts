/** Working under a lease that is renewed meanwhile, and being told when it is lost. */
import { setTimeout as delay } from "node:timers/promises";

export interface LeaseTimes {
  leaseMs: number;
  renewIntervalMs: number;
}

/**
 * The signal aborts when the lease is another's, or has run out while nobody answered.
 *
 * @param renew false: it is another's; a throw is no answer
 * @param sinceHeldMs a stopwatch started before the lease was asked for
 */
export async function whileRenewed<Result>(
  { leaseMs, renewIntervalMs }: LeaseTimes,
  { renew, sinceHeldMs }: { renew: () => Promise<boolean>; sinceHeldMs: () => number },
  work: (lost: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const lost = new AbortController();

  async function keepRenewing(): Promise<void> {
    let sinceMs = sinceHeldMs;
    while (!stop.signal.aborted) {
      await delay(renewIntervalMs, undefined, { signal: stop.signal }).catch(() => {});
      if (stop.signal.aborted) return;
      const sinceAskedMs = stopwatch();
      const held = await renew().catch(() => null);
      if (held === true) sinceMs = sinceAskedMs;
      // No answer is not yet a loss; a lease that ran out is.
      if (held === false || sinceMs() > leaseMs) return lost.abort();
    }
  }

  const renewing = keepRenewing();
  try {
    return await work(lost.signal);
  } finally {
    stop.abort();
    await renewing;
  }
}

/** Runs from now on; says how long, in milliseconds, by the clock that has gone further. */
export function stopwatch(): () => number {
  const [started, wallStarted] = [performance.now(), Date.now()];
  return () => Math.max(performance.now() - started, Date.now() - wallStarted);
}
