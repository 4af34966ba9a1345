/** A modelled attempt, cut into the steps between which anything may happen to the process that makes it. */
import type { PublishJobId } from "../job.ts";
import type { Outcome } from "../outcome.ts";
import { defaultRetryPolicy } from "../retry-policy.ts";
import { settle } from "../settle.ts";
import type { Dice } from "./random.ts";
import { enqueue, reenter, tryClaim, trySettle, type Break, type Installation, type Row } from "./installation.ts";

export const sendTimeoutMs = 15_000;
const leaseMs = sendTimeoutMs + 5_000;

export interface Attempt {
  job: PublishJobId;
  token: number;
  step: "claim" | "send" | "answer" | "record" | "over";
  deadline: number;
  revision: number;
  outcome: Outcome | null;
  /** Until when the process stands still. */
  frozenUntil: number;
}

export function newAttempt(world: Installation, job: PublishJobId, token: number): Attempt {
  return { job, token, step: "claim", deadline: world.now + sendTimeoutMs, revision: 0, outcome: null, frozenUntil: 0 };
}

/** Does the next step. */
export function advance(world: Installation, attempt: Attempt, dice: Dice, broken: Break): void {
  const row = world.rows.get(attempt.job.postId)!;
  switch (attempt.step) {
    case "claim": {
      attempt.deadline = world.now + sendTimeoutMs;
      const phase = broken === "send-marker" ? "preparing" : "sending";
      const claimed = tryClaim(world, attempt.job, attempt.token, { phase, leaseMs }, broken);
      attempt.step = claimed === null ? "over" : "send";
      attempt.revision = row.revision;
      if (claimed === null) putBack(world, attempt, row);
      return;
    }
    case "send":
      attempt.outcome = send(world, attempt, row, dice, broken);
      attempt.step = "answer";
      return;
    case "answer":
      // The platform's answer arrives or is lost.
      if (attempt.outcome?.kind === "published" && dice.chance(0.2)) {
        attempt.outcome = { kind: "unknown", code: "timeout", message: "" };
      }
      attempt.step = "record";
      return;
    case "record":
      record(world, attempt, row, dice, broken);
      attempt.step = "over";
      return;
    case "over":
  }
}

function send(world: Installation, attempt: Attempt, row: Row, dice: Dice, broken: Break): Outcome {
  if (broken !== "deadline" && world.now >= attempt.deadline) {
    return { kind: "retry", category: "network", code: "send_forbidden", message: "" };
  }
  const fate = dice.next();
  if (fate < 0.1) return { kind: "retry", category: "platform", code: "http_503", message: "", httpStatus: 503 };
  if (fate < 0.14) return { kind: "rejected", category: "rejected", code: "http_400", message: "", httpStatus: 400 };
  if (fate < 0.2) return { kind: "wait", waitMs: 3_000, code: "http_429", message: "", httpStatus: 429 };
  if (fate < 0.24) return { kind: "unknown", code: "connection_reset", message: "" };
  const repeat = row.guarantee === "idempotent" && world.ledger.some((entry) => entry.postId === row.id);
  if (!repeat) world.ledger.push({ postId: row.id, revision: attempt.revision, at: world.now });
  return { kind: "published", externalId: row.id };
}

function record(world: Installation, attempt: Attempt, row: Row, dice: Dice, broken: Break): void {
  const outcome = attempt.outcome!;
  const settlement = settle(outcome, {
    attemptsUsed: row.attemptsUsed,
    maxAttempts: row.maxAttempts,
    waitsBefore: row.attempts - row.attemptsUsed,
    guarantee: row.guarantee,
    outcomeOpen: row.outcomeOpen,
    policy: defaultRetryPolicy,
    random: dice.next(),
  });
  if (trySettle(world, row, attempt.token, settlement, false)) return putBack(world, attempt, row);
  if (outcome.kind === "published" && broken !== "late-success" && row.status !== "published") {
    // What the platform did is a fact, whatever state we had come to: the one change outside the table.
    row.status = "published";
    row.claim = null;
    row.outcomeOpen = false;
  }
}

/** The job goes back to delayed while its post waits, unless a younger one stands for it. */
function putBack(world: Installation, { job }: Attempt, row: Row): void {
  const waits = row.status === "scheduled" || row.status === "retrying";
  if (!waits || row.revision !== job.revision || row.generation !== job.generation) return;
  world.jobs.set(`${job.postId}_${job.revision}_${job.generation}`, {
    ids: job,
    dueAt: Math.max(row.nextAt, world.now + 1),
  });
}

/** For re-entries: a new generation, or, broken, the old one that Redis still knows. */
export function restore(world: Installation, row: Row, broken: Break): void {
  if (broken === "generation") row.enqueuedRev = 0;
  else reenter(row);
  enqueue(world, row);
}
