/**
 * The Postgres and Redis of one test run: started on free ports in a directory of their own, thrown away with it.
 * They sync like real ones, so the directory is in memory where there is room. What a killed run left behind is
 * cleared away by the next one.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { migrate } from "@punctual/db";
import pg from "pg";
import { startPostgres, stopLeftoverPostgres } from "./postgres-server.ts";
import { startRedis, stopLeftoverRedis } from "./redis-server.ts";
import { identifyProcess, isRunning, type ProcessIdentity } from "./running-process.ts";
import type { LocalServer } from "./server-process.ts";

/** What test files need to know of them. */
export interface TestServers {
  /** A database for administration. */
  postgresUrl: string;
  /** Migrated, with a clock that can be moved; clone it, never connect to it. */
  templateDatabase: string;
  /** Database 0; tests take numbers of their own from `redisDatabases`. */
  redisUrl: string;
  redisDatabases: number;
}

const directoryPrefix = "punctual-test-";
const memoryDirectory = "/dev/shm";
/** Cloned databases and their log must fit, in bytes. */
const memoryBytesMin = 2 * 1024 ** 3;
const redisDatabases = 1_024;
const templateDatabase = "punctual_template";
/** A directory without an owner is one being made, until it is this old. */
const makingMs = 60_000;

// Test databases read their clock's offset from a table. The function around the offset stays one expression, like
// the original; the two differ in nothing else.
const movableClock = `
  CREATE SCHEMA test_clock;
  CREATE TABLE test_clock.shift (amount interval NOT NULL);
  INSERT INTO test_clock.shift VALUES (interval '0');
  CREATE FUNCTION test_clock.amount() RETURNS interval
    LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT amount FROM test_clock.shift $$;
  CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT date_trunc('milliseconds', statement_timestamp()) + test_clock.amount() $$;`;

/** @returns the servers and how to end them and remove every trace */
export async function startTestServers(): Promise<{ servers: TestServers; stop(): Promise<void> }> {
  const parents = [...new Set([memoryDirectory, tmpdir()])];
  for (const parent of parents) await clearLeftovers(parent);
  const root = mkdtempSync(path.join(hasRoom(memoryDirectory) ? memoryDirectory : tmpdir(), directoryPrefix));
  // Root hands Postgres to another user, who must be able to enter.
  chmodSync(root, process.getuid?.() === 0 ? 0o711 : 0o700);
  writeFileSync(ownerFile(root), JSON.stringify(identifyProcess(process.pid)));
  const running: LocalServer[] = [];
  const endHard = () => {
    for (const { identity } of running) killNow(identity);
    rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  };
  process.once("exit", endHard);
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()));
    rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    process.removeListener("exit", endHard);
  };
  try {
    const [postgres, redis] = await Promise.all([
      startPostgres({
        dataDirectory: path.join(root, "postgres"),
        logFile: path.join(root, "postgres.log"),
        port: 0,
        password: randomBytes(18).toString("base64url"),
        database: "punctual",
        settings: { max_connections: "400", max_wal_size: "256MB", shared_buffers: "64MB" },
        throwAway: true,
      }).then((server) => (running.push(server), server)),
      startRedis({
        directory: path.join(root, "redis"),
        logFile: path.join(root, "redis.log"),
        port: 0,
        password: randomBytes(18).toString("base64url"),
        databases: redisDatabases,
        persistent: false,
        announce: (message) => process.stderr.write(`${message}\n`),
      }).then((server) => (running.push(server), server)),
    ]);
    await makeTemplate(postgres.url);
    return { servers: { postgresUrl: postgres.url, templateDatabase, redisUrl: redis.url, redisDatabases }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function makeTemplate(postgresUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${templateDatabase}`);
    // Numbers of Redis databases, handed out to test files whatever process they run in.
    await client.query(`CREATE SEQUENCE redis_database MINVALUE 1 MAXVALUE ${redisDatabases - 1} NO CYCLE`);
  } finally {
    await client.end();
  }
  const templateUrl = withDatabase(postgresUrl, templateDatabase);
  await migrate(templateUrl);
  const template = new pg.Client({ connectionString: templateUrl });
  await template.connect();
  try {
    await template.query(movableClock);
  } finally {
    await template.end();
  }
}

function hasRoom(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize >= memoryBytesMin;
  } catch {
    return false;
  }
}

async function clearLeftovers(parent: string): Promise<void> {
  for (const name of listDirectory(parent)) {
    if (!name.startsWith(directoryPrefix)) continue;
    const root = path.join(parent, name);
    if (!isAbandoned(root)) continue;
    await stopLeftoverPostgres(path.join(root, "postgres"));
    await stopLeftoverRedis(path.join(root, "redis"));
    rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

function isAbandoned(root: string): boolean {
  const stats = statSync(root, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory() || stats.uid !== process.getuid?.()) return false;
  try {
    return !isRunning(JSON.parse(readFileSync(ownerFile(root), "utf8")) as ProcessIdentity);
  } catch {
    return Date.now() - stats.mtimeMs > makingMs;
  }
}

function ownerFile(root: string): string {
  return path.join(root, "owner.json");
}

function listDirectory(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function killNow(identity: ProcessIdentity): void {
  try {
    if (isRunning(identity)) process.kill(identity.pid, "SIGKILL");
  } catch {
    // Gone in this very moment.
  }
}
