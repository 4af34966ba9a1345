import { expect, test } from "vitest";
import { counted, duration, percent, plain, relative } from "./wording.ts";

test("lengths of time are told to two digits or so", () => {
  const told = [0, 840.4, 999.4, 999.6, 2_440, 59_000, 59_800, 119 * 60_000, 7_200_000, 47 * 3_600_000, 72 * 3_600_000];
  expect(told.map(duration)).toEqual([
    "0 ms",
    "840 ms",
    "999 ms",
    "1.0 s",
    "2.4 s",
    "59 s",
    "1 min",
    "119 min",
    "2 h",
    "47 h",
    "3 days",
  ]);
});

test("ages are told as a person would", () => {
  expect([400, 1_500, -59_000, 180_000, -7_200_000].map(relative)).toEqual([
    "now",
    "1 s ago",
    "in 59 s",
    "3 min ago",
    "in 2 h",
  ]);
});

test("only all is 100 %", () => {
  expect([1, 0.99999, 0.95, 0.9499, 0].map(percent)).toEqual(["100 %", "99.9 %", "95.0 %", "94.9 %", "0.0 %"]);
});

test("amounts and codes are words", () => {
  expect([counted(1, "post"), counted(0, "post"), counted(12_345, "post")]).toEqual([
    "1 post",
    "0 posts",
    "12,345 posts",
  ]);
  expect(plain("unknown_outcome")).toBe("unknown outcome");
});
