/** The numbers of one run, and of several put together. */
import type { Breach, BreachKind } from "./invariants.ts";
import { breachKinds } from "./invariants.ts";

export interface Spread {
  count: number;
  p50: number;
  p99: number;
  max: number;
}

/** Everything that was measured, in milliseconds, by what it is of. */
export interface Samples {
  heal: Record<string, readonly number[]>;
  lateness: readonly number[];
  /** Answers of the API while nothing was wrong with it, and while only Redis was. */
  quiet: readonly number[];
  redisInTrouble: readonly number[];
}

export interface RunResult {
  figures: RunFigures;
  samples: Samples;
}

export interface RunFigures {
  /** Null: several runs put together. */
  seed: number | null;
  runs: number;
  broken: string | null;
  minutes: number;
  posts: number;
  /** By state in the end. */
  states: Record<string, number>;
  /** Published, by platform. */
  publishedOn: Record<string, number>;
  requests: number;
  unanswered: number;
  refusedFor503: number;
  /** Of these: waited for a connection in vain although Postgres was up, because the machine was out of breath. */
  outOfBreath: number;
  faults: Record<string, number>;
  networkFaults: Record<string, number>;
  breaches: Record<BreachKind, number>;
  offenders: Breach[];
  /** What happened to the first of them, by post. */
  timelines: Record<string, string[]>;
  unconfirmed: {
    became: number;
    found: number;
    absent: number;
    /** Left to a person, and what that person found. */
    decidedPublished: number;
    decidedNotPublished: number;
  };
  /** In milliseconds. */
  heal: Record<string, Spread>;
  lateness: Spread;
  api: { quiet: Spread; redisInTrouble: Spread };
  settledMs: number;
  /** How late the harness itself was, 99 % of the time, in milliseconds: above that its figures mean nothing. */
  harnessLagMs: number;
  orphanedJobs: number;
}

/** Several runs put together. */
export function total(results: readonly RunResult[]): RunResult {
  const figures = results.map((result) => result.figures);
  const sum = (pick: (run: RunFigures) => number) => figures.reduce((whole, run) => whole + pick(run), 0);
  const samples: Samples = {
    heal: gather(results.map((result) => result.samples.heal)),
    lateness: results.flatMap((result) => result.samples.lateness),
    quiet: results.flatMap((result) => result.samples.quiet),
    redisInTrouble: results.flatMap((result) => result.samples.redisInTrouble),
  };
  return {
    samples,
    figures: {
      seed: null,
      runs: figures.length,
      broken: figures[0]?.broken ?? null,
      minutes: sum((run) => run.minutes),
      posts: sum((run) => run.posts),
      states: add(figures.map((run) => run.states)),
      publishedOn: add(figures.map((run) => run.publishedOn)),
      requests: sum((run) => run.requests),
      unanswered: sum((run) => run.unanswered),
      refusedFor503: sum((run) => run.refusedFor503),
      outOfBreath: sum((run) => run.outOfBreath),
      faults: add(figures.map((run) => run.faults)),
      networkFaults: add(figures.map((run) => run.networkFaults)),
      breaches: countBreaches(figures.flatMap((run) => run.offenders)),
      offenders: figures.flatMap((run) => run.offenders),
      timelines: Object.assign({}, ...figures.map((run) => run.timelines)) as RunFigures["timelines"],
      unconfirmed: add(figures.map((run) => run.unconfirmed)) as RunFigures["unconfirmed"],
      ...spreads(samples),
      settledMs: Math.max(0, ...figures.map((run) => run.settledMs)),
      harnessLagMs: Math.max(0, ...figures.map((run) => run.harnessLagMs)),
      orphanedJobs: sum((run) => run.orphanedJobs),
    },
  };
}

export function spreads({
  heal,
  lateness,
  quiet,
  redisInTrouble,
}: Samples): Pick<RunFigures, "heal" | "lateness" | "api"> {
  return {
    heal: Object.fromEntries(Object.entries(heal).map(([kind, times]) => [kind, spread(times)])),
    lateness: spread(lateness),
    api: { quiet: spread(quiet), redisInTrouble: spread(redisInTrouble) },
  };
}

function add(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of counts.flatMap((some) => Object.entries(some))) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

function gather(lists: readonly Readonly<Record<string, readonly number[]>>[]): Record<string, number[]> {
  const gathered: Record<string, number[]> = {};
  for (const [name, values] of lists.flatMap((some) => Object.entries(some))) {
    gathered[name] = [...(gathered[name] ?? []), ...values];
  }
  return gathered;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}

export function countBreaches(breaches: readonly Breach[]): Record<BreachKind, number> {
  return Object.fromEntries(
    breachKinds.map((kind) => [kind, breaches.filter((breach) => breach.kind === kind).length]),
  ) as Record<BreachKind, number>;
}
