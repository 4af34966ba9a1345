import { describe, expect, test } from "vitest";
import { createSlidingWindow } from "./sliding-window.ts";

const windowMs = 60_000;
const stepMs = 5_000;
/** On the edge of a step. */
const start = 1_900_000_000_000;
const open = (limit: number, namesMax = 100) => createSlidingWindow({ limit, windowMs, namesMax });

describe("a name", () => {
  test("may as often as the limit says, and is told what is left", () => {
    const window = open(3);
    const verdicts = [0, 1, 2, 3].map((ms) => window.take("a", start + ms));
    expect(verdicts.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
      [true, 2],
      [true, 1],
      [true, 0],
      [false, 0],
    ]);
    expect(window.take("b", start).allowed).toBe(true);
  });

  test("may again at the told time, and not a millisecond before", () => {
    const window = open(1);
    const takenAt = start + 1_234;
    window.take("a", takenAt);
    const { waitMs } = window.look("a", takenAt);
    expect(waitMs).toBeGreaterThanOrEqual(windowMs);
    expect(waitMs).toBeLessThanOrEqual(windowMs + stepMs);
    expect(window.take("a", takenAt + waitMs - 1).allowed).toBe(false);
    expect(window.take("a", takenAt + waitMs).allowed).toBe(true);
  });

  test("is not kept out by knocking on the closed door", () => {
    const window = open(1);
    window.take("a", start);
    for (let ms = 1; ms < windowMs; ms += 10) expect(window.take("a", start + ms).allowed).toBe(false);
    expect(window.take("a", start + windowMs + stepMs).allowed).toBe(true);
  });

  test("gets room back bit by bit, as what it did goes out of the window", () => {
    const window = open(12);
    for (let step = 0; step < 12; step += 1) window.take("a", start + step * stepMs);
    for (let step = 0; step < 12; step += 1) {
      const nowMs = start + windowMs + (step + 1) * stepMs;
      expect(window.take("a", nowMs).allowed).toBe(true);
      expect(window.take("a", nowMs).allowed).toBe(false);
    }
  });

  test("is told to wait until enough of it is gone, however much there is too much", () => {
    const window = open(2);
    window.take("a", start);
    window.take("a", start + stepMs);
    window.learn("a", new Map([[start / stepMs, 1]]));
    expect(window.look("a", start + stepMs)).toEqual({ allowed: false, remaining: 0, waitMs: windowMs });
    window.learn("a", new Map([[start / stepMs + 1, 1]]));
    expect(window.look("a", start + stepMs).waitMs).toBe(windowMs + stepMs);
  });
});

test("no stretch of the window's length holds more than the limit, whenever it begins", () => {
  const limit = 50;
  const window = open(limit);
  const taken: number[] = [];
  // Bursts at odd moments and a steady trickle, over ten windows: what gets through is what matters.
  let state = 12_345;
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
  for (let nowMs = start; nowMs < start + 10 * windowMs; nowMs += Math.floor(random() * 400)) {
    const burst = random() < 0.05 ? 40 : 1;
    for (let index = 0; index < burst; index += 1) if (window.take("a", nowMs).allowed) taken.push(nowMs);
  }
  const inWindowAfter = taken.map((from) => taken.filter((at) => at >= from && at < from + windowMs).length);
  expect(Math.max(...inWindowAfter)).toBeLessThanOrEqual(limit);
  // It is the limit that holds them back, and it does not hold back more than it must.
  expect(taken.length).toBeGreaterThan(7 * limit);
});

describe("what others counted", () => {
  test("counts as well, in place of what was known before", () => {
    const window = open(10);
    window.take("a", start);
    window.learn("a", new Map([[start / stepMs, 8]]));
    expect(window.look("a", start).remaining).toBe(1);
    window.learn("a", new Map([[start / stepMs, 4]]));
    expect(window.look("a", start).remaining).toBe(5);
  });

  test("counts if their clock is a step ahead, and not if it is far ahead", () => {
    const window = open(10);
    window.take("a", start);
    window.learn(
      "a",
      new Map([
        [start / stepMs + 1, 4],
        [start / stepMs + 100, 5],
      ]),
    );
    expect(window.look("a", start).remaining).toBe(5);
  });

  test("is asked for only where something was asked here, and what is told is what was counted here", () => {
    const window = open(10);
    window.take("a", start);
    window.take("a", start);
    window.take("b", start + stepMs);
    window.learn("a", new Map([[start / stepMs, 8]]));
    expect(window.take("a", start).allowed).toBe(false);
    expect(window.changes(start + stepMs)).toEqual([
      { name: "a", counts: new Map([[start / stepMs, 2]]) },
      { name: "b", counts: new Map([[start / stepMs + 1, 1]]) },
    ]);
    expect(window.changes(start + stepMs)).toEqual([]);
    window.look("a", start + stepMs);
    expect(window.changes(start + stepMs)).toEqual([]);
  });
});

test("memory is bounded: of a hundred thousand names the last ones are remembered", () => {
  const window = open(1, 1_000);
  for (let index = 0; index < 100_000; index += 1) window.take(`name ${index}`, start);
  expect(window.size()).toBe(1_000);
  expect(window.changes(start)).toHaveLength(1_000);
  expect(window.take("name 99999", start).allowed).toBe(false);
  expect(window.take("name 0", start).allowed).toBe(true);
});
