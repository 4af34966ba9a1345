/** What a worker measures. The table in docs/metrics.md is held to this one. */
import type { Database } from "@punctual/db";
import { openMetrics, programVersion, type MetricDefinitions, type Metrics } from "@punctual/runtime";
import type { Pulse } from "../maintenance/pulse.ts";
import type { WatchedLane } from "./heartbeat.ts";

export const workerMetrics = {
  punctual_worker_info: { kind: "gauge", help: "Always 1; tells the version.", labels: ["version"] },
  punctual_post_lateness_seconds: {
    kind: "histogram",
    help: "How late published posts were: start of the successful send after the instant or the acceptance.",
    labels: ["platform"],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600],
  },
  punctual_publish_duration_seconds: {
    kind: "histogram",
    help: "From the claim of a post until what came of it was recorded.",
    labels: ["platform"],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 120],
  },
  punctual_attempts_total: {
    kind: "counter",
    help: "Attempts to publish by what they came to; category is empty where there is none.",
    labels: ["platform", "outcome", "category"],
  },
  punctual_rate_limit_waits_total: {
    kind: "counter",
    help: "How often a post had to wait for a limit; source is ours (a known limit was spent) or platform (it said so).",
    labels: ["platform", "source"],
  },
  punctual_heals_total: {
    kind: "counter",
    help: "Posts, jobs or deliveries that a maintenance service put right.",
    labels: ["service"],
  },
  punctual_service_idle_seconds: {
    kind: "gauge",
    help: "How long ago a maintenance service last did a round without a fault.",
    labels: ["service"],
  },
  punctual_jobs_running: { kind: "gauge", help: "Jobs being worked on, by queue.", labels: ["queue"] },
  punctual_jobs_taken_total: { kind: "counter", help: "Jobs taken from a queue.", labels: ["queue"] },
  punctual_probe_age_seconds: {
    kind: "gauge",
    help: "How long ago a probe job came through a queue.",
    labels: ["queue"],
  },
} as const satisfies MetricDefinitions;

export type WorkerMetrics = Metrics<keyof typeof workerMetrics | "punctual_database_connections">;

export interface WorkerReadings {
  databases: Readonly<Record<string, Pick<Database, "connections">>>;
  lanes: readonly WatchedLane[];
  pulse: Pulse;
}

export function openWorkerMetrics(): WorkerMetrics {
  const metrics = openMetrics(workerMetrics);
  metrics.set("punctual_worker_info", { version: programVersion() }, 1);
  return metrics;
}

/** From now on every scrape tells these too. */
export function watchWorker(metrics: WorkerMetrics, { databases, lanes, pulse }: WorkerReadings): void {
  const takenBefore = new Map<string, number>();
  metrics.beforeScrape(() => {
    for (const [pool, database] of Object.entries(databases)) {
      for (const [state, count] of Object.entries(database.connections())) {
        metrics.set("punctual_database_connections", { pool, state }, count);
      }
    }
    for (const { queue, consumer } of lanes) {
      metrics.set("punctual_jobs_running", { queue }, consumer.running());
      metrics.add("punctual_jobs_taken_total", { queue }, consumer.taken() - (takenBefore.get(queue) ?? 0));
      takenBefore.set(queue, consumer.taken());
      const probeAgeMs = consumer.probeAgeMs();
      if (probeAgeMs !== null) metrics.set("punctual_probe_age_seconds", { queue }, probeAgeMs / 1_000);
    }
    for (const { name: service, idleMs } of pulse.services()) {
      if (idleMs !== null) metrics.set("punctual_service_idle_seconds", { service }, idleMs / 1_000);
    }
  });
}
