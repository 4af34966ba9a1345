/**
 * The promise as questions to the evidence. Pure: given what the clients were told, what the sandbox saw and what
 * Postgres says, which posts break which rule. An empty answer is what a run is for.
 */
import { endedStatuses, type RateLimit } from "@punctual/core";
import type { AttemptRow, Evidence, LedgerEntry, PostRow } from "./evidence.ts";
import { sendTimeoutMs } from "./platforms/test-network.ts";
import { nonceOf, type Journal, type JournalPost } from "./journal.ts";

export const breachKinds = [
  /** Acknowledged and gone, or due and neither ended nor visibly waiting for somebody. */
  "lost",
  /** Visible more than once. */
  "doubled",
  /** Visible before its instant. */
  "early",
  /** Visible with a text or at a time that an acknowledged edit had replaced. */
  "stale",
  /** Visible although "cancelled" was acknowledged. */
  "cancelled but published",
  /** Postgres and the ledger disagree about whether it is visible. */
  "wrong answer",
  /** Something was sent that no attempt had announced. */
  "unannounced send",
  /** A platform's clear answer was thrown away. */
  "unheard success",
  /** The same Idempotency-Key or request made two posts. */
  "accepted twice",
  /** Sent while its account was paused. */
  "sent while paused",
  /** More became visible in a stretch of time than the platform's limit allows. */
  "over the limit",
  /** A waiting post that no live job in Redis stands for. */
  "no job",
  /** The API answered what it never should. */
  "bad answer",
  /** A process ended by itself, or something did not heal. */
  "not healed",
] as const;
export type BreachKind = (typeof breachKinds)[number];

export interface Breach {
  kind: BreachKind;
  post: string | null;
  detail: string;
}

export interface Question {
  evidence: Evidence;
  journal: Journal;
  now: Date;
  /** Per account, by platform. */
  limits: ReadonlyMap<string, RateLimit>;
  /** Whether the worker of an attempt may have missed an answer that left the sandbox whole. */
  mayHaveMissed(attempt: AttemptRow): boolean;
}

/** Clocks are one machine's; this much is rounding. In milliseconds. */
const toleranceMs = 2;

export function findBreaches(question: Question): Breach[] {
  const { evidence, journal } = question;
  const breaches: Breach[] = [];
  const byNonce = Map.groupBy(evidence.posts, ({ text }) => nonceOf(text) ?? "");
  const rows = new Map(evidence.posts.map((row) => [row.id, row]));
  const pausesOf = Map.groupBy(journal.pauses, ({ accountId }) => accountId);

  for (const post of journal.posts) {
    const made = byNonce.get(post.nonce) ?? [];
    if (made.length > 1) {
      breaches.push({
        kind: "accepted twice",
        post: made[0]?.id ?? null,
        detail: `${made.length} posts ${post.nonce}`,
      });
    }
    const row = post.id === null ? made[0] : rows.get(post.id);
    if (row === undefined) {
      if (post.id !== null) breaches.push({ kind: "lost", post: post.id, detail: "acknowledged, but in no row" });
      continue;
    }
    const told = (kind: BreachKind, detail: string) => breaches.push({ kind, post: row.id, detail });
    const entries = evidence.ledger.get(row.id) ?? [];
    const attempts = evidence.attempts.get(row.id) ?? [];
    judgeAnswer(row, entries, question.now, told);
    judgeContent(post, entries, told);
    judgeSends(entries, attempts, told);
    if (row.status === "unconfirmed") judgeSilence(entries, attempts, question, told);
    for (const { startedAt } of attempts) {
      const at = startedAt.getTime();
      const during = pausesOf.get(row.accountId)?.find(({ from, until }) => at > from + toleranceMs && at < until);
      if (during !== undefined) told("sent while paused", `attempt at ${startedAt.toISOString()}`);
    }
  }
  breaches.push(...judgeRates(question));
  for (const { post, what } of journal.complaints) breaches.push({ kind: "bad answer", post, detail: what });
  return breaches;
}

type Tell = (kind: BreachKind, detail: string) => void;

function judgeAnswer(row: PostRow, entries: readonly LedgerEntry[], now: Date, told: Tell): void {
  const visible = entries.filter(({ outcome }) => outcome === "accepted");
  if (visible.length > 1) told("doubled", `visible ${visible.length} times: ${visible.map(describeEntry).join(", ")}`);
  const ended = (endedStatuses as readonly string[]).includes(row.status);
  const waits = row.status === "unconfirmed" || row.status === "held" || row.scheduledAt > now;
  if (!ended && !waits) told("lost", `still ${row.status}`);
  if (row.status === "published" && visible.length === 0) told("wrong answer", "published, but nobody can see it");
  if (row.status !== "published" && row.status !== "unconfirmed" && visible.length > 0) {
    told("wrong answer", `${row.status}${row.outcomeOpen ? " (open)" : ""}, but visible`);
  }
}

