/**
 * What every measure runs on: one Postgres and one Redis with the settings of an installation that keeps its promise,
 * a receiver, and the program that makes the load. Each sample gets a database of its own and an empty Redis.
 */
import { randomBytes } from "node:crypto";
import path from "node:path";
import { migrate, openDatabase, type Database } from "@punctual/db";
import { connectRedis } from "@punctual/queue";
import { createLogger } from "@punctual/runtime";
import { isRunning, startPostgres, startRedis, until, type LocalServer } from "@punctual/testing";
import type { LoadOrder } from "./load.ts";
import { startHelper, type Helper } from "./program.ts";
import type { ReceiverQuestion } from "./receiver.ts";
import type { Sizes } from "./sizes.ts";

export interface Stage {
  sizes: Sizes;
  /** Where processes leave their logs. */
  directory: string;
  redisUrl: string;
  redisPid: number;
  postgresPid: number;
  redis: ReturnType<typeof connectRedis>;
  /** On the database `postgres`, for what concerns all of them. */
  admin: Database;
  receiver: Helper<ReceiverQuestion>;
  load: Helper<LoadOrder>;
  /** A migrated database, and our own connection to it. */
  createDatabase(options: DatabaseOptions): Promise<OwnDatabase>;
  /** Tells beneath the table what no figure can; the last word on a title stays. */
  remember(title: string, lines: readonly string[]): void;
  readonly remembered: ReadonlyMap<string, readonly string[]>;
  /** Leaves nothing to be done that an earlier sample caused; no worker may be up, it would put the jobs back. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

export interface StageOptions {
  /**
   * Whether Postgres makes its checkpoints when it likes, as in an installation, and not between samples, where one
   * would be one side's bad luck.
   */
  ownCheckpoints?: boolean;
}

export interface DatabaseOptions {
  /** Whether statements are counted there, which costs a little. */
  counted?: boolean;
}

export interface OwnDatabase {
  name: string;
  url: string;
  database: Database;
  drop(): Promise<void>;
}

const template = "bench_template";
const logger = createLogger("bench", "silent");

export async function setStage(sizes: Sizes, directory: string, options: StageOptions = {}): Promise<Stage> {
  const opened: { stop(): Promise<unknown> }[] = [];
  const remembered = new Map<string, readonly string[]>();
  const stop = async () => {
    for (const part of opened.toReversed()) await part.stop();
  };
  try {
    const { postgres, redis } = await startServers(directory, options);
    for (const server of [postgres, redis]) opened.push(endWithUs(server));
    await migrate(postgres.url);
    const admin = open(withDatabase(postgres.url, "postgres"));
    opened.push({ stop: () => admin.close() });
    const redisClient = connectRedis(redis.url, "consumer", logger);
    opened.push({ stop: async () => redisClient.disconnect() });
    const receiver = await startHelper<ReceiverQuestion>({ name: "receiver", file: file("receiver.ts"), directory });
    opened.push(receiver);
    const load = await startHelper<LoadOrder>({ name: "load", file: file("load.ts"), directory });
    opened.push(load);
    return {
      sizes,
      directory,
      redisUrl: redis.url,
      redisPid: redis.identity.pid,
      postgresPid: postgres.identity.pid,
      redis: redisClient,
      admin,
      receiver,
      load,
      createDatabase: (options) => createDatabase(admin, postgres.url, options),
      remember: (title, lines) => void remembered.set(title, lines),
      remembered,
      async clear() {
        await redisClient.flushall();
        // It refuses a second one while one of its own is under way.
        await noRewrite(redisClient);
        await redisClient.bgrewriteaof();
        await noRewrite(redisClient);
        await admin.prisma.$executeRawUnsafe("CHECKPOINT");
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function noRewrite(redis: Stage["redis"]): Promise<void> {
  await until("the file of Redis is rewritten", async () =>
    /aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/.test(await redis.info("persistence")),
  );
}

/** Where a program of the benchmark is, below the repository. */
export function file(name: string): string {
  return path.posix.join("scripts/bench", name);
}

async function startServers(
  directory: string,
  { ownCheckpoints = false }: StageOptions,
): Promise<{ postgres: LocalServer; redis: LocalServer }> {
  const password = () => randomBytes(18).toString("base64url");
  const postgres = await startPostgres({
    dataDirectory: path.join(directory, "postgres"),
    logFile: path.join(directory, "postgres.log"),
    port: 0,
    password: password(),
    database: template,
    settings: {
      max_connections: "200",
      ...(ownCheckpoints ? {} : { max_wal_size: "4GB", checkpoint_timeout: "30min" }),
      shared_preload_libraries: "pg_stat_statements",
      "pg_stat_statements.track": "none",
      compute_query_id: "off",
    },
    throwAway: true,
  });
  const redis = await startRedis({
    directory: path.join(directory, "redis"),
    logFile: path.join(directory, "redis.log"),
    port: 0,
    password: password(),
    databases: 1,
    persistent: true,
  });
  return { postgres, redis };
}

async function createDatabase(
  admin: Database,
  url: string,
  { counted = false }: DatabaseOptions,
): Promise<OwnDatabase> {
  const name = `bench_${randomBytes(6).toString("hex")}`;
  const run = (statement: string) => admin.prisma.$executeRawUnsafe(statement);
  await run(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  if (counted) {
    await run(`ALTER DATABASE ${name} SET pg_stat_statements.track = 'top'`);
    await run(`ALTER DATABASE ${name} SET compute_query_id = 'on'`);
  }
  const database = open(withDatabase(url, name));
  return {
    name,
    url: withDatabase(url, name),
    database,
    async drop() {
      await database.close();
      await run(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

function open(url: string): Database {
  // Nothing is set on its sessions, so filling a database is not broken off; the server speaks UTC anyway.
  return openDatabase({ url, pooled: true, connectionsMax: 2, applicationName: "bench" }, { logger });
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

/** It leads its own process group, so a benchmark that is broken off must see to it. */
function endWithUs(server: LocalServer): { stop(): Promise<void> } {
  const end = () => {
    if (isRunning(server.identity)) process.kill(server.identity.pid, "SIGKILL");
  };
  process.once("exit", end);
  return {
    async stop() {
      await server.stop();
      process.removeListener("exit", end);
    },
  };
}
