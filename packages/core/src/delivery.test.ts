import { expect, test } from "vitest";
import { deliveryAttemptsMax, deliveryRules, deliveryWaitMs } from "./delivery.ts";

const attempts = Array.from({ length: deliveryAttemptsMax }, (_value, index) => index + 1);

test("a delivery is tried again soon at first, and for more than a day in all, whatever chance says", () => {
  for (const random of [0, 0.5, 0.999]) {
    const waits = attempts.map((attempt) => deliveryWaitMs(attempt, random));
    expect(waits.at(-1)).toBeNull();
    const told = waits.filter((wait) => wait !== null);
    expect(told).toHaveLength(deliveryAttemptsMax - 1);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told[0]).toBeLessThanOrEqual(6_000);
    expect(told.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(3 * 86_400_000);
  }
});

test("two deliveries that failed together come back apart", () => {
  expect(deliveryWaitMs(2, 0.1)).not.toBe(deliveryWaitMs(2, 0.9));
});

test("an endpoint that asks for patience gets it, within a day", () => {
  expect(deliveryWaitMs(1, 0, { waitMs: 60_000 })).toBe(60_000);
  expect(deliveryWaitMs(2, 0, { waitMs: 1_000 })).toBe(300_000);
  expect(deliveryWaitMs(1, 0, { waitMs: 1e12 })).toBe(deliveryRules.toldWaitMaxMs);
});

test("an endpoint that is gone is not tried again", () => {
  expect(deliveryWaitMs(1, 0, { gone: true })).toBeNull();
});
