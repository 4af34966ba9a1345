import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase, type Database } from "./database.ts";
import { databaseFaults } from "./preflight.ts";

let env: TestEnvironment;
let database: Database | undefined;

beforeEach(async () => {
  env = await createTestEnvironment();
});
afterEach(async () => {
  await database?.close();
  database = undefined;
  await env.close();
});

const databaseName = () => new URL(env.databaseUrl).pathname.slice(1);

/** Settings of a database hold for new connections, so each test opens its own. */
function faults({ pooled = false } = {}): Promise<string[]> {
  database = openDatabase(
    { url: env.databaseUrl, pooled, connectionsMax: 1, applicationName: "punctual-test" },
    { logger: env.logger },
  );
  return databaseFaults(database);
}

test("a Postgres that syncs and has our schema is fine", async () => {
  expect(await faults()).toEqual([]);
});

test("one that acknowledges before it syncs is refused, naming the setting", async () => {
  await env.sql(`ALTER DATABASE ${databaseName()} SET synchronous_commit TO off`);
  expect(await faults()).toEqual(["PostgreSQL may lose accepted posts: set synchronous_commit to on."]);
});

test.each(["local", "remote_write", "remote_apply", "on"])("one that syncs at %s is fine", async (setting) => {
  await env.sql(`ALTER DATABASE ${databaseName()} SET synchronous_commit TO ${setting}`);
  expect(await faults()).toEqual([]);
});

test("one that lacks a migration is refused, naming it and the command", async () => {
  const [{ migration_name: name } = { migration_name: "" }] = await env.sql<{ migration_name: string }>(
    "DELETE FROM _prisma_migrations WHERE migration_name = (SELECT max(migration_name) FROM _prisma_migrations) RETURNING *",
  );
  expect(await faults()).toEqual([`The database lacks ${name}: run \`npm run db:migrate\`.`]);
});

test("one without any schema is refused the same way", async () => {
  await env.sql("DROP TABLE _prisma_migrations");
  expect(await faults()).toEqual(["The database lacks all migrations: run `npm run db:migrate`."]);
});

test("one that answers in local time through a pooler, which cannot be told otherwise, is refused with the way out", async () => {
  await env.sql(`ALTER DATABASE ${databaseName()} SET timezone TO 'Asia/Kolkata'`);
  const remedy = `ALTER DATABASE ${databaseName()} SET timezone TO 'UTC'`;
  expect(await faults({ pooled: true })).toEqual([
    `PostgreSQL answers in the time zone Asia/Kolkata: every instant would be read wrong; \`${remedy}\`.`,
  ]);
  await database?.close();
  await env.sql(remedy);
  expect(await faults({ pooled: true })).toEqual([]);
});

test("one that is away is no verdict", async () => {
  database = openDatabase(
    {
      url: "postgresql://punctual@127.0.0.1:9/none",
      pooled: false,
      connectionsMax: 1,
      applicationName: "punctual-test",
    },
    { logger: env.logger },
  );
  await expect(databaseFaults(database)).rejects.toThrow();
});
