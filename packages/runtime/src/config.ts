/**
 * Every setting there is, once: the schema each process reads its environment with, the table in the README and
 * `.env.example` are checked against this. Read once, at the edge; the rest of the program gets a typed object.
 * This is the only module that reads `process.env`.
 */
import { envSchema } from "env-schema";
import { type Static, Type } from "typebox";

const port = (value: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: value, description: `${description} 0 picks a free one.` });

export const configFields = {
  DATABASE_URL: Type.String({
    pattern: "^postgres(ql)?://",
    description: "PostgreSQL 14 or newer, `postgres://user:password@host:port/database`.",
  }),
  REDIS_URL: Type.String({
    pattern: "^rediss?://",
    description: "Redis 6.2 or newer or Valkey, `redis://host:port/0`; must not evict (`maxmemory-policy noeviction`).",
  }),
  DATA_DIR: Type.String({
    minLength: 1,
    default: ".data",
    description: "Where `npm start` keeps its data, secrets and logs; no other command uses it.",
  }),
  DATABASE_POOLED: Type.Boolean({
    default: false,
    description: "Set to true behind a transaction pooler such as PgBouncer: nothing is kept in a session.",
  }),
  HOST: Type.String({ minLength: 1, default: "127.0.0.1", description: "Address every server listens on." }),
  PORT: port(3000, "Port of the API."),
  WORKER_PORT: port(3001, "Port of a worker's own health."),
  SANDBOX_PORT: port(3002, "Port of the sandbox."),
  PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: "^https?://[^/]+$",
      description: "Where browsers reach the API, without a path; changes made from pages must come from there.",
    }),
  ),
  SANDBOX_URL: Type.Optional(
    Type.String({
      pattern: "^https?://[^/]+$",
      description: "Where the sandbox is, without a path; posts of accounts with `sandbox: true` go there.",
    }),
  ),
  ENCRYPTION_KEYS: Type.String({
    pattern: "^[A-Za-z0-9+/]{43}=(,[A-Za-z0-9+/]{43}=)*$",
    description: "Comma list of base64 32-byte keys for credentials at rest; the first encrypts, all decrypt.",
  }),
  OPERATOR_PASSWORD: Type.String({
    minLength: 12,
    description: "Password of the user `operator`, who may look and act. At least 12 characters.",
  }),
  VIEWER_PASSWORD: Type.Optional(
    Type.String({ minLength: 12, description: "Password of the user `viewer`, who may look. Unset: no such user." }),
  ),
  WORKER_CONCURRENCY: Type.Integer({
    minimum: 1,
    maximum: 1_000,
    default: 50,
    description: "How many posts a worker publishes at a time, per queue.",
  }),
  WORKER_PLATFORMS: Type.Optional(
    Type.String({
      pattern: "^[a-z]+(,[a-z]+)*$",
      description: "Comma list of the platforms a worker publishes to. Unset: all.",
    }),
  ),
  QUEUE_HORIZON_HOURS: Type.Integer({
    minimum: 0,
    maximum: 8_784,
    default: 0,
    description:
      "Posts due later than this wait in Postgres only and get their job in Redis as they come closer. 0: every post has one at once.",
  }),
  RATE_LIMIT_PER_MINUTE: Type.Integer({
    minimum: 1,
    maximum: 100_000_000,
    default: 6_000,
    description: "Requests an API key may make in any minute, at all API processes together.",
  }),
  TRUSTED_PROXIES: Type.Optional(
    Type.String({
      pattern: "^[0-9A-Fa-f.:]+(/[0-9]+)?(,[0-9A-Fa-f.:]+(/[0-9]+)?)*$",
      description:
        "Comma list of addresses and networks whose `X-Forwarded-For` tells the client's address. Unset: none is believed.",
    }),
  ),
  ALLOW_PRIVATE_NETWORKS: Type.Boolean({
    default: false,
    description: "Set to true to deliver to private, loopback and link-local addresses (`npm start` does).",
  }),
  BULL_BOARD_WRITABLE: Type.Boolean({
    default: false,
    description: "Set to true to let operators change jobs in Bull Board.",
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({
      pattern: "^https?://\\S+$",
      description:
        "Where an OpenTelemetry collector takes traces over HTTP, such as `http://localhost:4318`. Unset: none are kept.",
    }),
  ),
  KEEP_POSTS_DAYS: Type.Integer({
    minimum: 1,
    maximum: 36_500,
    default: 400,
    description: "For how many days ended posts are kept, with their texts and attempts.",
  }),
  KEEP_EVENTS_DAYS: Type.Integer({
    minimum: 1,
    maximum: 36_500,
    default: 30,
    description: "For how many days events and their deliveries are kept; a cursor before that answers 410.",
  }),
  KEEP_IDEMPOTENCY_HOURS: Type.Integer({
    minimum: 24,
    maximum: 876_000,
    default: 24,
    description:
      "For how many hours the first answer under an `Idempotency-Key` is kept once all its posts ended; at least 24.",
  }),
  LOG_LEVEL: Type.Enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], {
    default: "info",
    description: "Least severe log level that is written.",
  }),
} as const;

