/** A worker's settings and the limits that are not settings. */
import { defaultRetention, type Retention } from "@punctual/db";
import { platformSettings } from "@punctual/platforms";
import {
  currentEnvironment,
  platformFields,
  readConfig,
  readRegistrations,
  type Config,
  type Environment,
} from "@punctual/runtime";

const names = [
  "DATABASE_URL",
  "DATABASE_POOLED",
  "REDIS_URL",
  "HOST",
  "WORKER_PORT",
  "SANDBOX_URL",
  "ENCRYPTION_KEYS",
  "WORKER_CONCURRENCY",
  "WORKER_PLATFORMS",
  "QUEUE_HORIZON_HOURS",
  "ALLOW_PRIVATE_NETWORKS",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "KEEP_POSTS_DAYS",
  "KEEP_EVENTS_DAYS",
  "KEEP_IDEMPOTENCY_HOURS",
  "LOG_LEVEL",
] as const;

export type WorkerConfig = Config<(typeof names)[number]> & {
  /** What was set for each platform. */
  registrations: ReturnType<typeof readRegistrations>;
};

export function readWorkerConfig(environment: Environment = currentEnvironment()): WorkerConfig {
  const config = readConfig(names, environment, platformFields(platformSettings));
  return { ...config, registrations: readRegistrations(platformSettings, environment) };
}

/** What is kept for how long, as set. */
export function retentionOf(
  config: Pick<WorkerConfig, "KEEP_POSTS_DAYS" | "KEEP_EVENTS_DAYS" | "KEEP_IDEMPOTENCY_HOURS">,
): Retention {
  return {
    ...defaultRetention,
    postDays: config.KEEP_POSTS_DAYS,
    eventDays: config.KEEP_EVENTS_DAYS,
    idempotencyHours: config.KEEP_IDEMPOTENCY_HOURS,
  };
}

export const workerLimits = {
  /** From SIGTERM to the hard exit. The longest send is 15 s, recording it comes on top. */
  graceMs: 25_000,
  /** How long shutdown waits for running attempts. */
  drainTimeoutMs: 20_000,
  databaseConnectionsMax: 10,
  maintenanceConnectionsMax: 4,
} as const;
