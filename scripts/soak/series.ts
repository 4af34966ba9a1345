/** The figures of a soak that are drawn and judged, each with how far it may drift. */
import type { FlatLimit, Point } from "./flatness.ts";
import type { SoakSample } from "./sample.ts";

export interface Series {
  /** Which chart it is drawn in. */
  panel: string;
  label: string;
  unit: string;
  points: Point[];
  /** Without one it is only shown. */
  limit?: FlatLimit;
}

const megabyte = 1_000_000;
/** So many statements, those that took most time in all. */
const hotStatements = 5;

/**
 * Limits are chosen so that what grows with every post is seen: over the judged 20 minutes of a full soak 360,000 posts
 * go by, and 10 MB are 28 bytes for each of them.
 */
const limits = {
  memory: { share: 0.1, slack: 10 },
  lateness: { share: 0.25, slack: 5 },
  latenessTail: { share: 0.5, slack: 25 },
  postgres: { share: 0.2, slack: 0.1 },
  statement: { share: 0.3, slack: 0.1 },
  redis: { share: 0.1, slack: 2 },
  keys: { share: 0.1, slack: 500 },
} as const satisfies Record<string, FlatLimit>;

export function seriesOf(samples: readonly SoakSample[]): Series[] {
  const series = (
    panel: string,
    label: string,
    unit: string,
    value: (sample: SoakSample) => number | null | undefined,
    limit?: FlatLimit,
  ): Series => ({
    panel,
    label,
    unit,
    ...(limit === undefined ? {} : { limit }),
    points: samples.flatMap((sample) => {
      const found = value(sample);
      return found === null || found === undefined ? [] : [{ atSeconds: sample.atSeconds, value: found }];
    }),
  });
  const processes = Object.keys(samples[0]?.processes ?? {});
  const { memory, lateness, latenessTail, postgres, statement, redis, keys } = limits;
  return [
    ...processes.map((name) =>
      series("resident memory", name, "MB", (sample) => inMegabytes(sample.processes[name]?.residentBytes), memory),
    ),
    ...processes.map((name) =>
      series("heap used", name, "MB", (sample) => inMegabytes(sample.processes[name]?.heapBytes), memory),
    ),
    series("lateness", "p50", "ms", (sample) => sample.lateness?.p50Ms, lateness),
    series("lateness", "p99", "ms", (sample) => sample.lateness?.p99Ms, latenessTail),
    series("scheduling", "p50", "ms", (sample) => sample.scheduling?.p50Ms, lateness),
    series("scheduling", "p99", "ms", (sample) => sample.scheduling?.p99Ms, latenessTail),
    series("in Postgres", "all, for each post", "ms", (sample) => sample.postgresMsPerPost, postgres),
    ...hottest(samples).map((name) =>
      series("in Postgres", name, "ms", (sample) => sample.statements[name]?.meanMs, statement),
    ),
    series("Redis", "memory", "MB", (sample) => inMegabytes(sample.redis.bytes), redis),
    series("keys in Redis", "keys", "", (sample) => sample.redis.keys, keys),
    series("keys in Redis", "jobs waiting for their instant", "", (sample) => sample.redis.waiting),
    ...processes.map((name) => series("processor", name, "%", (sample) => sample.processes[name]?.cpuPercent)),
    ...tables(samples).map((name) =>
      series("tables, which keep what is published", name, "MB", (sample) => inMegabytes(sample.tableBytes[name])),
    ),
  ];
}

function inMegabytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / megabyte;
}

function hottest(samples: readonly SoakSample[]): string[] {
  const totals = new Map<string, number>();
  for (const { statements } of samples) {
    for (const [name, { calls, meanMs }] of Object.entries(statements)) {
      totals.set(name, (totals.get(name) ?? 0) + calls * meanMs);
    }
  }
  return topOf(totals, hotStatements);
}

/** The largest at the end. */
function tables(samples: readonly SoakSample[]): string[] {
  return topOf(new Map(Object.entries(samples.at(-1)?.tableBytes ?? {})), 4);
}

function topOf(sums: ReadonlyMap<string, number>, count: number): string[] {
  return [...sums]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name]) => name);
}
