/** The few numbers a measurement is told in: the middle of several runs, how far apart they were, and percentiles. */

/** The middle of several repetitions and how far they were apart. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** @throws if there are none */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error("nothing was measured");
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error("the median of nothing");
  return (low + high) / 2;
}

/**
 * By nearest rank: the smallest value that at least this share of all values do not exceed.
 *
 * @param sorted ascending
 * @param share between 0 and 1
 */
export function percentile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new Error("a percentile of nothing");
  return value;
}
