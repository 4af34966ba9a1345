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
export type Break = "none" | "fence" | "send-marker" | "stager" | "generation" | "late-success" | "deadline" | "limit";

export interface Installation {
  now: number;
  readonly rows: Map<string, Row>;
  /** Waiting jobs by id, with the time each fires. Finished ids stay known for a while, as BullMQ keeps them. */
  readonly jobs: Map<string, { ids: PublishJobId; dueAt: number }>;
  readonly knownIds: Set<string>;
  readonly ledger: LedgerEntry[];
  paused: boolean;
  /** Of the network's limit: so many sends in any window. */
  readonly slots: Slot[];
}

export interface Slot {
  freeAt: number;
  /** The claim that has it. */
  token: number | null;
}

export const limit = { max: 6, windowMs: 3_000 } as const;
/** A slot whose attempt is never settled comes back by itself. */
const slotHoldMaxMs = 300_000;

export function newInstallation(): Installation {
  const slots = Array.from({ length: limit.max }, () => ({ freeAt: 0, token: null }));
  return { now: 0, rows: new Map(), jobs: new Map(), knownIds: new Set(), ledger: [], paused: false, slots };
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
  if (allowed && broken !== "limit" && !takeSlot(world, row, token)) return null;
  if (broken === "fence") row.status = "publishing";
  else change(row, "publishing");
  row.claim = { token, leaseUntil: world.now + terms.leaseMs, phase: terms.phase };
  row.attempts += 1;
  row.attemptsUsed += 1;
  return row;
}

/** Who finds none waits until one comes free, which is a window from now at the soonest where it is in use. */
function takeSlot(world: Installation, row: Row, token: number): boolean {
  const slot = world.slots.find(({ freeAt }) => freeAt <= world.now);
  if (slot === undefined) {
    const times = world.slots.map(({ freeAt, token: holder }) =>
      holder === null ? freeAt : world.now + limit.windowMs,
    );
    row.nextAt = Math.min(...times);
    return false;
  }
  slot.freeAt = world.now + slotHoldMaxMs;
  slot.token = token;
  return true;
}

/** Counted from the end of the send, whatever it came to. */
function freeSlot(world: Installation, token: number): void {
  const slot = world.slots.find((candidate) => candidate.token === token);
  if (slot === undefined) return;
  slot.freeAt = world.now + limit.windowMs;
  slot.token = null;
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
  freeSlot(world, token);
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
