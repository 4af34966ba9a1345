/** Punctual as it is shipped: the API and any number of workers, with a company whose account posts to the receiver. */
import { randomBytes } from "node:crypto";
import { queueName } from "@punctual/core";
import { createApiKey, createCompany, createSocialAccount, type Database } from "@punctual/db";
import { defaultPrefix } from "@punctual/queue";
import { createKeyring } from "@punctual/runtime";
import { until } from "@punctual/testing";
import { startShipped, type ShippedProcess } from "./program.ts";
import { samplePost } from "./sample-post.ts";
import type { OwnDatabase, Stage } from "./stage.ts";

export interface Installation {
  url: string;
  tenant: Tenant;
  /** Of the user `operator`. */
  password: string;
  own: OwnDatabase;
  api: ShippedProcess;
  workers: readonly ShippedProcess[];
  /**
   * Schedules a post for each instant, in bulks.
   *
   * @returns their ids in that order, once Redis has all their jobs or the first instant has come
   */
  schedule(dueAtMs: readonly number[]): Promise<string[]>;
  /** Where in Redis jobs wait for their instant. */
  delayedKey: string;
  /** How many of them there are. */
  delayed(): Promise<number>;
  /** Stops the processes, and drops the database unless it was given. */
  stop(): Promise<void>;
}

export interface InstallationOptions {
  workers: number;
  /** Of each worker. */
  concurrency?: number;
  /** One with a tenant in it; default: a new one. */
  prepared?: PreparedDatabase;
  counted?: boolean;
  /** Loaded before each process; below the repository. */
  imports?: readonly string[];
  /** Posts farther away wait in Postgres only; `schedule` waits for no jobs then. Default: none does. */
  horizonHours?: number;
}

export interface Tenant {
  companyId: string;
  apiKey: string;
  socialAccountId: string;
  /** Signs deliveries. */
  secret: string;
  encryptionKeys: string;
}

export interface PreparedDatabase {
  own: OwnDatabase;
  tenant: Tenant;
}

/** Where posts of this benchmark go: the client's own server, which speaks no platform's protocol but ours. */
export const platform = "webhook";

const bulkSize = 1_000;
const enqueueTimeoutMs = 60_000;

export async function startInstallation(stage: Stage, options: InstallationOptions): Promise<Installation> {
  const { workers: count, concurrency = 50, counted = false, imports = [], horizonHours } = options;
  const { own, tenant } = options.prepared ?? (await prepareDatabase(stage, { counted }));
  const password = randomBytes(18).toString("base64url");
  const environment = {
    DATABASE_URL: own.url,
    REDIS_URL: stage.redisUrl,
    ENCRYPTION_KEYS: tenant.encryptionKeys,
    OPERATOR_PASSWORD: password,
    // The receiver is on this machine.
    ALLOW_PRIVATE_NETWORKS: "true",
    // One key makes all the load there is; what is measured is not its limit.
    RATE_LIMIT_PER_MINUTE: "100000000",
    WORKER_CONCURRENCY: String(concurrency),
    PORT: "0",
    WORKER_PORT: "0",
    LOG_LEVEL: "info",
    ...(horizonHours === undefined ? {} : { QUEUE_HORIZON_HOURS: String(horizonHours) }),
  };
  const { directory } = stage;
  const start = (name: "api" | "worker") =>
    startShipped({ name, file: `apps/${name}/src/main.ts`, environment, imports, directory });
  const starting = await Promise.allSettled([start("api"), ...Array.from({ length: count }, () => start("worker"))]);
  const processes = starting.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const stop = async () => {
    await Promise.all(processes.map((process) => process.stop()));
    if (options.prepared === undefined) await own.drop();
  };
  const failed = starting.find((result) => result.status === "rejected");
  const [api, ...workers] = processes;
  if (failed !== undefined || api === undefined) {
    await stop();
    throw failed?.reason;
  }

  const delayedKey = `${defaultPrefix}:${queueName(platform)}:delayed`;
  const delayed = () => stage.redis.zcard(delayedKey);
  return {
    url: api.url,
    tenant,
    password,
    own,
    api,
    workers,
    delayedKey,
    delayed,
    stop,
    async schedule(dueAtMs) {
      const before = await delayed();
      const ids: string[] = [];
      for (let from = 0; from < dueAtMs.length; from += bulkSize) {
        ids.push(...(await scheduleBulk(api.url, tenant, dueAtMs.slice(from, from + bulkSize))));
      }
      if (horizonHours !== undefined) return ids;
      const firstMs = Math.min(...dueAtMs);
      await until("Redis has all jobs", async () => (await delayed()) >= before + ids.length || Date.now() >= firstMs, {
        timeoutMs: enqueueTimeoutMs,
      });
      return ids;
    },
  };
}

/** A migrated database with a company, a key and an account. */
export async function prepareDatabase(stage: Stage, options: { counted?: boolean } = {}): Promise<PreparedDatabase> {
  const own = await stage.createDatabase(options);
  return { own, tenant: await createTenant(own.database, String(stage.receiver.ready["url"])) };
}

async function createTenant(database: Database, url: string): Promise<Tenant> {
  const encryptionKeys = randomBytes(32).toString("base64");
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const { id: companyId } = await createCompany(database, { name: "Benchmark" });
  const { key: apiKey } = await createApiKey(database, { companyId, name: "benchmark", scope: "admin" });
  const account = await createSocialAccount(database, createKeyring(encryptionKeys), {
    companyId,
    clientId: null,
    platform,
    name: "Receiver",
    settings: { url },
    credentials: { secret },
    sandbox: false,
  });
  if (account === null) throw new Error("an account could not be made");
  return { companyId, apiKey, socialAccountId: account.id, secret, encryptionKeys };
}

async function scheduleBulk(url: string, tenant: Tenant, dueAtMs: readonly number[]): Promise<string[]> {
  const posts = dueAtMs.map((dueAt, index) => samplePost(tenant.socialAccountId, index, dueAt));
  const response = await fetch(new URL("/v1/posts/bulk", url), {
    method: "POST",
    headers: { authorization: `Bearer ${tenant.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ posts }),
  });
  if (response.status !== 201) throw new Error(`scheduling answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
}
