/** Each rule is seen to be broken by just the evidence that breaks it, and by nothing less. */
import { describe, expect, it } from "vitest";
import type { AttemptRow, Evidence, LedgerEntry, PostRow } from "./evidence.ts";
import { findBreaches, type BreachKind } from "./invariants.ts";
import { createJournal, type Journal, type JournalPost } from "./journal.ts";

const due = Date.parse("2026-11-22T10:00:00.000Z");
const id = "01900000-0000-7000-8000-000000000001";

interface Story {
  journal: Journal;
  post: JournalPost;
  row: PostRow;
  attempt: AttemptRow;
  entry: LedgerEntry;
  evidence: Evidence;
}

/** A post that was scheduled, sent once, and published. */
function goodStory(): Story {
  const journal = createJournal(1);
  const post = journal.newPost({ platform: "network", accountId: "account", far: false, scheduledAt: due });
  post.id = id;
  const [version] = post.versions;
  if (version === undefined) throw new Error("a post has a first version");
  version.state = "acknowledged";
  const row: PostRow = {
    id,
    platform: "network",
    accountId: "account",
    text: version.text,
    status: "published",
    revision: 1,
    generation: 0,
    outcomeOpen: false,
    scheduledAt: new Date(due),
    nextAttemptAt: new Date(due),
    latenessMs: 5,
    requestId: null,
  };
  const attempt: AttemptRow = {
    postId: id,
    number: 1,
    worker: "worker1-7",
    phase: "sending",
    outcome: "published",
    code: null,
    startedAt: new Date(due + 5),
    sentAt: new Date(due + 5),
    endedAt: new Date(due + 30),
  };
  const entry: LedgerEntry = {
    sequence: 1,
    receivedAt: new Date(due + 10).toISOString(),
    platform: "network",
    account: "account",
    postId: id,
    outcome: "accepted",
    status: 201,
    fault: null,
    bodyChanged: false,
    content: { text: version.text },
  };
  const evidence: Evidence = {
    posts: [row],
    attempts: new Map([[id, [attempt]]]),
    ledger: new Map([[id, [entry]]]),
    dropped: 0,
    unconfirmed: { became: 0, found: 0, absent: 0 },
  };
  return { journal, post, row, attempt, entry, evidence };
}

function kindsAfter(twist: (story: Story) => void, mayHaveMissed = false): BreachKind[] {
  const story = goodStory();
  twist(story);
  const { evidence, journal } = story;
  const now = new Date(due + 60_000);
  const limit = { scope: "account", max: 2, windowMs: 1_000 } as const;
  const limits = new Map([
    ["network", limit],
    ["another network", limit],
  ]);
  return findBreaches({ evidence, journal, now, limits, mayHaveMissed: () => mayHaveMissed }).map(({ kind }) => kind);
}

const broken: readonly [BreachKind, string, (story: Story) => void][] = [
  ["lost", "an acknowledged post is in no row", ({ evidence }) => evidence.posts.pop()],
  [
    "lost",
    "a post is due and waits for nobody",
    ({ row, evidence }) => {
      row.status = "scheduled";
      evidence.ledger.clear();
    },
  ],
  [
    "doubled",
    "a post is visible twice",
    (story) => entriesOf(story).push({ ...story.entry, sequence: 2 }) && addAttempt(story),
  ],
  ["doubled", "an attempt was recorded as a double", ({ attempt }) => (attempt.outcome = "doubled")],
  ["early", "it was visible before its instant", ({ entry, attempt }) => arriveAt(due - 50, entry, attempt)],
  ["stale", "an edited post went out with its first text", (story) => editTo(story, "acknowledged")],
  ["stale", "a repeat had other bytes", (story) => entriesOf(story).push(repeatOf(story, true)) && addAttempt(story)],
  ["cancelled but published", "cancelling was acknowledged", ({ post }) => (post.cancelledAt = due - 1)],
  ["wrong answer", "published, but nobody can see it", ({ evidence }) => evidence.ledger.clear()],
  ["wrong answer", "failed, but everybody can see it", ({ row }) => (row.status = "failed")],
  ["unannounced send", "no attempt had said that it would send", ({ attempt }) => (attempt.sentAt = null)],
  ["unannounced send", "one attempt sent twice", (story) => entriesOf(story).push(repeatOf(story, false))],
  [
    "unheard success",
    "a worker was answered, declared dead, and not listened to",
    ({ row, attempt }) => {
      row.status = "unconfirmed";
      attempt.code = "worker_lost";
    },
  ],
  [
    "accepted twice",
    "one request made two posts",
    ({ evidence, row }) => evidence.posts.push({ ...row, id: "another" }),
  ],
  [
    "sent while paused",
    "its account was paused",
    ({ journal }) => journal.pauses.push({ accountId: "account", from: due, until: due + 1_000 }),
  ],
  ["over the limit", "a window saw one more than the limit", (story) => addSends(story, [300, 900])],
  [
    "bad answer",
    "a client complained",
    ({ journal }) => journal.complaints.push({ post: id, what: "neither done nor too late" }),
  ],
];

