/**
 * Figures for Prometheus. A program names all its metrics in one table of definitions, so that what is measured can be
 * read in one place and compared with the documents. Values that are read rather than counted are brought up to date
 * when somebody asks.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

export interface MetricDefinition {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels?: readonly string[];
  /** Of a histogram: upper bounds, in the unit the name ends with. */
  readonly buckets?: readonly number[];
}

export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;

/** What every process measures of itself. */
export const processMetrics = {
  punctual_process_resident_memory_bytes: { kind: "gauge", help: "Memory the process occupies." },
  punctual_process_heap_used_bytes: { kind: "gauge", help: "Memory used by JavaScript objects, garbage included." },
  punctual_process_cpu_seconds_total: { kind: "counter", help: "Processor time the process has used." },
  punctual_process_start_time_seconds: { kind: "gauge", help: "When the process started, as a Unix time." },
  punctual_event_loop_delay_seconds: {
    kind: "gauge",
    help: "How late the event loop was since the last scrape, looked at ten times a second; statistic is p50, p99 or max.",
    labels: ["statistic"],
  },
  punctual_database_connections: {
    kind: "gauge",
    help: "Connections to Postgres by pool; state is used, idle, or waiting (requests without one).",
    labels: ["pool", "state"],
  },
} as const satisfies MetricDefinitions;

export type Labels = Readonly<Record<string, string>>;

export interface Metrics<Name extends string = string> {
  /** Of a counter. */
  add(name: Name, labels: Labels, amount?: number): void;
  /** Of a gauge. */
  set(name: Name, labels: Labels, value: number): void;
  /** Of a histogram. */
  observe(name: Name, labels: Labels, value: number): void;
  /** Forgets a gauge's values, so that what is gone is not shown any more. */
  clear(name: Name): void;
  /** Called before every answer. Its failure leaves the values as they were. */
  beforeScrape(update: () => Promise<void> | void): void;
  /** In Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/**
 * How often the delay of the event loop is looked at, in milliseconds. Each look wakes the process up: a hundred a
 * second were most of what an idle API did. Ten a second are a fair sample all the same.
 */
const delayResolutionMs = 100;

export function openMetrics<Definitions extends MetricDefinitions>(
  definitions: Definitions,
): Metrics<(keyof Definitions | keyof typeof processMetrics) & string> {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  const all: MetricDefinitions = { ...processMetrics, ...definitions };
  for (const [name, { kind, help, labels = [], buckets }] of Object.entries(all)) {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (kind === "counter") counters.set(name, new Counter(options));
    else if (kind === "gauge") gauges.set(name, new Gauge(options));
    else
      histograms.set(name, new Histogram({ ...options, ...(buckets === undefined ? {} : { buckets: [...buckets] }) }));
  }
  const updates: (() => Promise<void> | void)[] = [];

  const metrics: Metrics = {
    add: (name, labels, amount = 1) => known(counters, name).inc({ ...labels }, amount),
    set: (name, labels, value) => known(gauges, name).set({ ...labels }, value),
    observe: (name, labels, value) => known(histograms, name).observe({ ...labels }, value),
    clear: (name) => known(gauges, name).reset(),
    beforeScrape: (update) => void updates.push(update),
    async text() {
      await Promise.allSettled(updates.map(async (update) => update()));
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
  watchProcess(metrics);
  return metrics;
}

function known<Metric>(metrics: ReadonlyMap<string, Metric>, name: string): Metric {
  const metric = metrics.get(name);
  if (metric === undefined) throw new Error(`there is no such metric of this kind: ${name}`);
  return metric;
}

function watchProcess(metrics: Metrics): void {
  const delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
  delay.enable();
  let cpuBefore = 0;
  metrics.set("punctual_process_start_time_seconds", {}, Math.round(performance.timeOrigin / 1_000));
  metrics.beforeScrape(() => {
    const { user, system } = process.cpuUsage();
    const cpuSeconds = (user + system) / 1e6;
    metrics.add("punctual_process_cpu_seconds_total", {}, cpuSeconds - cpuBefore);
    cpuBefore = cpuSeconds;
    const { rss, heapUsed } = process.memoryUsage();
    metrics.set("punctual_process_resident_memory_bytes", {}, rss);
    metrics.set("punctual_process_heap_used_bytes", {}, heapUsed);
    // The histogram measures its own timer's interval along.
    const beyond = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - delayResolutionMs / 1e3);
    const statistics = { p50: delay.percentile(50), p99: delay.percentile(99), max: delay.max };
    for (const [statistic, nanoseconds] of Object.entries(statistics)) {
      metrics.set("punctual_event_loop_delay_seconds", { statistic }, beyond(nanoseconds));
    }
    delay.reset();
  });
}
