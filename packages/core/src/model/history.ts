/**
 * One random history of an installation, told from a seed: clients, workers, maintenance and faults take turns in any
 * order; then the faults stop, everything settles, and what the ledger shows is held against what was promised.
 */
import { publishJobId } from "../job.ts";
import { defaultRetryPolicy } from "../retry-policy.ts";
import { settle, settleAbandoned, type Guarantee } from "../settle.ts";
import {
  change,
  enqueue,
  limit,
  newInstallation,
  trySettle,
  type Break,
  type Installation,
  type Row,
} from "./installation.ts";
import { rollDice, type Dice } from "./random.ts";
import { advance, newAttempt, restore, type Attempt } from "./worker.ts";

export interface Story {
  /** Broken promises, in words; empty when all were kept. */
  breaches: string[];
  posts: number;
  faults: number;
  published: number;
}

const guarantees: readonly Guarantee[] = ["idempotent", "confirmable", "at_most_once"];
const farAwayMs = 1_000_000_000;
const stepsMax = 400;

interface Scene {
  world: Installation;
  dice: Dice;
  broken: Break;
  attempts: Attempt[];
  breaches: string[];
  /** Instants by post and revision, to know what was early. */
  instants: Map<string, number>;
  /** Posts for which a live process was told of a success. */
  told: Set<string>;
  faults: number;
  tokens: number;
}

export function tellHistory(seed: number, broken: Break = "none"): Story {
  const scene: Scene = {
    world: newInstallation(),
    dice: rollDice(seed),
    broken,
    attempts: [],
    breaches: [],
    instants: new Map(),
    told: new Set(),
    faults: 0,
    tokens: 0,
  };
  for (let step = 0; step < stepsMax; step += 1) act(scene);
  settleDown(scene);
  judge(scene);
  const rows = [...scene.world.rows.values()];
  const published = rows.filter((row) => row.status === "published").length;
  return { breaches: scene.breaches, posts: rows.length, faults: scene.faults, published };
}

function act(scene: Scene): void {
  const { dice, world } = scene;
  const turn = dice.next();
  if (turn < 0.1) schedule(scene);
  else if (turn < 0.2) askSomething(scene);
  else if (turn < 0.35) fire(scene);
  else if (turn < 0.65) stepOn(scene);
  else if (turn < 0.75) fault(scene);
  else if (turn < 0.9) maintain(scene);
  else world.now += dice.pick([1, 50, 700, 4_000, 25_000]);
}

function schedule({ world, dice, instants }: Scene): void {
  const id = `00000000-0000-7000-8000-${String(world.rows.size).padStart(12, "0")}`;
  const scheduledAt = world.now + (dice.chance(0.15) ? farAwayMs : dice.below(20_000));
  const row: Row = {
    id,
    guarantee: dice.pick(guarantees),
    status: "scheduled",
    revision: 1,
    generation: 0,
    enqueuedRev: 0,
    scheduledAt,
    nextAt: scheduledAt,
    attempts: 0,
    attemptsUsed: 0,
    maxAttempts: 1 + dice.below(4),
    outcomeOpen: false,
    claim: null,
    cancelledAt: null,
    confirmAt: 0,
    listed: dice.chance(0.5),
  };
  world.rows.set(id, row);
  instants.set(`${id} 1`, scheduledAt);
  // The process may die between the commit and the nudge.
  if (dice.chance(0.8)) enqueue(world, row);
}

/** A client edits, cancels or retries; each answer is definite. */
function askSomething({ world, dice, instants }: Scene): void {
  if (world.rows.size === 0) return;
  const row = dice.pick([...world.rows.values()]);
  const waiting = row.status === "scheduled" || row.status === "retrying";
  const wish = dice.next();
  if (wish < 0.3 && waiting && !row.outcomeOpen) {
    change(row, "cancelled");
    row.cancelledAt = world.now;
  } else if (wish < 0.7 && waiting && !row.outcomeOpen) {
    if (row.status === "retrying") change(row, "scheduled");
    row.revision += 1;
    row.enqueuedRev = 0;
    row.scheduledAt = world.now + dice.below(20_000);
    row.nextAt = row.scheduledAt;
    row.attemptsUsed = 0;
    instants.set(`${row.id} ${row.revision}`, row.scheduledAt);
    if (dice.chance(0.8)) enqueue(world, row);
  } else if (wish < 0.85 && row.status === "failed") {
    change(row, "scheduled");
    row.revision += 1;
    row.enqueuedRev = 0;
    row.nextAt = world.now;
    row.attemptsUsed = 0;
    instants.set(`${row.id} ${row.revision}`, world.now);
  } else if (wish >= 0.85) {
    world.paused = !world.paused;
  }
}

/** A job fires at its time, or early: promoted by hand, or by a worker whose clock is wrong. */
function fire(scene: Scene): void {
  const { world, dice } = scene;
  const ready = [...world.jobs].filter(([, job]) => job.dueAt <= world.now || dice.chance(0.05));
  if (ready.length === 0) return;
  const [id, job] = dice.pick(ready);
  // BullMQ sometimes hands a job out twice: a lock that ran out.
  if (dice.chance(0.95)) world.jobs.delete(id);
  scene.attempts.push(newAttempt(world, job.ids, (scene.tokens += 1)));
}

function stepOn(scene: Scene): void {
  const { world, dice, attempts } = scene;
  const moving = attempts.filter((attempt) => attempt.step !== "over" && attempt.frozenUntil <= world.now);
  if (moving.length > 0) go(scene, dice.pick(moving));
}

