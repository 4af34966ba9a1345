/**
 * How lateness is kept by the minute: as counts in buckets, each a tenth wider than the one before, so that any stretch
 * of minutes can be added up and still tells its quantiles to within a tenth. Bucket n ends at 1.1^n - 1 milliseconds.
 */

export const latenessBucketGrowth = 1.1;

export interface LatenessBucket {
  bucket: number;
  count: number;
  /** The greatest lateness in it, in milliseconds. */
  maxMs: number;
}

export interface LatenessSummary {
  count: number;
  /** In milliseconds; null: nothing was published. */
  p50Ms: number | null;
  p99Ms: number | null;
  maxMs: number | null;
}

/** @param buckets in any order, the same one more than once if it is of several minutes or platforms */
export function summarizeLateness(buckets: readonly LatenessBucket[]): LatenessSummary {
  const merged = new Map<number, LatenessBucket>();
  for (const { bucket, count, maxMs } of buckets) {
    const before = merged.get(bucket);
    merged.set(bucket, { bucket, count: count + (before?.count ?? 0), maxMs: Math.max(maxMs, before?.maxMs ?? 0) });
  }
  const sorted = [...merged.values()].toSorted((a, b) => a.bucket - b.bucket);
  const count = sorted.reduce((sum, entry) => sum + entry.count, 0);
  if (count === 0) return { count, p50Ms: null, p99Ms: null, maxMs: null };
  const maxMs = Math.max(...sorted.map((entry) => entry.maxMs));
  return { count, p50Ms: quantile(sorted, count, 0.5), p99Ms: quantile(sorted, count, 0.99), maxMs };
}

function quantile(sorted: readonly LatenessBucket[], count: number, share: number): number {
  const rank = Math.max(1, Math.ceil(share * count));
  let before = 0;
  for (const { bucket, count: here, maxMs } of sorted) {
    if (before + here >= rank) {
      const from = bucket === 0 ? 0 : latenessBucketGrowth ** (bucket - 1) - 1;
      const to = Math.min(latenessBucketGrowth ** bucket - 1, maxMs);
      return Math.max(0, Math.round(from + (to - from) * ((rank - before) / here)));
    }
    before += here;
  }
  return sorted.at(-1)?.maxMs ?? 0;
}
