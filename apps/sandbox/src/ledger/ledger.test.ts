import { expect, test } from "vitest";
import { createLedger, type NewLedgerEntry } from "./ledger.ts";
import { summarize } from "./statistics.ts";

const roomy = { entriesMax: 1_000, charactersMax: 1_000_000 };

function entryOf(given: Partial<NewLedgerEntry>): NewLedgerEntry {
  return {
    platform: "webhook",
    account: "a",
    postId: "post-1",
    revision: null,
    key: "post-1",
    outcome: "accepted",
    status: 200,
    fault: null,
    reason: null,
    externalId: "x-1",
    externalUrl: null,
    bodyChanged: false,
    headers: {},
    body: "",
    content: { text: "", media: [], link: null, scheduledAt: null },
    ...given,
  };
}

test("a full ledger drops its oldest entries, counts them, and forgets their keys", () => {
  const ledger = createLedger({ ...roomy, entriesMax: 3 });
  for (const n of [1, 2, 3, 4, 5]) ledger.record(entryOf({ key: `k${n}`, externalId: `x${n}` }));

  expect([...ledger.after(0)].map(({ sequence }) => sequence)).toEqual([3, 4, 5]);
  expect(ledger.dropped()).toBe(2);
  expect(ledger.acceptedUnder("webhook", "a", "k2")).toBeUndefined();
  expect(ledger.published("webhook", "a", "x2")).toBeUndefined();
  expect(ledger.acceptedUnder("webhook", "a", "k3")?.sequence).toBe(3);
});

test("reading goes on after a sequence number, also when the entries before it were dropped", () => {
  const ledger = createLedger({ ...roomy, entriesMax: 2_000 });
  for (let n = 1; n <= 6_000; n += 1) ledger.record(entryOf({ key: `k${n}` }));

  expect([...ledger.after(5_997)].map(({ sequence }) => sequence)).toEqual([5_998, 5_999, 6_000]);
  expect([...ledger.after(0)]).toHaveLength(2_000);
  expect([...ledger.after(0)][0]?.sequence).toBe(4_001);
  expect([...ledger.after(6_000)]).toEqual([]);
  expect([...ledger.newest()].slice(0, 2).map(({ sequence }) => sequence)).toEqual([6_000, 5_999]);
});

test("large bodies push old entries out before the number of entries does", () => {
  const ledger = createLedger({ ...roomy, charactersMax: 100 });
  for (let n = 0; n < 4; n += 1) ledger.record(entryOf({ body: "x".repeat(40) }));
  expect([...ledger.after(0)]).toHaveLength(2);
  expect(ledger.dropped()).toBe(2);

  ledger.record(entryOf({ body: "x".repeat(500) }));
  expect([...ledger.after(0)]).toHaveLength(1);
});

test("clearing forgets everything, keys included, and sequence numbers go on", () => {
  const ledger = createLedger(roomy);
  ledger.record(entryOf({}));
  expect(ledger.clear()).toBe(1);
  expect(ledger.acceptedUnder("webhook", "a", "post-1")).toBeUndefined();
  expect(ledger.record(entryOf({})).sequence).toBe(2);
});

test("a key is remembered per platform and account", () => {
  const ledger = createLedger(roomy);
  ledger.record(entryOf({}));
  expect(ledger.acceptedUnder("webhook", "b", "post-1")).toBeUndefined();
  expect(ledger.acceptedUnder("other", "a", "post-1")).toBeUndefined();
});

test("a post visible twice counts as duplicated once, under other keys and on other accounts too", () => {
  const ledger = createLedger(roomy);
  ledger.record(entryOf({ postId: "p1", key: "k1" }));
  ledger.record(entryOf({ postId: "p1", key: "k2" }));
  ledger.record(entryOf({ postId: "p1", key: "k3", account: "b" }));
  ledger.record(entryOf({ postId: "p2" }));
  ledger.record(entryOf({ postId: "p2", outcome: "repeat", bodyChanged: true }));
  ledger.record(entryOf({ postId: "p3", outcome: "refused" }));
  ledger.record(entryOf({ postId: "p3" }));
  // The same id on another platform is another post.
  ledger.record(entryOf({ postId: "p3", platform: "other" }));

  expect(summarize(ledger)).toEqual({
    platforms: {
      webhook: { accepted: 5, repeats: 1, changedRepeats: 1, refused: 1, duplicated: 1 },
      other: { accepted: 1, repeats: 0, changedRepeats: 0, refused: 0, duplicated: 0 },
    },
    duplicated: 1,
    duplicatedPostIds: ["p1"],
    dropped: 0,
  });
});