function go(scene: Scene, attempt: Attempt): void {
  const before = scene.world.ledger.length;
  const isTold = attempt.step === "record" && attempt.outcome?.kind === "published";
  advance(scene.world, attempt, scene.dice, scene.broken);
  if (isTold) scene.told.add(attempt.job.postId);
  for (const entry of scene.world.ledger.slice(before)) witness(scene, entry);
}

/** What a reader of the network would hold against us, at the moment it happens. */
function witness({ world, breaches, instants }: Scene, entry: { postId: string; revision: number; at: number }): void {
  const row = world.rows.get(entry.postId)!;
  if (entry.at < instants.get(`${entry.postId} ${entry.revision}`)!) breaches.push("early");
  if (entry.revision !== row.revision) breaches.push("stale");
  if (row.cancelledAt !== null) breaches.push("published after cancel");
  if (world.ledger.filter(({ postId }) => postId === entry.postId).length > 1) breaches.push("doubled");
  const inWindow = world.ledger.filter(({ at }) => at > entry.at - limit.windowMs);
  if (inWindow.length > limit.max) breaches.push("over the limit");
}

function fault(scene: Scene): void {
  const { world, dice, attempts } = scene;
  scene.faults += 1;
  const kind = dice.next();
  const running = attempts.filter(({ step }) => step !== "over");
  if (kind < 0.35 && running.length > 0) dice.pick(running).step = "over";
  else if (kind < 0.7 && running.length > 0)
    dice.pick(running).frozenUntil = world.now + dice.pick([2_000, 18_000, 60_000]);
  else if (kind < 0.8) {
    world.jobs.clear();
    world.knownIds.clear();
  } else if (kind < 0.95) world.jobs.clear();
  else for (const id of world.jobs.keys()) if (dice.chance(0.3)) world.jobs.delete(id);
}

function maintain(scene: Scene): void {
  const services = [stage, rescue, confirm, rebuild, poll];
  scene.dice.pick(services)(scene);
}

function stage({ world, broken }: Scene): void {
  if (broken === "stager") return;
  for (const row of waitingRows(world)) if (row.enqueuedRev < row.revision) enqueue(world, row);
}

function rescue({ world, dice }: Scene): void {
  for (const row of world.rows.values()) {
    if (row.status !== "publishing" || row.claim === null || row.claim.leaseUntil >= world.now) continue;
    const { attemptsUsed, maxAttempts, guarantee, outcomeOpen } = row;
    const context = {
      attemptsUsed,
      maxAttempts,
      waitsBefore: row.attempts - attemptsUsed,
      guarantee,
      outcomeOpen,
      policy: defaultRetryPolicy,
      random: dice.next(),
    };
    const dead = { kind: "unknown", code: "worker_lost", message: "" } as const;
    const settlement = row.claim.phase === "preparing" ? settleAbandoned(context) : settle(dead, context);
    trySettle(world, row, row.claim.token, settlement, true);
  }
}

/** Reads the platform. A listing proves presence only; the handle of a confirmable platform proves absence too. */
function confirm({ world }: Scene): void {
  for (const row of world.rows.values()) {
    if (row.status !== "unconfirmed" || row.confirmAt > world.now) continue;
    const readable = row.guarantee === "confirmable" || row.listed;
    if (readable && world.ledger.some(({ postId }) => postId === row.id)) change(row, "published");
    else if (row.guarantee === "confirmable") {
      change(row, row.attemptsUsed < row.maxAttempts ? "retrying" : "failed");
      row.nextAt = world.now + 1_000;
      row.generation += 1;
      row.enqueuedRev = 0;
    }
  }
}

function rebuild({ world, broken }: Scene): void {
  for (const row of waitingRows(world)) {
    if (row.enqueuedRev === row.revision && !hasJob(world, row)) restore(world, row, broken);
  }
}

/** Publishes from Postgres what has been due for a while. */
function poll(scene: Scene): void {
  const { world } = scene;
  for (const row of waitingRows(world)) {
    if (row.nextAt > world.now - 1_500) continue;
    const ids = { postId: row.id, revision: row.revision, generation: row.generation };
    scene.attempts.push(newAttempt(world, ids, (scene.tokens += 1)));
  }
}

function waitingRows(world: Installation): Row[] {
  return [...world.rows.values()].filter(({ status }) => status === "scheduled" || status === "retrying");
}

function hasJob(world: Installation, row: Row): boolean {
  return world.jobs.has(publishJobId({ postId: row.id, revision: row.revision, generation: row.generation }));
}

/** No more faults: everything that runs ends, maintenance goes round, time passes. */
function settleDown(scene: Scene): void {
  const { world, attempts } = scene;
  world.paused = false;
  for (let round = 0; round < 60; round += 1) {
    world.now += 20_000;
    for (const attempt of attempts)
      while (attempt.step !== "over" && attempt.frozenUntil <= world.now) go(scene, attempt);
    for (const service of [stage, rescue, confirm, rebuild, poll]) service(scene);
    for (const [id, job] of world.jobs) {
      if (job.dueAt > world.now) continue;
      world.jobs.delete(id);
      attempts.push(newAttempt(world, job.ids, (scene.tokens += 1)));
    }
  }
}

function judge({ world, breaches, told }: Scene): void {
  for (const row of world.rows.values()) {
    const shown = world.ledger.some(({ postId }) => postId === row.id);
    const far = row.nextAt > world.now;
    const waits = row.status === "scheduled" || row.status === "retrying";
    if (row.status === "publishing" || (waits && !far)) breaches.push("lost");
    if (waits && far && !hasJob(world, row)) breaches.push("waits without a job");
    if (row.status === "published" && !shown) breaches.push("published but not shown");
    if (shown && row.status !== "published" && row.status !== "unconfirmed") breaches.push("shown but not published");
    if (told.has(row.id) && row.status !== "published") breaches.push("a reported success was dropped");
  }
}
