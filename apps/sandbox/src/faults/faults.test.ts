import { describe, expect, test } from "vitest";
import { createDice } from "./dice.ts";
import type { FaultRule } from "./fault.ts";
import { createFaults, type FaultTarget } from "./faults.ts";

const target: FaultTarget = { platform: "webhook", account: "a", stage: "publish", postId: "p", key: "k" };
const rule: FaultRule = { times: 1, fault: { kind: "status", status: 503 } };

function faultsWith(...rules: FaultRule[]) {
  const faults = createFaults({ rulesMax: 10 });
  for (const given of rules) faults.add(given);
  return faults;
}

/** Which of 2,000 calls went wrong. */
function hits(seed: number): boolean[] {
  const faults = faultsWith({ ...rule, times: 10_000, probability: 0.25, seed });
  return Array.from({ length: 2_000 }, () => faults.take(target) !== null);
}

describe("which fault applies", () => {
  test("the first rule that matches wins, and the next one when it is used up", () => {
    const faults = faultsWith({ ...rule, times: 2 }, { times: 1, fault: { kind: "reset" } });
    expect([1, 2, 3, 4].map(() => faults.take(target)?.kind)).toEqual(["status", "status", "reset", undefined]);
    expect(faults.list().map(({ applied, remaining }) => [applied, remaining])).toEqual([
      [2, 0],
      [1, 0],
    ]);
  });

  test.each<[what: string, matching: Partial<FaultRule>]>([
    ["platform", { platform: "other" }],
    ["account", { account: "b" }],
    ["post", { postId: "other" }],
    ["stage", { stage: "prepare" }],
  ])("a rule for another %s lets a call pass", (_what, matching) => {
    expect(faultsWith({ ...rule, ...matching }).take(target)).toBeNull();
  });

  test("a post is matched by its own id and by the key it came under", () => {
    expect(faultsWith({ ...rule, postId: "p" }).take(target)).not.toBeNull();
    expect(faultsWith({ ...rule, postId: "k" }).take(target)).not.toBeNull();
  });

  test("a rule that names no stage is about publishing, unless its fault is about look-ups", () => {
    const failing: FaultRule = { times: 9, fault: { kind: "lookup_fail", status: 500 } };
    const lagging: FaultRule = { times: 9, fault: { kind: "lookup_lag", ms: 1 } };
    const kindsAt = (faults: ReturnType<typeof faultsWith>) =>
      (["prepare", "publish", "read", "list"] as const).map((stage) => faults.take({ ...target, stage })?.kind ?? null);
    expect(kindsAt(faultsWith({ ...rule, times: 9 }))).toEqual([null, "status", null, null]);
    expect(kindsAt(faultsWith(failing))).toEqual([null, null, "lookup_fail", "lookup_fail"]);
    expect(kindsAt(faultsWith(lagging))).toEqual([null, null, null, "lookup_lag"]);
  });
});

describe("chance", () => {
  test("the same seed gives the same run, another seed another", () => {
    expect(hits(7)).toEqual(hits(7));
    expect(hits(7)).not.toEqual(hits(8));
  });

  test("about as many calls go wrong as asked", () => {
    const share = hits(1).filter(Boolean).length / 2_000;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.3);
  });

  test("a call that the dice spare is left to the next rule", () => {
    const faults = faultsWith(
      { ...rule, times: 1_000, probability: 0.5, seed: 3 },
      { times: 1_000, fault: { kind: "reset" } },
    );
    const kinds = new Set(Array.from({ length: 100 }, () => faults.take(target)?.kind));
    expect(kinds).toEqual(new Set(["status", "reset"]));
  });

  test("dice are even over ten equal parts", () => {
    const roll = createDice(42);
    const parts = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 100_000; n += 1) {
      const part = Math.floor(roll() * 10);
      parts[part] = (parts[part] ?? 0) + 1;
    }
    for (const count of parts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

test("rules that are used up make room for new ones, rules in force do not", () => {
  const faults = createFaults({ rulesMax: 2 });
  faults.add(rule);
  faults.add({ ...rule, times: 2 });
  expect(faults.add(rule)).toBeNull();
  faults.take(target);
  expect(faults.add(rule)?.id).toBe("3");
  expect(faults.list().map(({ id }) => id)).toEqual(["2", "3"]);
});
