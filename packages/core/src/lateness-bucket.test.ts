import { expect, test } from "vitest";
import { latenessBucketGrowth, summarizeLateness, type LatenessBucket } from "./lateness-bucket.ts";

/** As the database sorts them. */
const bucketOf = (ms: number) => Math.ceil(Math.log(ms + 1) / Math.log(latenessBucketGrowth));

function sorted(values: readonly number[]): LatenessBucket[] {
  return values.map((ms) => ({ bucket: bucketOf(ms), count: 1, maxMs: ms }));
}

test("of nothing there is nothing to tell", () => {
  expect(summarizeLateness([])).toEqual({ count: 0, p50Ms: null, p99Ms: null, maxMs: null });
});

test("few milliseconds are told exactly", () => {
  expect(summarizeLateness(sorted([0, 0, 3, 3, 3, 4]))).toEqual({ count: 6, p50Ms: 3, p99Ms: 4, maxMs: 4 });
});

test("quantiles of many are right to within a tenth, the greatest exactly", () => {
  const values = Array.from({ length: 5_000 }, (_, index) => (index * 7_919) % 60_000).toSorted((a, b) => a - b);
  const { p50Ms, p99Ms, maxMs } = summarizeLateness(sorted(values));
  const exact = [values[2_499]!, values[4_949]!];
  for (const [index, told] of [p50Ms, p99Ms].entries()) {
    expect(Math.abs((told ?? 0) - exact[index]!) / exact[index]!).toBeLessThan(0.1);
  }
  expect(maxMs).toBe(values.at(-1));
});

test("buckets of several minutes add up", () => {
  const [minutes, together] = [
    [sorted([5, 100]), sorted([5, 2_000_000_000])].flat(),
    [
      { bucket: bucketOf(5), count: 2, maxMs: 5 },
      { bucket: bucketOf(100), count: 1, maxMs: 100 },
      { bucket: bucketOf(2e9), count: 1, maxMs: 2e9 },
    ],
  ];
  expect(summarizeLateness(minutes)).toEqual(summarizeLateness(together));
});
