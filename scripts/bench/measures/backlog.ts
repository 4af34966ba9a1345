/**
 * Whether the number of waiting posts matters: scheduling, claiming and the worker's sweeps with many and with few of
 * them in Postgres. No worker runs, and Redis does not hold the waiting posts' jobs.
 */
import { randomUUID } from "node:crypto";
import * as db from "@punctual/db";
import { createPlatforms } from "@punctual/platforms";
import { claimTerms } from "../../../apps/worker/src/publish/claim.ts";
import type { Figures } from "../comparison.ts";
import { addDuePosts, fillDatabase, removeAdded } from "../filling.ts";
import { platform, startInstallation, type PreparedDatabase } from "../installation.ts";
import type { LoadReport } from "../load.ts";
import { during, type Measure } from "../measure.ts";
import { median, percentile } from "../statistics.ts";
import type { Stage } from "../stage.ts";

export const backlog: Measure = {
  parts: ["backlog"],
  // The few thousand statements of each are spread enough; filling takes long.
  repetitionsMax: 2,
  async open(stage) {
    const { few: fewPosts, many: manyPosts } = stage.sizes.backlog;
    const few = await fillDatabase(stage, fewPosts);
    const many = await fillDatabase(stage, manyPosts);
    return {
      sides: {
        few: async () => ({ backlog: await run(stage, few) }),
        many: async () => ({ backlog: await run(stage, many) }),
      },
      async close() {
        await few.own.drop();
        await many.own.drop();
      },
    };
  },
};

async function run(stage: Stage, prepared: PreparedDatabase): Promise<Figures> {
  const { own } = prepared;
  const report = await during(
    () => startInstallation(stage, { workers: 0, prepared }),
    ({ url }) => load(stage, url, prepared),
  );
  await removeAdded(own);
  const sweeps = await timeSweeps(stage, own.database);
  const claims = await timeClaims(stage, prepared);
  await removeAdded(own);
  return { perSecond: report.postsPerSecond, p99Ms: report.p99Ms, ...claims, ...sweeps };
}

function load(stage: Stage, url: string, { tenant }: PreparedDatabase): Promise<LoadReport> {
  const { connections, warmUpMs } = stage.sizes.scheduling;
  return stage.load.ask({
    kind: "schedule",
    url,
    apiKey: tenant.apiKey,
    socialAccountId: tenant.socialAccountId,
    connections,
    bulk: null,
    warmUp: { ms: warmUpMs },
    measured: { ms: stage.sizes.backlog.durationMs },
  });
}

/** One after another, as nothing else asks. */
async function timeClaims(stage: Stage, { own }: PreparedDatabase): Promise<Figures> {
  const { claims } = stage.sizes.backlog;
  const terms = claimTerms(sendingPlatform());
  const times: number[] = [];
  for (const postId of await addDuePosts(own, 2 * claims)) {
    const started = performance.now();
    const request = { postId, revision: 1, claimToken: randomUUID(), worker: "benchmark", ...terms };
    const { kind } = await db.claimPost(own.database, request);
    if (kind !== "claimed") throw new Error(`a claim came to ${kind}`);
    times.push(performance.now() - started);
  }
  // The first half is warming up.
  const sorted = times.slice(claims).toSorted((a, b) => a - b);
  return { claimMs: median(sorted), claimP99Ms: percentile(sorted, 0.99) };
}

function sendingPlatform() {
  const found = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: true }).byName.get(platform);
  if (found === undefined) throw new Error("there is no such platform");
  return found;
}

/** What a worker asks again and again, with nothing to be done. Each figure is one of them; the sum is told, too. */
async function timeSweeps(stage: Stage, database: db.Database): Promise<Figures> {
  const limit = 1_000;
  const platforms = [platform];
  const sweeps: Record<string, () => Promise<unknown>> = {
    lookOut: () => db.lookOut(database, { platforms }),
    late: () => db.markLatePosts(database, limit),
    unenqueued: () => db.unenqueuedPosts(database, { limit, quietMs: 750 }),
    overdue: () => db.overduePosts(database, { platform, overdueMs: 1_500, limit: 100 }),
    stranded: () => db.strandedPosts(database, limit),
    unconfirmed: () => db.takeUnconfirmed(database, { platforms, limit, lookMs: 10_000 }),
    soonest: () => db.soonestEnqueuedPosts(database, { platforms, perPlatform: 100, horizonMs: null }),
    rebuildPage: () => db.enqueuedPosts(database, { platform, after: null, limit, horizonMs: null }),
    released: () => db.releaseHeldPosts(database, { socialAccountId: null, limit }),
    closed: () => db.closedAccountsWithWaitingPosts(database, 100),
    preparations: () => db.stagePreparations(database, { platforms, limit }),
    checks: () => db.takeChecks(database, { platforms, limit: 100 }),
    counts: () => db.addUpPostCounts(database, limit),
    figures: () => db.readInstallationFigures(database, { horizonMs: null }),
    countsRead: () => db.readPostCounts(database),
  };
  const figures: Record<string, number> = {};
  let sweepsMs = 0;
  for (const [name, sweep] of Object.entries(sweeps)) {
    const times: number[] = [];
    for (let round = 0; round <= stage.sizes.backlog.sweeps; round += 1) {
      const started = performance.now();
      await sweep();
      times.push(performance.now() - started);
    }
    const ms = median(times.slice(1));
    figures[`sweep ${name} ms`] = ms;
    sweepsMs += ms;
  }
  return { ...figures, sweepsMs };
}