export type ConfigName = keyof typeof configFields;
export type Config<Name extends ConfigName> = {
  [Key in Name as undefined extends Static<(typeof configFields)[Key]> ? never : Key]: Static<
    (typeof configFields)[Key]
  >;
} & { [Key in Name as undefined extends Static<(typeof configFields)[Key]> ? Key : never]?: string };

/** How far ahead posts have jobs, in milliseconds; null: any. */
export function queueHorizonMs({ QUEUE_HORIZON_HOURS: hours }: Config<"QUEUE_HORIZON_HOURS">): number | null {
  return hours === 0 ? null : hours * 3_600_000;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment does not fit; the message lists every fault and shows no value. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** Settings beyond those that every installation has, by name; none of them is required. */
export type MoreFields = Readonly<Record<string, { description: string }>>;

/**
 * Reads the named settings. Empty counts as unset.
 *
 * @param more checked as well; read where they are known
 * @throws {ConfigError} listing every missing or wrong setting
 */
export function readConfig<Name extends ConfigName>(
  names: readonly Name[],
  environment: Environment = process.env,
  more: MoreFields = {},
): Config<Name> {
  const fields = { ...configFields, ...more };
  const data: Record<string, string> = {};
  const properties: Record<string, unknown> = {};
  const required: string[] = [];
  for (const name of [...names, ...Object.keys(more)]) {
    const value = environment[name];
    const field = fields[name as Name];
    if (value !== undefined && value !== "") data[name] = value;
    properties[name] = field;
    if (!("default" in field) && !Object.hasOwn(field, "~optional")) required.push(name);
  }
  try {
    return envSchema<Config<Name>>({ env: false, data, schema: { type: "object", properties, required } as never });
  } catch (error) {
    const faults = (error as { errors?: AjvFault[] }).errors;
    if (faults === undefined) throw error;
    const lines = new Set(faults.map((fault) => describeFault(fault, fields)));
    throw new ConfigError(`The environment does not fit:\n${[...lines].map((line) => `  ${line}`).join("\n")}`);
  }
}

/** The whole environment, for processes that start others. */
export function currentEnvironment(): Environment {
  return process.env;
}

interface AjvFault {
  keyword: string;
  instancePath: string;
  params: { missingProperty?: string };
  message?: string;
}

function describeFault(fault: AjvFault, fields: Readonly<Record<string, object>>): string {
  const name = fault.params.missingProperty ?? fault.instancePath.slice(1);
  const { description } = (fields[name] ?? {}) as { description?: string };
  const what = fault.keyword === "required" ? "is missing" : (fault.message ?? "is wrong");
  return `${name} ${what}. ${description ?? ""}`.trim();
}
