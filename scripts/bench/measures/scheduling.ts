/** One post a request over many connections, each request with an Idempotency-Key. Posts are days away: none goes out. */
import { startInstallation } from "../installation.ts";
import type { LoadReport } from "../load.ts";
import { waitForJobs } from "../queued.ts";
import { during, measure } from "../measure.ts";
import { startNaiveService } from "../naive.ts";
import type { Stage } from "../stage.ts";

interface Target {
  url: string;
  apiKey: string;
  socialAccountId: string;
  delayed(): Promise<number>;
}

export const scheduling = measure("scheduling", {
  punctual: (stage) =>
    during(
      () => startInstallation(stage, { workers: 0 }),
      ({ url, tenant, delayed }) => load(stage, { url, ...tenant, delayed }),
    ),
  naive: (stage) =>
    during(
      () => startNaiveService(stage),
      ({ url, socialAccountId, delayed }) => load(stage, { url, socialAccountId, delayed, apiKey: "none" }),
    ),
});

async function load(stage: Stage, { url, apiKey, socialAccountId, delayed }: Target) {
  const { connections, warmUpMs, durationMs } = stage.sizes.scheduling;
  const report = await stage.load.ask<LoadReport>({
    kind: "schedule",
    url,
    apiKey,
    socialAccountId,
    connections,
    bulk: null,
    warmUp: { ms: warmUpMs },
    measured: { ms: durationMs },
  });
  const queuedWithinMs = await waitForJobs(delayed, report.postsInAll);
  return {
    perSecond: report.postsPerSecond,
    queuedPerSecond: report.requests / (report.requests / report.postsPerSecond + queuedWithinMs / 1_000),
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    loadCpuPercent: 100 * report.cpuShare,
    queuedWithinMs,
  };
}
