/**
 * What one test file runs on: a database cloned from the migrated template, whose clock it may move, and a numbered
 * database of Redis. Nobody else sees either, so files run side by side.
 */
import { randomBytes } from "node:crypto";
import { openDatabase, type Database } from "@punctual/db";
import { createKeyring, createLogger, type Keyring, type Logger } from "@punctual/runtime";
import pg from "pg";
import { createTestTenant, type TestTenant, type TestTenantOptions } from "./test-tenant.ts";
import { withDatabase, type TestServers } from "./test-servers.ts";

export interface TestEnvironment {
  databaseUrl: string;
  /** With the number of a database that is this environment's own. */
  redisUrl: string;
  /** For BullMQ keys: separates several installations of one test file. */
  redisPrefix: string;
  encryptionKeys: string;
  /** What an app needs to run on it. */
  settings: Readonly<Record<string, string>>;
  keyring: Keyring;
  /** Says nothing. */
  logger: Logger;
  database: Database;
  /** Runs SQL past the program, to look at what it did. */
  sql<Row extends object>(query: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Moves what `app_now()` says in this database, for everybody connected to it. */
  advanceClock(ms: number): Promise<void>;
  /** A company with a client, a key and a sandbox webhook account. */
  createTenant(options?: TestTenantOptions): Promise<TestTenant>;
  close(): Promise<void>;
}

const connectionsMax = 10;
const sqlConnectionsMax = 4;

/** For `beforeAll`; close it in `afterAll`. */
export async function createTestEnvironment(): Promise<TestEnvironment> {
  // Loaded here, because the rest of this package also serves programs that are no tests.
  const { inject } = await import("vitest");
  const servers = inject("testServers");
  const { name, redisDatabase } = await cloneTemplate(servers);
  const databaseUrl = withDatabase(servers.postgresUrl, name);
  const redisUrl = withDatabase(servers.redisUrl, String(redisDatabase));
  const encryptionKeys = randomBytes(32).toString("base64");
  const keyring = createKeyring(encryptionKeys);
  const logger = createLogger("test", "silent");
  const database = openDatabase(
    { url: databaseUrl, pooled: false, connectionsMax, applicationName: "punctual-test" },
    { logger },
  );
  const pool = new pg.Pool({ connectionString: databaseUrl, max: sqlConnectionsMax });
  pool.on("error", () => {});
  return {
    databaseUrl,
    redisUrl,
    redisPrefix: name,
    encryptionKeys,
    settings: {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      ENCRYPTION_KEYS: encryptionKeys,
      OPERATOR_PASSWORD: "operator-password",
    },
    keyring,
    logger,
    database,
    sql: async <Row extends object>(query: string, parameters: readonly unknown[] = []) =>
      (await pool.query<Row>(query, [...parameters])).rows,
    advanceClock: async (ms) => {
      await pool.query("UPDATE test_clock.shift SET amount = amount + $1 * interval '1 millisecond'", [ms]);
    },
    createTenant: (options) => createTestTenant({ database, keyring }, options),
    close: async () => {
      await database.close();
      await pool.end();
      await administer(servers, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

async function cloneTemplate(servers: TestServers): Promise<{ name: string; redisDatabase: number }> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  return administer(servers, async (client) => {
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${servers.templateDatabase}`);
    const { rows } = await client.query<{ number: string }>("SELECT nextval('redis_database') AS number");
    return { name, redisDatabase: Number(rows[0]?.number) };
  });
}

async function administer<Result>(servers: TestServers, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: servers.postgresUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
