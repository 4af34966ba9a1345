/** The API's settings and the limits that are not settings. */
import { readConfig, type Config, type Environment } from "@punctual/runtime";

const names = [
  "DATABASE_URL",
  "DATABASE_POOLED",
  "REDIS_URL",
  "HOST",
  "PORT",
  "PUBLIC_URL",
  "SANDBOX_URL",
  "ENCRYPTION_KEYS",
  "OPERATOR_PASSWORD",
  "VIEWER_PASSWORD",
  "ALLOW_PRIVATE_NETWORKS",
  "BULL_BOARD_WRITABLE",
  "LOG_LEVEL",
] as const;

export type ApiConfig = Config<(typeof names)[number]>;

export function readApiConfig(environment?: Environment): ApiConfig {
  return readConfig(names, environment);
}

export const apiLimits = {
  bodyBytesMax: 1_048_576,
  bulkBodyBytesMax: 16 * 1_048_576,
  /** Until a request has arrived completely. */
  requestTimeoutMs: 30_000,
  databaseConnectionsMax: 20,
  /** From SIGTERM to the hard exit. */
  graceMs: 10_000,
  /** How long a stop lets running requests finish; then their connections are cut. */
  drainTimeoutMs: 7_000,
} as const;
