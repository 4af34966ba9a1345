/** The API's settings and the limits that are not settings. */
import { isIP } from "node:net";
import { platformSettings } from "@punctual/platforms";
import {
  ConfigError,
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
  "PORT",
  "PUBLIC_URL",
  "SANDBOX_URL",
  "ENCRYPTION_KEYS",
  "OPERATOR_PASSWORD",
  "VIEWER_PASSWORD",
  "QUEUE_HORIZON_HOURS",
  "RATE_LIMIT_PER_MINUTE",
  "TRUSTED_PROXIES",
  "ALLOW_PRIVATE_NETWORKS",
  "BULL_BOARD_WRITABLE",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "LOG_LEVEL",
] as const;

export type ApiConfig = Config<(typeof names)[number]> & {
  /** What was set for each platform. */
  registrations: ReturnType<typeof readRegistrations>;
};

/** @throws {ConfigError} listing what is missing or wrong */
export function readApiConfig(environment: Environment = currentEnvironment()): ApiConfig {
  const read = readConfig(names, environment, platformFields(platformSettings));
  const config = { ...read, registrations: readRegistrations(platformSettings, environment) };
  const wrong = (config.TRUSTED_PROXIES?.split(",") ?? []).filter((network) => !isNetwork(network));
  if (wrong.length === 0) return config;
  throw new ConfigError(`The environment does not fit:\n  TRUSTED_PROXIES: no address or network: ${wrong.join(", ")}`);
}

function isNetwork(text: string): boolean {
  const [address = "", length, ...rest] = text.split("/");
  const version = isIP(address);
  return version !== 0 && rest.length === 0 && (length === undefined || Number(length) <= (version === 4 ? 32 : 128));
}

export type ApiLimits = { readonly [Name in keyof typeof apiLimits]: number };

export const apiLimits = {
  bodyBytesMax: 1_048_576,
  bulkBodyBytesMax: 16 * 1_048_576,
  urlLengthMax: 8_192,
  /** All header lines of a request together, its first line included. */
  headerBytesMax: 16_384,
  /** Until a request's headers have arrived. */
  headersTimeoutMs: 10_000,
  /** Until a request has arrived completely. */
  requestTimeoutMs: 30_000,
  /** How often both are looked at: a slow request lasts so much longer at most. */
  timeoutCheckIntervalMs: 5_000,
  /** A client that takes nothing of its answer for so long, and says nothing, is cut off. */
  answerStallTimeoutMs: 60_000,
  /** Between two requests on one connection. */
  keepAliveTimeoutMs: 72_000,
  /** Open event streams of one process, of one company and of one key at it. */
  streamsMax: 2_000,
  streamsPerCompanyMax: 50,
  streamsPerKeyMax: 25,
  /** API keys whose requests are counted; of more, those quiet longest are forgotten. */
  keysRememberedMax: 50_000,
  /** Clients' addresses whose wrong keys and passwords are counted; likewise. */
  addressesRememberedMax: 50_000,
  /** From one address, in a minute: then unknown keys from there are refused unseen. */
  wrongKeysPerMinuteMax: 300,
  /** From one address: then nobody logs in from there until the window is over. */
  wrongPasswordsMax: 10,
  wrongPasswordsWindowMs: 300_000,
  /** Between two rounds in which API processes tell each other what they counted. */
  rateExchangeIntervalMs: 500,
  /** When the event loop is later than this, new requests are turned away. */
  eventLoopDelayMaxMs: 1_000,
  eventLoopSampleMs: 1_000,
  /** How long a repeat waits for the first request under its Idempotency-Key. */
  idempotencyWaitMs: 5_000,
  /** A reading of the installation's figures is used again for so long, however many ask. */
  figuresKeptMs: 2_000,
  databaseConnectionsMax: 20,
  /** From SIGTERM to the hard exit. */
  graceMs: 10_000,
  /** How long a stop lets running requests finish; then their connections are cut. */
  drainTimeoutMs: 7_000,
} as const;
