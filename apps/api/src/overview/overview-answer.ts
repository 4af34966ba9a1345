/** The overview as operators get it: the facts, their judgement, and nothing made up where nothing is known. */
import { workerTimes, type PostCount } from "@punctual/db";
import type { Overview } from "../operator/overview-schemas.ts";
import { recentMinutes, type InstallationFacts } from "./installation-facts.ts";
import { judge, liveWorkers, probeAgeMs, standingServices, successRate, watchedServices } from "./judgement.ts";

type ServiceState = Overview["services"]["postgres"];
const workersShownMax = 100;

export function toOverview(facts: InstallationFacts): Overview {
  const { figures, counts, day, recent, queues } = facts;
  const { state, reasons } = judge(facts);
  const sumOfDue = (name: "dueIn1m" | "dueIn5m" | "dueIn15m" | "overdue") =>
    figures.due.reduce((sum, due) => sum + due[name], 0);
  const { count: published, p50Ms, p99Ms, maxMs } = recent.lateness;
  return {
    at: figures.now.toISOString(),
    state,
    reasons,
    posts: {
      waiting: countOf(counts, "scheduled") + countOf(counts, "retrying"),
      dueIn1m: sumOfDue("dueIn1m"),
      dueIn5m: sumOfDue("dueIn5m"),
      dueIn15m: sumOfDue("dueIn15m"),
      overdue: sumOfDue("overdue"),
      publishing: countOf(counts, "publishing"),
      retrying: countOf(counts, "retrying"),
      unconfirmed: countOf(counts, "unconfirmed"),
      held: countOf(counts, "held"),
      limited: figures.limited,
      failed24h: figures.failed24h,
      missed24h: figures.missed24h,
    },
    today: {
      since: `${figures.now.toISOString().slice(0, 10)}T00:00:00.000Z`,
      accepted: day.acceptedToday,
      published: day.publishedToday,
    },
    successRate24h: successRate(facts),
    lastError:
      figures.lastError === null ? null : { ...figures.lastError, at: new Date(figures.lastError.at).toISOString() },
    lateness: { windowMinutes: recentMinutes, published, p50Ms, p99Ms, maxMs },
    services: {
      postgres: { state: "up", detail: null },
      redis: redisState(facts),
      retry: serviceState(facts, "retry"),
      maintenance: serviceState(facts, "maintenance"),
    },
    workers: workersOf(facts),
    failures: day.failures.map(({ platform, category, count }) => ({ platform, category, count24h: count })),
    queues: queues?.map((queue) => ({ ...queue, probeAgeMs: probeAgeMs(facts, queue.queue) })) ?? null,
  };
}

function countOf(counts: readonly PostCount[], status: PostCount["status"]): number {
  return counts.filter((count) => count.status === status).reduce((sum, { count }) => sum + count, 0);
}

function redisState({ redis }: InstallationFacts): ServiceState {
  switch (redis.kind) {
    case "fit":
      return { state: "up", detail: `Version ${redis.version}.` };
    case "unfit":
      return { state: "degraded", detail: redis.reasons.join(" ") };
    case "away":
      return { state: "down", detail: "It does not answer. Posts go out from Postgres meanwhile." };
  }
}

function serviceState(facts: InstallationFacts, group: keyof typeof watchedServices): ServiceState {
  if (liveWorkers(facts).length === 0) return { state: "down", detail: "No worker is live." };
  const standing = standingServices(facts, group);
  if (standing.length > 0) return { state: "degraded", detail: `Standing still: ${standing.join(", ")}.` };
  return { state: "up", detail: watchedServices[group].join(", ") };
}

function workersOf({ workers }: InstallationFacts): Overview["workers"] {
  const states = { live: 0, stopping: 1, silent: 2 } as const;
  return workers
    .map(({ id, host, version, platforms, concurrency, running, startedAt, lastSeenAt, silentMs, stopping }) => ({
      id,
      host,
      version,
      platforms: [...platforms],
      concurrency,
      running,
      startedAt: startedAt.toISOString(),
      lastSeenAt: lastSeenAt.toISOString(),
      state:
        silentMs > workerTimes.silenceMaxMs
          ? ("silent" as const)
          : stopping
            ? ("stopping" as const)
            : ("live" as const),
    }))
    .toSorted((a, b) => states[a.state] - states[b.state] || (a.id < b.id ? -1 : 1))
    .slice(0, workersShownMax);
}
