/** What an API process measures, of itself and of the installation. The table in docs/metrics.md is held to this one. */
import type { Database } from "@punctual/db";
import { openMetrics, type MetricDefinitions, type Metrics } from "@punctual/runtime";
import type { FactsReader, InstallationFacts } from "./installation-facts.ts";
import { judge, liveWorkers, probeAgeMs, reasonCodes } from "./judgement.ts";

export const apiMetrics = {
  punctual_http_requests_total: {
    kind: "counter",
    help: "Requests answered, by the route's pattern.",
    labels: ["method", "route", "status"],
  },
  punctual_http_request_duration_seconds: {
    kind: "histogram",
    help: "How long answering took, streams left out.",
    labels: ["route"],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10],
  },
  punctual_postgres_up: { kind: "gauge", help: "Whether Postgres answered; 0: what follows is not known." },
  punctual_redis_up: { kind: "gauge", help: "Whether Redis answered." },
  punctual_reason: {
    kind: "gauge",
    help: "1 while the reason holds, for each reason there is; severity is down, degraded or notice.",
    labels: ["code", "severity"],
  },
  punctual_posts: { kind: "gauge", help: "Posts by state.", labels: ["platform", "status"] },
  punctual_posts_due: {
    kind: "gauge",
    help: "Waiting posts that are due or will be within 1m, 5m or 15m.",
    labels: ["platform", "within"],
  },
  punctual_posts_overdue: { kind: "gauge", help: "Waiting posts due for more than 5 seconds.", labels: ["platform"] },
  punctual_posts_oldest_overdue_seconds: {
    kind: "gauge",
    help: "For how long the longest due post has waited that a worker could claim; 0: none is due.",
    labels: ["platform"],
  },
  punctual_posts_limited: { kind: "gauge", help: "Posts that wait for a rate limit." },
  punctual_posts_without_job: {
    kind: "gauge",
    help: "Waiting posts for which Redis is not known to hold a job (drift), past the time that takes.",
  },
  punctual_posts_undecided: { kind: "gauge", help: "Unconfirmed posts that a person must decide." },
  punctual_accounts_disconnected: { kind: "gauge", help: "Social accounts that must be reconnected." },
  punctual_success_ratio: { kind: "gauge", help: "Published of all that ended within 24 hours; 1 if nothing did." },
  punctual_workers: { kind: "gauge", help: "Live workers that publish to a platform.", labels: ["platform"] },
  punctual_queue_jobs: {
    kind: "gauge",
    help: "Jobs in Redis; state is waiting, active, delayed or failed.",
    labels: ["queue", "state"],
  },
  punctual_queue_probe_age_seconds: {
    kind: "gauge",
    help: "How long ago a probe job came through a queue at any live worker.",
    labels: ["queue"],
  },
} as const satisfies MetricDefinitions;

export type ApiMetrics = Metrics<keyof typeof apiMetrics | "punctual_database_connections">;

/** Read anew before every scrape; gone when nothing is known. */
const installationGauges = [
  "punctual_posts",
  "punctual_posts_due",
  "punctual_posts_overdue",
  "punctual_posts_oldest_overdue_seconds",
  "punctual_workers",
  "punctual_queue_jobs",
  "punctual_queue_probe_age_seconds",
  "punctual_reason",
] as const;

export function openApiMetrics({ reader, database }: { reader: FactsReader; database: Database }): ApiMetrics {
  const metrics = openMetrics(apiMetrics);
  metrics.beforeScrape(async () => {
    for (const [state, count] of Object.entries(database.connections())) {
      metrics.set("punctual_database_connections", { pool: "api", state }, count);
    }
    for (const name of installationGauges) metrics.clear(name);
    const facts = await reader.read().catch(() => null);
    metrics.set("punctual_postgres_up", {}, facts === null ? 0 : 1);
    if (facts !== null) setInstallation(metrics, facts);
  });
  return metrics;
}

function setInstallation(metrics: ApiMetrics, facts: InstallationFacts): void {
  const { figures, counts, queues, redis } = facts;
  metrics.set("punctual_redis_up", {}, redis.kind === "away" ? 0 : 1);
  const holding = new Set<string>(judge(facts).reasons.map(({ code }) => code));
  for (const [code, severity] of Object.entries(reasonCodes)) {
    metrics.set("punctual_reason", { code, severity }, holding.has(code) ? 1 : 0);
  }
  for (const { platform, status, count } of counts) metrics.set("punctual_posts", { platform, status }, count);
  const live = liveWorkers(facts);
  for (const { platform, dueIn1m, dueIn5m, dueIn15m, overdue, oldestClaimableMs } of figures.due) {
    for (const [within, count] of Object.entries({ "1m": dueIn1m, "5m": dueIn5m, "15m": dueIn15m })) {
      metrics.set("punctual_posts_due", { platform, within }, count);
    }
    metrics.set("punctual_posts_overdue", { platform }, overdue);
    metrics.set("punctual_posts_oldest_overdue_seconds", { platform }, (oldestClaimableMs ?? 0) / 1_000);
    const publishing = live.filter(({ platforms }) => platforms.includes(platform));
    metrics.set("punctual_workers", { platform }, publishing.length);
  }
  metrics.set("punctual_posts_limited", {}, figures.limited);
  metrics.set("punctual_posts_without_job", {}, figures.withoutJob);
  metrics.set("punctual_posts_undecided", {}, figures.undecided);
  metrics.set("punctual_accounts_disconnected", {}, figures.disconnectedAccounts);
  const ended = facts.day.published24h + figures.failed24h + figures.missed24h;
  metrics.set("punctual_success_ratio", {}, ended === 0 ? 1 : facts.day.published24h / ended);
  for (const { queue, waiting, active, delayed, failed } of queues ?? []) {
    for (const [state, count] of Object.entries({ waiting, active, delayed, failed })) {
      metrics.set("punctual_queue_jobs", { queue, state }, count);
    }
    const age = probeAgeMs(facts, queue);
    if (age !== null) metrics.set("punctual_queue_probe_age_seconds", { queue }, age / 1_000);
  }
}
