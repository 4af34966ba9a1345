import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { migrate, MigrationError, missingMigrations } from "./migrate.ts";

const migrations = fileURLToPath(new URL("../../../prisma/migrations", import.meta.url));
let env: TestEnvironment;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

/** A database without any table, dropped after the test. */
async function emptyDatabase(): Promise<{ url: string; client: pg.Client }> {
  const name = `empty_${randomBytes(6).toString("hex")}`;
  await env.sql(`CREATE DATABASE ${name}`);
  const url = new URL(env.databaseUrl);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await env.sql(`DROP DATABASE ${name} WITH (FORCE)`);
  });
  return { url: url.href, client };
}

/** A copy of the migrations that may be changed. */
async function copiedMigrations(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "punctual-migrations-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await cp(migrations, directory, { recursive: true });
  return directory;
}

async function addMigration(directory: string, name: string, sql: string): Promise<void> {
  await mkdir(path.join(directory, name));
  await writeFile(path.join(directory, name, "migration.sql"), sql);
}

async function tablesOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
  );
  return rows.map(({ name }) => name);
}

test("an empty database gets every migration once, in order", async () => {
  const { url, client } = await emptyDatabase();
  const applied = await migrate(url);
  expect(applied.length).toBeGreaterThan(0);
  expect(applied).toEqual(applied.toSorted());
  expect(await tablesOf(client)).toContain("posts");
  expect(await migrate(url)).toEqual([]);
});

test("several processes may migrate at once: each migration is applied by one of them", async () => {
  const { url, client } = await emptyDatabase();
  // Held here until all of them wait, so that they really meet.
  await client.query("BEGIN; SELECT pg_advisory_xact_lock(72707369)");
  const program = `import { migrate } from ${JSON.stringify(new URL("migrate.ts", import.meta.url).href)};
    console.log(JSON.stringify(await migrate(process.argv[1])));`;
  const processes = Array.from({ length: 4 }, () =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, url]),
  );
  await until("all four wait for the lock", async () => {
    const { rows } = await client.query<{ waiting: number }>(
      "SELECT count(*)::int AS waiting FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    return rows[0]?.waiting === 4;
  });
  await client.query("COMMIT");
  const answers = (await Promise.all(processes)).map(({ stdout }) => JSON.parse(stdout) as string[]);
  expect(answers.filter((applied) => applied.length > 0)).toHaveLength(1);
  const { rows } = await client.query<{ names: number; rows: number }>(
    "SELECT count(DISTINCT migration_name)::int AS names, count(*)::int AS rows FROM _prisma_migrations",
  );
  expect(rows[0]?.rows).toBe(rows[0]?.names);
});

test("a migration changed after it had been applied is refused", async () => {
  const { url } = await emptyDatabase();
  const directory = await copiedMigrations();
  const [first = ""] = await migrate(url, directory);
  const file = path.join(directory, first, "migration.sql");
  await writeFile(file, `${await readFile(file, "utf8")}\n-- a harmless remark\n`);
  await expect(migrate(url, directory)).rejects.toThrow(
    new MigrationError(`Migration ${first} was changed after it had been applied.`),
  );
});

test("a database migrated by a newer version is refused", async () => {
  const { url } = await emptyDatabase();
  const directory = await copiedMigrations();
  await addMigration(directory, "99990101000000_newer", "CREATE TABLE newer ()");
  await migrate(url, directory);
  await expect(migrate(url)).rejects.toThrow(/99990101000000_newer, which this version does not know/);
});

test("a migration that fails takes all pending ones back with it", async () => {
  const { url, client } = await emptyDatabase();
  const directory = await copiedMigrations();
  await addMigration(directory, "99990101000000_broken", "CREATE TABLE half_done (); SELECT 1 / 0");
  await expect(migrate(url, directory)).rejects.toThrow(/99990101000000_broken failed: division by zero/);
  expect(await tablesOf(client)).toEqual([]);
  expect(await migrate(url)).not.toEqual([]);
});

test("what a database lacks is named", async () => {
  const { url, client } = await emptyDatabase();
  const directory = await copiedMigrations();
  await migrate(url, directory);
  const query = async (sql: string) => (await client.query<{ migration_name: string }>(sql)).rows;
  expect(await missingMigrations(query, directory)).toEqual([]);
  await addMigration(directory, "99990101000000_newer", "SELECT 1");
  expect(await missingMigrations(query, directory)).toEqual(["99990101000000_newer"]);
});

test("an installation's clock cannot be moved, and is inlined so that sweeps use their index", async () => {
  const { url, client } = await emptyDatabase();
  await migrate(url);
  const { rows } = await client.query<{ "QUERY PLAN": string }>(
    "EXPLAIN SELECT id FROM posts WHERE status = 'scheduled' AND enqueued_rev < revision AND next_attempt_at <= app_now()",
  );
  const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
  expect(plan).toContain("Index Cond: (next_attempt_at <= date_trunc('milliseconds'::text, statement_timestamp()))");
});
