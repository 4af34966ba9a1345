import { describe, expect, test } from "vitest";
import { backoffMs, defaultRetryPolicy } from "./retry-policy.ts";

const steps = ["network", "platform", "internal"] as const;
/** The end of the range is open. */
const almostOne = 1 - Number.EPSILON;

describe.each(steps)("after a fault of kind %s", (name) => {
  const step = defaultRetryPolicy[name];
  const wait = (attemptsUsed: number, random: number) => backoffMs(defaultRetryPolicy, step, attemptsUsed, random);

  test("the first wait lies between half of the base and the base", () => {
    expect(wait(1, 0)).toBe(step.baseMs / 2);
    expect(wait(1, almostOne)).toBe(step.baseMs);
  });

  test("every wait is longer than any wait before it, until the cap", () => {
    for (let attempt = 1; attempt < 20; attempt += 1) {
      const capped = step.baseMs * step.factor ** attempt >= defaultRetryPolicy.delayMaxMs;
      if (capped) break;
      expect(wait(attempt + 1, 0), `after attempt ${attempt}`).toBeGreaterThan(wait(attempt, almostOne));
    }
    expect(wait(2, 0)).toBeGreaterThan(wait(1, almostOne));
  });

  test("no wait is longer than the cap, however many attempts are spent", () => {
    const attempts = Array.from({ length: 2_000 }, (_, index) => index + 1);
    const waits = attempts.flatMap((attempt) => [0, 0.5, almostOne].map((random) => wait(attempt, random)));
    expect(waits.every(Number.isSafeInteger)).toBe(true);
    expect(Math.max(...waits)).toBe(defaultRetryPolicy.delayMaxMs);
    expect(Math.min(...waits)).toBe(step.baseMs / 2);
    expect(wait(2_000, 0)).toBe(defaultRetryPolicy.delayMaxMs / 2);
  });

  test("half of the wait is random, so that posts that failed together come back apart", () => {
    const spread = wait(2, almostOne) - wait(2, 0);
    expect(spread).toBe(Math.round((step.baseMs * step.factor) / 2));
    expect(wait(2, 0.5)).toBe(wait(2, 0) + spread / 2);
  });
});

test("a network fault is retried sooner than a platform's error, and our own fault last", () => {
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    const [network = 0, platform = 0, internal = 0] = steps.map((name) =>
      backoffMs(defaultRetryPolicy, defaultRetryPolicy[name], attempt, 0.5),
    );
    expect(network).toBeLessThan(platform);
    expect(platform).toBeLessThan(internal);
  }
});
