/** The ledger summed up: what a test or a chaos run asks first. */
import type { Ledger } from "./ledger.ts";

export interface PlatformStatistics {
  accepted: number;
  repeats: number;
  /** Repeats whose body was not the one that had been accepted. */
  changedRepeats: number;
  refused: number;
  /** Posts that became visible more than once. */
  duplicated: number;
}

export interface LedgerStatistics {
  platforms: Record<string, PlatformStatistics>;
  /** Posts that became visible more than once, on all platforms together. */
  duplicated: number;
  /** Their ids, at most a hundred. */
  duplicatedPostIds: string[];
  dropped: number;
}

const duplicatedPostIdsMax = 100;

export function summarize(ledger: Ledger): LedgerStatistics {
  const platforms: Record<string, PlatformStatistics> = {};
  // By post, not by account or key: a post sent to the wrong account or under a second key is a double as well.
  const timesVisible = new Map<string, number>();
  const duplicatedPostIds: string[] = [];
  let duplicated = 0;

  for (const entry of ledger.after(0)) {
    const sums = (platforms[entry.platform] ??= {
      accepted: 0,
      repeats: 0,
      changedRepeats: 0,
      refused: 0,
      duplicated: 0,
    });
    if (entry.outcome === "refused") sums.refused += 1;
    if (entry.outcome === "repeat") sums.repeats += 1;
    if (entry.outcome === "repeat" && entry.bodyChanged) sums.changedRepeats += 1;
    if (entry.outcome !== "accepted") continue;
    sums.accepted += 1;
    if (entry.postId === null) continue;
    const post = `${entry.platform}\n${entry.postId}`;
    const times = (timesVisible.get(post) ?? 0) + 1;
    timesVisible.set(post, times);
    if (times !== 2) continue;
    sums.duplicated += 1;
    duplicated += 1;
    if (duplicatedPostIds.length < duplicatedPostIdsMax) duplicatedPostIds.push(entry.postId);
  }
  return { platforms, duplicated, duplicatedPostIds, dropped: ledger.dropped() };
}
