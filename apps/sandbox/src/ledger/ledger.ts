/**
 * What really happened, as the far side of the wire saw it: the only witness of truth when a client's own records
 * are in doubt. An entry is written in the moment its effect happens, before any answer leaves, so that an answer
 * that is lost, delayed or garbled changes nothing about it. Kept in memory; when it is full the oldest entries go
 * and are counted: a ledger with `dropped > 0` no longer knows everything.
 */
import type { Content } from "./content.ts";

/**
 * `accepted`: the post became visible. `repeat`: it was visible already, recognised by its key, and nothing happened.
 * `refused`: it certainly did not become visible by this call.
 */
export type LedgerOutcome = "accepted" | "repeat" | "refused";

export interface NewLedgerEntry {
  platform: string;
  account: string;
  /** The sender's id of the post, whatever key the protocol went by: two accepted entries with one id are a double. */
  postId: string | null;
  /** The sender's revision of it, if the protocol carries one. */
  revision: number | null;
  /** What the protocol recognises a repeat by, if it can: `webhook-id`, `Idempotency-Key`, a handle. */
  key: string | null;
  outcome: LedgerOutcome;
  /** The status answered; null if no whole answer was given. */
  status: number | null;
  /** The kind of fault that was applied, if one was. */
  fault: string | null;
  /** Why it was refused; null otherwise. */
  reason: string | null;
  /** The platform's id of the visible post; of a repeat, the id of the first. */
  externalId: string | null;
  externalUrl: string | null;
  /** On a repeat: whether its body differs from the one that was accepted. */
  bodyChanged: boolean;
  /** Those headers that matter, in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The post's body as it came. */
  body: string;
  content: Content;
}

export interface LedgerEntry extends NewLedgerEntry {
  /** Counts up by one with every entry and is never reused. */
  sequence: number;
  /** RFC 3339, UTC, milliseconds. */
  receivedAt: string;
}

export interface LedgerLimits {
  entriesMax: number;
  /** Of all bodies and texts together, in UTF-16 code units. */
  charactersMax: number;
}

export interface Ledger {
  record(entry: NewLedgerEntry): LedgerEntry;
  /** Oldest first, beginning after the entry with that sequence number. */
  after(sequence: number): Iterable<LedgerEntry>;
  /** Newest first. */
  newest(): Iterable<LedgerEntry>;
  /** The first accepted entry under a key, by which a platform recognises a repeat. */
  acceptedUnder(platform: string, account: string, key: string): LedgerEntry | undefined;
  /** The accepted entry with a platform's id. */
  published(platform: string, account: string, externalId: string): LedgerEntry | undefined;
  /** How many entries went because the ledger was full, since it was last cleared. */
  dropped(): number;
  /** Forgets all, keys included, and says how many entries went. Sequence numbers go on. */
  clear(): number;
}

export function createLedger({ entriesMax, charactersMax }: LedgerLimits): Ledger {
  let entries: LedgerEntry[] = [];
  /** Entries before this index are dropped and wait for the array to be cut. */
  let start = 0;
  let characters = 0;
  let dropped = 0;
  let sequence = 0;
  const byKey = new Map<string, LedgerEntry>();
  const byExternalId = new Map<string, LedgerEntry>();

  function dropOldest(): void {
    const entry = entries[start];
    if (entry === undefined) return;
    start += 1;
    dropped += 1;
    characters -= weight(entry);
    for (const [index, id] of [[byKey, entry.key] as const, [byExternalId, entry.externalId] as const]) {
      const name = indexName(entry.platform, entry.account, id ?? "");
      if (index.get(name) === entry) index.delete(name);
    }
    // Cutting only now and then keeps the cost of a drop constant.
    if (start > 1_024 && start * 2 > entries.length) {
      entries = entries.slice(start);
      start = 0;
    }
  }

  return {
    record(given) {
      sequence += 1;
      const entry: LedgerEntry = { sequence, receivedAt: new Date().toISOString(), ...given };
      entries.push(entry);
      characters += weight(entry);
      if (entry.outcome === "accepted") {
        const { platform, account, key, externalId } = entry;
        const name = key === null ? null : indexName(platform, account, key);
        if (name !== null && !byKey.has(name)) byKey.set(name, entry);
        if (externalId !== null) byExternalId.set(indexName(platform, account, externalId), entry);
      }
      while (entries.length - start > entriesMax || (characters > charactersMax && entries.length - start > 1)) {
        dropOldest();
      }
      return entry;
    },
    *after(last) {
      const first = entries[start]?.sequence ?? 0;
      for (let index = start + Math.max(0, last + 1 - first); index < entries.length; index += 1) {
        yield entries[index] as LedgerEntry;
      }
    },
    *newest() {
      for (let index = entries.length - 1; index >= start; index -= 1) yield entries[index] as LedgerEntry;
    },
    acceptedUnder: (platform, account, key) => byKey.get(indexName(platform, account, key)),
    published: (platform, account, externalId) => byExternalId.get(indexName(platform, account, externalId)),
    dropped: () => dropped,
    clear() {
      const count = entries.length - start;
      entries = [];
      start = 0;
      characters = 0;
      dropped = 0;
      byKey.clear();
      byExternalId.clear();
      return count;
    },
  };
}

function weight(entry: LedgerEntry): number {
  return entry.body.length + entry.content.text.length;
}

function indexName(platform: string, account: string, id: string): string {
  return `${platform}\n${account}\n${id}`;
}
