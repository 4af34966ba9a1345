/** The table: what is measured beside which floor, and what it is to keep. All of it is data. */
import type { Bound, Row } from "./comparison.ts";
import { formatNumber } from "./report.ts";
import type { Sizes } from "./sizes.ts";

const ratioAtLeast = (value: number): Bound => ({ kind: "ratio_at_least", value });
const ratioAtMost = (value: number): Bound => ({ kind: "ratio_at_most", value });
const atMost = (value: number): Bound => ({ kind: "value_at_most", value });

interface RowOptions {
  /** The floor's side. */
  beside?: string;
  side?: string;
  bounds?: readonly Bound[];
}

function row(measure: string, figure: string, label: string, unit: string, options: RowOptions = {}): Row {
  const { beside, side = "punctual", bounds = [] } = options;
  const floor = beside === undefined ? {} : { beside: { side: beside, figure } };
  return { measure, label, unit, of: { side, figure }, ...floor, bounds };
}

export function rowsOf(sizes: Sizes): readonly Row[] {
  return [
    row("scheduling", "perSecond", `schedule, one a request, ${sizes.scheduling.connections} connections`, "/s", {
      beside: "naive",
      bounds: [ratioAtLeast(1.5)],
    }),
    row("scheduling", "p99Ms", "  its p99", "ms", { beside: "naive", bounds: [ratioAtMost(1)] }),
    row("scheduling", "queuedWithinMs", "  all in Redis after", "ms", { beside: "naive" }),
    row("scheduling", "queuedPerSecond", "  its rate until all are in Redis", "/s", { beside: "naive" }),
    row("scheduling", "loadCpuPercent", "  the load's own use of a core", "%", { beside: "naive" }),

    row("bulk-scheduling", "perSecond", `schedule in bulks of ${formatNumber(sizes.bulks.posts)}, posts`, "/s", {
      beside: "bare",
      bounds: [ratioAtLeast(0.4)],
    }),
    row("bulk-scheduling", "queuedPerSecond", "  until all are in Redis", "/s", { beside: "bare" }),

    row("drain", "perSecond", `${formatNumber(sizes.drain.posts)} due at one instant, receiver at once`, "/s", {
      beside: "bare",
      bounds: [ratioAtLeast(0.5)],
    }),
    row("drain", "receiverCpuPercent", "  the receiver's own use of a core", "%", { beside: "bare" }),
    row("drain-slow", "perSecond", "the same, receiver takes 50 ms", "/s", {
      beside: "bare",
      bounds: [ratioAtLeast(0.95)],
    }),

    row("lateness", "p50Ms", `lateness, ${sizes.lateness.perSecond} posts/s, p50`, "ms", {
      beside: "bare",
      bounds: [atMost(10), ratioAtMost(1.5)],
    }),
    row("lateness", "p99Ms", `lateness, ${sizes.lateness.perSecond} posts/s, p99`, "ms", {
      beside: "bare",
      bounds: [atMost(25), ratioAtMost(1.5)],
    }),
    row("lateness-busy", "p50Ms", `lateness, ${sizes.latenessBusy.perSecond} posts/s, 100 ms each, p50`, "ms", {
      beside: "bare",
    }),
    row("lateness-busy", "p99Ms", `lateness, ${sizes.latenessBusy.perSecond} posts/s, 100 ms each, p99`, "ms", {
      beside: "bare",
      bounds: [atMost(50)],
    }),

    row("redis-memory", "bytesEach", "Redis memory per waiting post", "B", {
      beside: "bare",
      bounds: [ratioAtMost(1.1)],
    }),
    row("redis-memory", "bytesEachOfMany", "  with four times as many", "B", {
      beside: "bare",
      bounds: [ratioAtMost(1.1)],
    }),

    row("redis-memory", "bytesEachOfMany", "  with a horizon, all of them beyond it", "B", {
      side: "horizon",
      bounds: [atMost(10)],
    }),

    row(
      "backlog",
      "perSecond",
      `${formatNumber(sizes.backlog.many)} waiting instead of ${formatNumber(sizes.backlog.few)}: schedule`,
      "/s",
      {
        side: "many",
        beside: "few",
        bounds: [ratioAtLeast(1 / 1.2)],
      },
    ),
    row("backlog", "p99Ms", "  its p99", "ms", { side: "many", beside: "few", bounds: [ratioAtMost(1.2)] }),
    row("backlog", "claimMs", "  a claim", "ms", { side: "many", beside: "few", bounds: [ratioAtMost(1.2)] }),
    row("backlog", "sweepsMs", "  all sweeps once", "ms", { side: "many", beside: "few", bounds: [ratioAtMost(1.2)] }),

    row("frozen-redis", "p99Ms", "schedule while Redis is frozen, p99", "ms", {
      side: "frozen",
      beside: "healthy",
      bounds: [ratioAtMost(1.2)],
    }),
    row("frozen-redis", "perSecond", "  its rate", "/s", { side: "frozen", beside: "healthy" }),

    row(
      "lost-redis",
      "firstMs",
      `Redis emptied, ${formatNumber(sizes.lostRedis.posts)} waiting: first job back after`,
      "ms",
      {
        bounds: [atMost(1_000)],
      },
    ),
    row("lost-redis", "allMs", "  all of them back after", "ms", { bounds: [atMost(10_000)] }),
    row("lost-redis", "setFirstMs", "the delayed set alone lost: first job back after", "ms", {
      bounds: [atMost(1_000)],
    }),
    row("lost-redis", "setAllMs", "  all of them back after", "ms", { bounds: [atMost(10_000)] }),

    row("idle", "cpuPercent", "idle: API and worker, of one core", "%", { bounds: [atMost(2)] }),
    row("idle", "apiMb", "idle: memory of the API", "MB", { bounds: [atMost(200)] }),
    row("idle", "workerMb", "idle: memory of the worker", "MB", { bounds: [atMost(200)] }),
    row("idle", "statementsPerSecond", "idle: Postgres statements", "/s", { bounds: [atMost(10)] }),
    row("idle", "commandsPerSecond", "idle: Redis commands", "/s", {}),

    row("costs", "scheduleStatements", "cost: SQL statements to schedule a post", "", {}),
    row("costs", "publishStatements", "cost: SQL statements to publish it", "", {}),
    row("costs", "scheduleRedisCommands", "cost: Redis commands to schedule it", "", { beside: "bare" }),
    row("costs", "publishRedisCommands", "cost: Redis commands to publish it", "", { beside: "bare" }),
  ];
}