describe("the invariants", () => {
  it("find nothing wrong with a post that was published once, in time, as it was asked for", () => {
    expect(kindsAfter(() => {})).toEqual([]);
  });

  it.each(broken)("say %s when %s", (kind, _when, twist) => {
    expect(new Set(kindsAfter(twist))).toEqual(new Set([kind]));
  });

  it("excuse an old text while the answer to the edit is missing", () => {
    expect(kindsAfter((story) => editTo(story, "asked"))).toEqual([]);
  });

  it("let a post wait in unconfirmed whose worker may have missed the answer", () => {
    const twist = ({ row, attempt }: Story) => {
      row.status = "unconfirmed";
      attempt.code = "worker_lost";
    };
    expect(kindsAfter(twist, true)).toEqual([]);
  });

  it("let a post wait in unconfirmed whose worker says itself that no answer came in time", () => {
    const twist = ({ row, attempt }: Story) => {
      row.status = "unconfirmed";
      attempt.code = "timeout";
    };
    expect(kindsAfter(twist)).toEqual([]);
  });

  it.each<[string, number[]]>([
    ["as many as the limit, and the next one a window after the first", [900, 1_000, 1_900, 2_000]],
    ["one more, of which one crawled in long after it was sent", [300, 20_000 + 600]],
  ])("let an account publish %s", (_what, afterMs) => {
    const crawl = (story: Story) => {
      addSends(story, afterMs);
      for (const entry of [...story.evidence.ledger.values()].flat()) {
        const at = Date.parse(entry.receivedAt);
        if (at > due + 20_000) entry.receivedAt = new Date(at - 20_000).toISOString();
        const [attempt] = story.evidence.attempts.get(entry.postId ?? "") ?? [];
        if (at > due + 20_000 && attempt !== undefined) attempt.sentAt = new Date(at - 40_000);
      }
    };
    expect(kindsAfter(crawl)).toEqual([]);
  });

  it("count accounts of the same name on two networks apart", () => {
    const elsewhere = (story: Story) => {
      addSends(story, [300, 900]);
      for (const entry of story.evidence.ledger.get("another-1") ?? []) entry.platform = "another network";
    };
    expect(kindsAfter(elsewhere)).toEqual([]);
  });

  it("let a post that was never acknowledged be nowhere at all", () => {
    const kinds = kindsAfter(({ post, evidence }) => {
      post.id = null;
      evidence.posts.pop();
    });
    expect(kinds).toEqual([]);
  });
});

function entriesOf({ evidence }: Story): LedgerEntry[] {
  return evidence.ledger.get(id) ?? [];
}

function addAttempt({ evidence, attempt }: Story): void {
  evidence.attempts.get(id)?.push({ ...attempt, number: 2 });
}

/** Other posts of the account, so long after the first one was received. */
function addSends({ evidence, entry, attempt }: Story, afterMs: readonly number[]): void {
  for (const [index, ms] of afterMs.entries()) {
    const postId = `another-${index}`;
    const at = new Date(Date.parse(entry.receivedAt) + ms);
    evidence.ledger.set(postId, [{ ...entry, postId, sequence: index + 2, receivedAt: at.toISOString() }]);
    evidence.attempts.set(postId, [{ ...attempt, postId, sentAt: at }]);
  }
}

function repeatOf({ entry }: Story, bodyChanged: boolean): LedgerEntry {
  return { ...entry, sequence: 2, outcome: "repeat", bodyChanged };
}

function arriveAt(at: number, entry: LedgerEntry, attempt: AttemptRow): void {
  entry.receivedAt = new Date(at).toISOString();
  attempt.sentAt = new Date(at);
}

function editTo({ journal, post }: Story, state: "acknowledged" | "asked"): void {
  journal.newVersion(post, { text: true, scheduledAt: null }).state = state;
}
