/** Bulks of posts, accepted after commit, beside BullMQ's own `addBulk` with the content in the jobs. */
import type { AddReport } from "../floors/bare-bullmq.ts";
import { startInstallation } from "../installation.ts";
import type { LoadReport } from "../load.ts";
import { during, measure } from "../measure.ts";
import { startBareHelper } from "../publishing.ts";
import { waitForJobs } from "../queued.ts";

export const bulkScheduling = measure("bulk-scheduling", {
  punctual: (stage) =>
    during(
      () => startInstallation(stage, { workers: 0 }),
      async ({ url, tenant: { apiKey, socialAccountId }, delayed }) => {
        const { warmUp, measured, posts, inFlight } = stage.sizes.bulks;
        const report = await stage.load.ask<LoadReport>({
          kind: "schedule",
          url,
          apiKey,
          socialAccountId,
          connections: inFlight,
          bulk: posts,
          warmUp: { requests: warmUp },
          measured: { requests: measured },
        });
        const measuredMs = (measured * posts * 1_000) / report.postsPerSecond;
        const queuedWithinMs = await waitForJobs(delayed, report.postsInAll);
        return {
          perSecond: report.postsPerSecond,
          queuedPerSecond: (measured * posts * 1_000) / (measuredMs + queuedWithinMs),
          p50Ms: report.p50Ms,
          loadCpuPercent: 100 * report.cpuShare,
        };
      },
    ),
  bare: (stage) =>
    during(
      () => startBareHelper(stage),
      async (bare) => {
        const { warmUp, measured: bulks, posts: bulk, inFlight } = stage.sizes.bulks;
        const { perSecond } = await bare.ask<AddReport>({ kind: "measure", warmUp, bulks, bulk, inFlight });
        return { perSecond, queuedPerSecond: perSecond };
      },
    ),
});
