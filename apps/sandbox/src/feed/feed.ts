/** The ledger as a reader sees it: accounts, their posts, and what became of each post on its way. */
import type { Ledger, LedgerEntry } from "../ledger/ledger.ts";

export interface AccountSummary {
  platform: string;
  account: string;
  posts: number;
  repeats: number;
  refused: number;
  latestAt: string;
}

export interface FeedPost {
  entry: LedgerEntry;
  /** Deliveries of it that came again and changed nothing. */
  repeats: number;
}

export interface FeedPage {
  posts: FeedPost[];
  /** Where the next older page begins; null if this is the last. */
  older: number | null;
}

/** Every account something arrived for, the latest first. */
export function summarizeAccounts(ledger: Ledger): AccountSummary[] {
  const accounts = new Map<string, AccountSummary>();
  for (const { platform, account, outcome, receivedAt } of ledger.newest()) {
    const id = `${platform}\n${account}`;
    let summary = accounts.get(id);
    if (summary === undefined) {
      summary = { platform, account, posts: 0, repeats: 0, refused: 0, latestAt: receivedAt };
      accounts.set(id, summary);
    }
    if (outcome === "accepted") summary.posts += 1;
    else if (outcome === "repeat") summary.repeats += 1;
    else summary.refused += 1;
  }
  return [...accounts.values()];
}

/** @param before only posts with a lower sequence number */
export function readFeed(
  ledger: Ledger,
  { platform, account, before, postsMax }: { platform: string; account: string; before: number; postsMax: number },
): FeedPage {
  const posts: FeedPost[] = [];
  const repeats = new Map<string | null, number>();
  for (const entry of ledger.newest()) {
    if (entry.platform !== platform || entry.account !== account) continue;
    // A repeat is younger than its post, so all of them are counted by the time the post comes up.
    if (entry.outcome === "repeat") repeats.set(entry.externalId, (repeats.get(entry.externalId) ?? 0) + 1);
    if (entry.outcome !== "accepted" || entry.sequence >= before) continue;
    const last = posts.at(-1);
    if (posts.length >= postsMax && last !== undefined) return { posts, older: last.entry.sequence };
    posts.push({ entry, repeats: repeats.get(entry.externalId) ?? 0 });
  }
  return { posts, older: null };
}

/** Everything that arrived for the post of an entry, oldest first. */
export function readDeliveries(ledger: Ledger, { platform, account, postId, externalId }: LedgerEntry): LedgerEntry[] {
  const deliveries: LedgerEntry[] = [];
  for (const entry of ledger.after(0)) {
    if (entry.platform !== platform || entry.account !== account) continue;
    if (entry.externalId === externalId || (postId !== null && entry.postId === postId)) deliveries.push(entry);
  }
  return deliveries;
}
