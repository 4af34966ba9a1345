/**
 * Looks at everything a soak watches, again and again. What is told as a total is told here as what the interval
 * added. Processes are asked by their own `/metrics`, as a monitoring system asks them.
 */
import { availableParallelism } from "node:os";
import { otherWorkShare, readCpuTime } from "../bench/cpu-time.ts";
import type { Installation } from "../bench/installation.ts";
import type { Helper } from "../bench/program.ts";
import type { Received } from "../bench/receiver.ts";
import type { Stage } from "../bench/stage.ts";
import { percentile } from "../bench/statistics.ts";
import { readStatements } from "../bench/statement-counts.ts";
import { statementName } from "../bench/statement-name.ts";
import type { Ledger } from "./ledger.ts";
import type { Percentiles, ProcessSample, SoakSample } from "./sample.ts";
import type { SchedulerNews, SchedulerQuestion } from "./scheduler.ts";

export interface SamplerDeps {
  stage: Stage;
  installation: Installation;
  scheduler: Helper<SchedulerQuestion>;
  ledger: Ledger;
}

export interface Sampler {
  /** What happened since the look before. */
  look(): Promise<SoakSample>;
  /** What was answered instead of 201 so far, in words. */
  readonly refusals: readonly string[];
}

export async function startSampler({ stage, installation, scheduler, ledger }: SamplerDeps): Promise<Sampler> {
  const { own, api, workers, password, delayed } = installation;
  const authorization = `Basic ${Buffer.from(`operator:${password}`).toString("base64")}`;
  const addresses = [
    { name: "api", url: api.url },
    ...workers.map(({ url }, index) => ({ name: `worker ${index + 1}`, url })),
  ];
  const refusals: string[] = [];
  const startedAt = performance.now();
  let before = await read();
  return { look, refusals };

  async function look(): Promise<SoakSample> {
    const now = await read();
    const seconds = now.atSeconds - before.atSeconds;
    // First what arrived, then what was accepted: nearly all that arrived is then known.
    const { deliveries } = await stage.receiver.ask<Received>({ kind: "takeNew" });
    const news = await scheduler.ask<SchedulerNews>({ kind: "takeNew" });
    ledger.accept(news.posts);
    const lateness = ledger.arrive(deliveries);
    refusals.push(...news.refusals);
    const statements = added(before.statements, now.statements);
    const totalMs = Object.values(statements).reduce((sum, { calls, meanMs }) => sum + calls * meanMs, 0);
    const { cpu } = before;
    const sample = {
      atSeconds: now.atSeconds,
      seconds,
      accepted: news.posts.length,
      arrived: deliveries.length,
      scheduling: percentilesOf(news.latenciesMs),
      lateness: percentilesOf(lateness),
      processes: Object.fromEntries(
        Object.entries(now.processes).map(([name, { residentBytes, heapBytes, cpuSeconds }]) => {
          const cpuPercent = (100 * (cpuSeconds - (before.processes[name]?.cpuSeconds ?? 0))) / seconds;
          return [name, { residentBytes, heapBytes, cpuPercent } satisfies ProcessSample];
        }),
      ),
      postgresMsPerPost: deliveries.length === 0 ? null : totalMs / deliveries.length,
      statements,
      redis: now.redis,
      tableBytes: now.tableBytes,
      otherWork: cpu === null || now.cpu === null ? null : otherWorkShare(cpu, now.cpu, availableParallelism()),
    } satisfies SoakSample;
    before = now;
    return sample;
  }

  async function read() {
    const [processes, statements, redis, tableBytes] = await Promise.all([
      readProcesses(),
      readStatements(stage.admin, own),
      readRedis(),
      readTableBytes(),
    ]);
    return {
      atSeconds: (performance.now() - startedAt) / 1_000,
      cpu: readCpuTime(),
      processes,
      statements: new Map(statements.map((statement) => [statement.id, statement])),
      redis,
      tableBytes,
    };
  }

  async function readProcesses() {
    const read = addresses.map(async ({ name, url }) => {
      const answer = await fetch(new URL("/metrics", url), { headers: { authorization } });
      if (!answer.ok) throw new Error(`/metrics of ${name} answered ${answer.status}`);
      const text = await answer.text();
      const figure = (metric: string) => Number(new RegExp(`^punctual_process_${metric} (\\S+)$`, "m").exec(text)?.[1]);
      return [
        name,
        {
          residentBytes: figure("resident_memory_bytes"),
          heapBytes: figure("heap_used_bytes"),
          cpuSeconds: figure("cpu_seconds_total"),
        },
      ] as const;
    });
    return Object.fromEntries(await Promise.all(read));
  }

  /** Without what connections hold at the moment. */
  async function readRedis(): Promise<SoakSample["redis"]> {
    const memory = await stage.redis.info("memory");
    const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(memory)?.[1]);
    const bytes = field("used_memory") - field("mem_clients_normal");
    return { bytes, keys: await stage.redis.dbsize(), waiting: await delayed() };
  }

  async function readTableBytes(): Promise<Record<string, number>> {
    const rows = await own.database.prisma.$queryRaw<{ name: string; bytes: number }[]>`
      SELECT relname AS name, pg_total_relation_size(oid)::float8 AS bytes, 'ofHarness' AS asked FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`;
    return Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]));
  }
}

function percentilesOf(values: readonly number[]): Percentiles | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return { p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99), maxMs: sorted.at(-1) ?? 0 };
}

type Totals = ReadonlyMap<string, { query: string; calls: number; totalMs: number }>;

/** Statements that differ and are named alike count as one. */
function added(before: Totals, now: Totals): SoakSample["statements"] {
  const sums = new Map<string, { calls: number; totalMs: number }>();
  for (const [id, { query, calls, totalMs }] of now) {
    const name = statementName(query);
    const sum = sums.get(name) ?? { calls: 0, totalMs: 0 };
    sum.calls += calls - (before.get(id)?.calls ?? 0);
    sum.totalMs += totalMs - (before.get(id)?.totalMs ?? 0);
    sums.set(name, sum);
  }
  return Object.fromEntries(
    [...sums]
      .filter(([, { calls }]) => calls > 0)
      .map(([name, { calls, totalMs }]) => [name, { calls, meanMs: totalMs / calls }]),
  );
}
