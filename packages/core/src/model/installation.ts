/**
 * A whole installation in memory, for thousands of random histories in seconds: rows that change only by the
 * conditional changes packages/db makes, a Redis that is a set of alarm clocks and may forget them, and a network
 * whose ledger is the only witness. What follows an attempt is decided by the very functions that ship.
 */
import { publishJobId, type PublishJobId } from "../job.ts";
import { postTransitions, type PostStatus } from "../post-state.ts";
import type { Guarantee, Settlement } from "../settle.ts";

export interface Row {
  id: string;
  guarantee: Guarantee;
  status: PostStatus;
  revision: number;
  generation: number;
  enqueuedRev: number;
  scheduledAt: number;
  nextAt: number;
  attempts: number;
  attemptsUsed: number;
  maxAttempts: number;
  outcomeOpen: boolean;
  claim: { token: number; leaseUntil: number; phase: "preparing" | "sending" } | null;
  /** When a client was told that the post is cancelled. */
  cancelledAt: number | null;
  confirmAt: number;
  /** Whether the platform's listing, where that is all there is to read, ever shows the post. */
  listed: boolean;
}

export interface LedgerEntry {
  postId: string;
  revision: number;
  at: number;
}

/** Which protection is taken away, to see that its absence shows. */
export type Break = "none" | "fence" | "send-marker" | "stager" | "generation" | "late-success" | "deadline";

export interface Installation {
  now: number;
  readonly rows: Map<string, Row>;
  /** Waiting jobs by id, with the time each fires. Finished ids stay known for a while, as BullMQ keeps them. */
  readonly jobs: Map<string, { ids: PublishJobId; dueAt: number }>;
  readonly knownIds: Set<string>;
  readonly ledger: LedgerEntry[];
  paused: boolean;
}

export function newInstallation(): Installation {
  return { now: 0, rows: new Map(), jobs: new Map(), knownIds: new Set(), ledger: [], paused: false };
}

export function enqueue(world: Installation, row: Row): void {
  const ids = { postId: row.id, revision: row.revision, generation: row.generation };
  const id = publishJobId(ids);
  if (!world.knownIds.has(id)) {
    world.knownIds.add(id);
    world.jobs.set(id, { ids, dueAt: row.nextAt });
  }
  row.enqueuedRev = row.revision;
}

/** Every change of state goes through here and must be in the table. */
export function change(row: Row, status: PostStatus): void {
  if (!postTransitions[row.status].includes(status)) {
    throw new Error(`${row.status} -> ${status} is not in the table`);
  }
  row.status = status;
}

export function tryClaim(
  world: Installation,
  job: PublishJobId,
  token: number,
  terms: ClaimTerms,
  broken: Break,
): Row | null {
  const row = world.rows.get(job.postId)!;
  const waiting = row.status === "scheduled" || row.status === "retrying";
  const allowed = waiting && row.revision === job.revision && row.nextAt <= world.now && !world.paused;
  if (!allowed && broken !== "fence") return null;
  if (broken === "fence") row.status = "publishing";
  else change(row, "publishing");
  row.claim = { token, leaseUntil: world.now + terms.leaseMs, phase: terms.phase };
  row.attempts += 1;
  row.attemptsUsed += 1;
  return row;
}

export interface ClaimTerms {
  phase: "preparing" | "sending";
  leaseMs: number;
}

/** @returns false if the claim is not held any more */
export function trySettle(
  world: Installation,
  row: Row,
  token: number,
  settlement: Settlement,
  needsJob: boolean,
): boolean {
  if (row.status !== "publishing" || row.claim?.token !== token) return false;
  change(row, settlement.status);
  row.claim = null;
  row.outcomeOpen = "outcomeOpen" in settlement && settlement.outcomeOpen;
  if (settlement.status === "retrying") {
    row.nextAt = world.now + settlement.delayMs;
    if (!settlement.counts) row.attemptsUsed -= 1;
  }
  if (settlement.status === "unconfirmed") row.confirmAt = world.now + 5_000;
  if (needsJob) reenter(row);
  return true;
}

export function reenter(row: Row): void {
  row.generation += 1;
  row.enqueuedRev = 0;
}
