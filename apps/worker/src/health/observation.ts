/**
 * All a worker tells of itself: metrics on its own port, signs of life in Postgres, probes through its queues. First
 * the parts that others report to are made, then, once these are known, the services that tell of them.
 */
import type { Database } from "@punctual/db";
import { programVersion, type Logger, type Service } from "@punctual/runtime";
import type { Lookout } from "../maintenance/lookout.ts";
import { createPulse, type Pulse } from "../maintenance/pulse.ts";
import type { PublishMeters } from "../publish/meters.ts";
import { createHealthServer, type HealthServerDeps } from "./health-server.ts";
import { createHeartbeat, type HeartbeatService, type WatchedLane } from "./heartbeat.ts";
import { createProber, type ProberDeps } from "./prober.ts";
import { createTally } from "./tally.ts";
import { openWorkerMetrics, watchWorker } from "./worker-metrics.ts";

export interface Observation {
  pulse: Pulse;
  meters: PublishMeters;
  /** In the order they start. */
  services(
    options: { name: string; host: string; port: number; platforms: readonly string[]; concurrency: number },
    deps: {
      /** By the name of their pool; maintenance is what the services here use. */
      databases: Readonly<Record<string, Database>> & { maintenance: Database };
      lanes: readonly WatchedLane[];
      producers: ProberDeps["producers"];
      producer: HealthServerDeps["producer"];
      lookout: Lookout;
      logger: Logger;
    },
  ): { server: Service; tally: Service; prober: Service; heartbeat: HeartbeatService };
}

export function openObservation(): Observation {
  const metrics = openWorkerMetrics();
  const pulse = createPulse((service, count) => metrics.add("punctual_heals_total", { service }, count));
  const meters: PublishMeters = {
    attemptEnded(platform, { outcome, category }, durationMs) {
      metrics.add("punctual_attempts_total", { platform, outcome, category: category ?? "" });
      metrics.observe("punctual_publish_duration_seconds", { platform }, durationMs / 1_000);
      if (outcome === "wait") metrics.add("punctual_rate_limit_waits_total", { platform, source: "platform" });
    },
    published: (platform, latenessMs) =>
      metrics.observe("punctual_post_lateness_seconds", { platform }, latenessMs / 1_000),
    limited: (platform) => metrics.add("punctual_rate_limit_waits_total", { platform, source: "ours" }),
  };
  return {
    pulse,
    meters,
    services({ name, host, port, platforms, concurrency }, { databases, lanes, producers, producer, lookout, logger }) {
      const database = databases.maintenance;
      watchWorker(metrics, { databases, lanes, pulse });
      const identity = { id: name, version: programVersion(), platforms, concurrency };
      return {
        server: createHealthServer({ host, port }, { database, producer, metrics, logger }),
        tally: createTally({ database, logger, lookout, pulse }),
        prober: createProber({ holder: name }, { database, producers, logger, pulse }),
        heartbeat: createHeartbeat(identity, { database, lanes, pulse, logger }),
      };
    },
  };
}
