/**
 * A soak: posts are scheduled at a steady pace and published at the same pace, for as long as asked, while everything
 * that could creep is watched. What it found is data; judging it is the next step's.
 */
import { until } from "@punctual/testing";
import { describeMachine, type Machine } from "../bench/machine.ts";
import { startInstallation, type Installation } from "../bench/installation.ts";
import { during } from "../bench/measure.ts";
import { startHelper, type Helper } from "../bench/program.ts";
import { fullSizes } from "../bench/sizes.ts";
import { setStage, type Stage } from "../bench/stage.ts";
import { readPostgres, type PostgresTotals } from "./accounting.ts";
import { openLedger, type LedgerTotals } from "./ledger.ts";
import { readRedisRemains, type RedisRemains } from "./redis-remains.ts";
import type { SoakSample } from "./sample.ts";
import { startSampler, type Sampler } from "./sampler.ts";
import type { SchedulerQuestion } from "./scheduler.ts";

export interface SoakPlan {
  minutes: number;
  /** Posts a second. */
  rate: number;
  sampleSeconds: number;
  /** How far ahead posts are scheduled, in seconds. */
  ahead: { from: number; to: number };
}

export interface SoakFindings {
  plan: SoakPlan;
  startedAt: string;
  machine: Machine;
  samples: SoakSample[];
  /** What was answered instead of 201, in words. */
  refusals: readonly string[];
  receiver: LedgerTotals;
  postgres: PostgresTotals;
  remains: RedisRemains;
}

const workers = 2;
const connections = 20;
const arrivalTimeoutMs = 120_000;
/** For probes on their way, and for what a finished job still has to be tidied. */
const tidyTimeoutMs = 30_000;

/** @param say is told how it goes on, a line at a time */
export async function runSoak(plan: SoakPlan, directory: string, say: (line: string) => void): Promise<SoakFindings> {
  const startedAt = new Date().toISOString();
  return during(
    () => setStage(fullSizes, directory, { ownCheckpoints: true }),
    async (stage) => {
      const machine = await describeMachine(stage);
      await stage.admin.prisma.$executeRaw`CREATE EXTENSION IF NOT EXISTS pg_stat_statements`;
      const found = await during(
        () => startInstallation(stage, { workers, concurrency: stage.sizes.workerConcurrency, counted: true }),
        (installation) =>
          during(
            () => startScheduler(directory),
            (scheduler) => soak({ plan, stage, installation, scheduler, say }),
          ),
      );
      return { plan, startedAt, machine, ...found };
    },
  );
}

function startScheduler(directory: string): Promise<Helper<SchedulerQuestion>> {
  return startHelper({ name: "scheduler", file: "scripts/soak/scheduler.ts", directory });
}

interface Parts {
  plan: SoakPlan;
  stage: Stage;
  installation: Installation;
  scheduler: Helper<SchedulerQuestion>;
  say: (line: string) => void;
}

async function soak({ plan, stage, installation, scheduler, say }: Parts) {
  const { url, tenant, own } = installation;
  await stage.receiver.ask({ kind: "reset", delayMs: 0 });
  const ledger = openLedger();
  const sampler = await startSampler({ stage, installation, scheduler, ledger });
  await scheduler.ask({
    kind: "start",
    url,
    apiKey: tenant.apiKey,
    socialAccountId: tenant.socialAccountId,
    perSecond: plan.rate,
    connections,
    ahead: { fromMs: plan.ahead.from * 1_000, toMs: plan.ahead.to * 1_000 },
  });
  const samples = await watch(plan, sampler, say);
  await scheduler.ask({ kind: "stop" });
  say("no more posts are scheduled; waiting for those that are");
  // Not part of the curves: the pace is another.
  await until("all posts have arrived", async () => (await sampler.look(), ledger.totals().missing === 0), {
    timeoutMs: plan.ahead.to * 1_000 + arrivalTimeoutMs,
    intervalMs: 500,
  }).catch((error: unknown) => say((error as Error).message));
  const postgres = await readPostgres(own);
  const tidy = async () => (await readRedisRemains(stage)).faults.length === 0;
  await until("Redis is tidy", tidy, { timeoutMs: tidyTimeoutMs, intervalMs: 500 }).catch(() => {});
  const remains = await readRedisRemains(stage);
  await sampler.look();
  return { samples, refusals: sampler.refusals, receiver: ledger.totals(), postgres, remains };
}

async function watch(plan: SoakPlan, sampler: Sampler, say: (line: string) => void): Promise<SoakSample[]> {
  const samples: SoakSample[] = [];
  const started = performance.now();
  const count = Math.max(1, Math.round((plan.minutes * 60) / plan.sampleSeconds));
  for (let number = 1; number <= count; number += 1) {
    const atMs = number * plan.sampleSeconds * 1_000;
    await until("the next look is due", async () => performance.now() - started >= atMs, {
      timeoutMs: plan.sampleSeconds * 1_000 + 1_000,
      intervalMs: 50,
    });
    const sample = await sampler.look();
    samples.push(sample);
    say(describe(sample));
  }
  return samples;
}

function describe({ accepted, arrived, seconds, lateness, scheduling, processes, redis }: SoakSample): string {
  const resident = Object.entries(processes).map(
    ([name, { residentBytes }]) => `${name} ${(residentBytes / 1e6).toFixed(0)} MB`,
  );
  const milliseconds = (value: number | undefined) => (value === undefined ? "-" : value.toFixed(0));
  return [
    `${(accepted / seconds).toFixed(0)}/s in, ${(arrived / seconds).toFixed(0)}/s out`,
    `late p50 ${milliseconds(lateness?.p50Ms)} p99 ${milliseconds(lateness?.p99Ms)} ms`,
    `scheduling p99 ${milliseconds(scheduling?.p99Ms)} ms`,
    ...resident,
    `Redis ${(redis.bytes / 1e6).toFixed(1)} MB, ${redis.keys} keys`,
  ].join(", ");
}
