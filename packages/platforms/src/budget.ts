/** The time several calls in a row may take together, dealt out to each. */
import { setTimeout as pause } from "node:timers/promises";

export interface Budget {
  signal: AbortSignal;
  /** In milliseconds; never negative. */
  leftMs(): number;
  /** For one call: what is left, at most so many milliseconds. */
  forCall(callMaxMs: number): { timeoutMs: number; signal: AbortSignal };
  /** Waits, and says whether there is time for more: false if it was told to stop or all is spent. */
  pause(ms: number): Promise<boolean>;
}

export function createBudget({ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Budget {
  const started = performance.now();
  const leftMs = () => Math.max(0, timeoutMs - (performance.now() - started));
  return {
    signal,
    leftMs,
    forCall: (callMaxMs) => ({ timeoutMs: Math.min(leftMs(), callMaxMs), signal }),
    async pause(ms) {
      if (ms >= leftMs()) return false;
      return pause(ms, true, { signal }).catch(() => false);
    },
  };
}
