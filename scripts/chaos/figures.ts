/** The numbers of one run, and of several put together. */
import type { ApiClient, Call } from "./api-client.ts";
import type { Breach, BreachKind } from "./invariants.ts";
import { breachKinds } from "./invariants.ts";
import type { TroubleLog } from "./trouble.ts";

export interface Spread {
  count: number;
  p50: number;
  p99: number;
  max: number;
}

export interface RunFigures {
  seed: number;
  broken: string | null;
  minutes: number;
  posts: number;
  /** By state in the end. */
  states: Record<string, number>;
  requests: number;
  unanswered: number;
  refusedFor503: number;
  faults: Record<string, number>;
  networkFaults: Record<string, number>;
  breaches: Record<BreachKind, number>;
  offenders: Breach[];
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
  orphanedJobs: number;
  notTried: string[];
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

/** How long a pool may take to notice that Postgres is back, in milliseconds. */
const postgresAftermathMs = 6_000;
const redisAftermathMs = 2_000;

/** Answers to requests: how fast they were, and those that should never have been given. */
export function judgeCalls(
  client: ApiClient,
  trouble: TroubleLog,
): { breaches: Breach[]; api: RunFigures["api"]; refusedFor503: number; unanswered: number } {
  const breaches: Breach[] = [];
  const quiet: number[] = [];
  const redisInTrouble: number[] = [];
  let refusedFor503 = 0;
  let unanswered = 0;
  for (const call of client.calls) {
    const interval = { from: call.from, until: call.until };
    const excused = trouble.touched(["postgres", call.api, `${call.api}/postgres`], interval, postgresAftermathMs);
    if (call.status === null) {
      unanswered += 1;
    } else if (call.status >= 500) {
      refusedFor503 += 1;
      if (call.status !== 503 || !call.retryAfter || !excused) breaches.push(badAnswer(call));
    } else if (!excused) {
      const redis = trouble.touched(["redis", `${call.api}/redis`], interval, redisAftermathMs);
      (redis ? redisInTrouble : quiet).push(call.until - call.from);
    }
  }
  return {
    breaches,
    api: { quiet: spread(quiet), redisInTrouble: spread(redisInTrouble) },
    refusedFor503,
    unanswered,
  };
}

function badAnswer({ method, path, api, status, retryAfter, detail, from }: Call): Breach {
  const when = new Date(from).toISOString();
  const wait = retryAfter ? "" : " without Retry-After";
  return { kind: "bad answer", post: null, detail: `${when} ${api} ${method} ${path}: ${status}${wait} ${detail}` };
}
