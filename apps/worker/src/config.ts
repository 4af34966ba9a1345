/** A worker's settings and the limits that are not settings. */
import { readConfig, type Config, type Environment } from "@punctual/runtime";

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
  "ALLOW_PRIVATE_NETWORKS",
  "LOG_LEVEL",
] as const;

export type WorkerConfig = Config<(typeof names)[number]>;

export function readWorkerConfig(environment?: Environment): WorkerConfig {
  return readConfig(names, environment);
}

export const workerLimits = {
  /** From SIGTERM to the hard exit. The longest send is 15 s, recording it comes on top. */
  graceMs: 25_000,
  /** How long shutdown waits for running attempts. */
  drainTimeoutMs: 20_000,
  databaseConnectionsMax: 10,
  maintenanceConnectionsMax: 4,
} as const;
