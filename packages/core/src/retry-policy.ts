/**
 * How long a post waits before its next attempt: exponential backoff with equal jitter. A network fault is retried
 * soon, a platform that answers with an error slower, our own mistakes slowest.
 */

export interface BackoffStep {
  /** Wait after the first attempt, in milliseconds, before jitter. */
  baseMs: number;
  /** Each further wait is this many times the one before. */
  factor: number;
}

export interface RetryPolicy {
  network: BackoffStep;
  platform: BackoffStep;
  internal: BackoffStep;
  /** No wait by backoff is longer, in milliseconds. */
  delayMaxMs: number;
  /** No wait told by a platform is believed beyond this, in milliseconds. */
  toldWaitMaxMs: number;
  /** Waiting for a limit costs no attempt, so nothing else bounds how often: never shorter, in milliseconds. */
  limitWaitMinMs: number;
  /** It doubles with each such wait, up to this, in milliseconds. */
  limitWaitMinMaxMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  network: { baseMs: 2_000, factor: 3 },
  platform: { baseMs: 5_000, factor: 4 },
  internal: { baseMs: 30_000, factor: 4 },
  delayMaxMs: 3_600_000,
  toldWaitMaxMs: 86_400_000,
  limitWaitMinMs: 1_000,
  limitWaitMinMaxMs: 60_000,
};

/**
 * The wait before the next attempt, in milliseconds.
 *
 * @param attemptsUsed how many attempts of the budget are spent, this one included (1 or more)
 * @param random uniform in [0, 1); half of the wait is random, so that posts that failed together come back apart
 */
export function backoffMs(policy: RetryPolicy, step: BackoffStep, attemptsUsed: number, random: number): number {
  const full = Math.min(step.baseMs * step.factor ** (attemptsUsed - 1), policy.delayMaxMs);
  return Math.round(full / 2 + (full / 2) * random);
}