function judgeContent(post: JournalPost, entries: readonly LedgerEntry[], told: Tell): void {
  const visible = entries.filter(({ outcome }) => outcome === "accepted");
  if (post.cancelledAt !== null && visible.length > 0) {
    told("cancelled but published", visible.map(describeEntry).join(", "));
  }
  if (entries.some(({ bodyChanged }) => bodyChanged)) told("stale", "a repeat had another body than the first");
  // What was acknowledged last is in force, unless something asked for later is, whose answer got lost.
  const asked = post.versions.filter(({ state }) => state !== "refused");
  const since = asked.findLastIndex(({ state }) => state === "acknowledged");
  const possible = asked.slice(Math.max(0, since));
  for (const { content, receivedAt } of visible) {
    const matching = possible.filter(({ text }) => text === content.text);
    if (matching.length === 0) told("stale", `"${content.text}" at ${receivedAt}`);
    else if (!matching.some((version) => Date.parse(receivedAt) >= (version.scheduledAt ?? 0) - toleranceMs)) {
      told("early", `${receivedAt}, due ${new Date(matching[0]?.scheduledAt ?? 0).toISOString()}`);
    }
  }
}

/** The k-th thing the sandbox got needs k attempts that had announced by then that they would send. */
function judgeSends(entries: readonly LedgerEntry[], attempts: readonly AttemptRow[], told: Tell): void {
  entries.forEach(({ receivedAt }, index) => {
    const at = Date.parse(receivedAt) + toleranceMs;
    const announced = attempts.filter(({ sentAt }) => sentAt !== null && sentAt.getTime() <= at).length;
    if (announced <= index) told("unannounced send", `${index + 1} received by ${receivedAt}, ${announced} announced`);
  });
  const doubled = attempts.find(({ outcome }) => outcome === "doubled");
  if (doubled !== undefined) told("doubled", `attempt ${doubled.number} is recorded as a double`);
}

/** What the rescuer writes in a worker's name. */
const declaredDead = "worker_lost";
const wholeAnswers: ReadonlySet<string | null> = new Set([null, "delay", "slow_response"]);

function judgeSilence(
  entries: readonly LedgerEntry[],
  attempts: readonly AttemptRow[],
  { mayHaveMissed }: Question,
  told: Tell,
): void {
  const answered = entries.find(
    ({ outcome, status, fault }) =>
      outcome === "accepted" && status !== null && status < 300 && wholeAnswers.has(fault),
  );
  if (answered === undefined) return;
  const at = Date.parse(answered.receivedAt);
  const attempt = attempts.findLast(({ sentAt }) => sentAt !== null && sentAt.getTime() <= at + toleranceMs);
  // A worker that says itself that it heard nothing in time was too slow; one declared dead may have been heard out.
  if (attempt?.code === declaredDead && !mayHaveMissed(attempt)) {
    told("unheard success", `${attempt.worker} was answered ${answered.status} and is ${attempt.outcome}`);
  }
}

/** After a send's deadline and the margin of its lease its slot may be another's: what crawls in later is nobody's fault. */
const crawlingMs = sendTimeoutMs + 5_000;

/** In any stretch as long as the window, at most as many as the limit allows, account by account. */
function judgeRates({ evidence, limits }: Question): Breach[] {
  const inTime = (entry: LedgerEntry) => {
    const at = Date.parse(entry.receivedAt);
    const sends = (evidence.attempts.get(entry.postId ?? "") ?? []).flatMap(({ sentAt }) => sentAt?.getTime() ?? []);
    return sends.some((sentAt) => at - sentAt >= -toleranceMs && at - sentAt < crawlingMs);
  };
  const visible = [...evidence.ledger.values()].flat().filter(({ outcome }) => outcome === "accepted");
  const limited = visible.filter((entry) => limits.has(entry.platform) && inTime(entry));
  const breaches: Breach[] = [];
  for (const [account, entries] of Map.groupBy(limited, ({ platform, account: id }) => `${platform} ${id}`)) {
    const { max, windowMs } = limits.get(entries[0]!.platform)!;
    const inOrder = entries.toSorted((a, b) => Date.parse(a.receivedAt) - Date.parse(b.receivedAt));
    const tooMany = inOrder
      .map((_entry, first) => inOrder.slice(first, first + max + 1))
      .find((some) => some.length > max && spanMs(some) < windowMs - toleranceMs);
    if (tooMany === undefined) continue;
    const detail = `${account}: ${tooMany.length} in ${spanMs(tooMany)} ms: ${tooMany.map(describeEntry).join(", ")}`;
    for (const { postId } of tooMany) breaches.push({ kind: "over the limit", post: postId, detail });
  }
  return breaches;
}

/** From the first to the last, in milliseconds. */
function spanMs(inOrder: readonly LedgerEntry[]): number {
  return Date.parse(inOrder.at(-1)!.receivedAt) - Date.parse(inOrder[0]!.receivedAt);
}

function describeEntry({ receivedAt, sequence, fault, content }: LedgerEntry): string {
  return `#${sequence} ${receivedAt} "${content.text}"${fault === null ? "" : ` (${fault})`}`;
}
