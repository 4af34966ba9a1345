/**
 * Wrong keys and passwords, by where they come from: whoever has tried too many is not answered any more, right or
 * wrong, until some time has passed. Others do not notice. Each API process counts alone, so an attacker gets as many
 * tries as there are processes, times the limit.
 */
import { ProblemError } from "../problem.ts";
import { clientNetwork } from "./client-address.ts";
import { createSlidingWindow, type SlidingWindowOptions } from "./sliding-window.ts";

export interface AttemptLimit {
  /** Why the client at this address is refused; null if it is not. */
  refusal(ip: string): ProblemError | null;
  /** Notes that it tried something wrong. */
  failed(ip: string): void;
}

/** @param what was tried, in the plural, for people */
export function createAttemptLimit(what: string, options: SlidingWindowOptions): AttemptLimit {
  const attempts = createSlidingWindow(options);
  return {
    refusal(ip) {
      const { allowed, waitMs } = attempts.look(clientNetwork(ip), Date.now());
      return allowed ? null : rateLimited(`Too many ${what} came from your address; try again later.`, waitMs);
    },
    failed: (ip) => void attempts.take(clientNetwork(ip), Date.now()),
  };
}

/** 429, for whichever limit. */
export function rateLimited(detail: string, waitMs: number): ProblemError {
  return new ProblemError(429, "rate_limited", detail, { headers: { "retry-after": String(secondsOf(waitMs)) } });
}

/** Rounded up: whoever comes back then is let in. */
export function secondsOf(waitMs: number): number {
  return Math.ceil(waitMs / 1_000);
}
