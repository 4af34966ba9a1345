import { createTestEnvironment, insertTestPost, type TestEnvironment } from "@punctual/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase, type Database } from "./database.ts";

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

function open({ pooled = false, connectionsMax = 2 } = {}): Database {
  database = openDatabase(
    { url: env.databaseUrl, pooled, connectionsMax, applicationName: "punctual-test" },
    { logger: env.logger },
  );
  return database;
}

/** What the administrator of a server in another part of the world has set; new connections have it. */
async function moveServerTo(timeZone: string): Promise<void> {
  const name = new URL(env.databaseUrl).pathname.slice(1);
  await env.sql(`ALTER DATABASE ${name} SET timezone TO '${timeZone}'`);
}

describe("on a server that keeps local time", () => {
  test.each(["America/New_York", "Asia/Kolkata", "UTC"])("instants are read as they are: %s", async (timeZone) => {
    await moveServerTo(timeZone);
    const tenant = await env.createTenant();
    const id = await insertTestPost(env, tenant, { dueInMs: 3_600_000 });
    const { prisma } = open();
    const [written] = await env.sql<{ due: string }>(
      "SELECT (extract(epoch FROM next_attempt_at) * 1000)::bigint AS due FROM posts WHERE id = $1",
      [id],
    );
    const [raw] = await prisma.$queryRaw<
      [{ due: Date }]
    >`SELECT next_attempt_at AS due FROM posts WHERE id = ${id}::uuid`;
    const model = await prisma.post.findUniqueOrThrow({ where: { id }, select: { nextAttemptAt: true } });
    expect(raw.due.getTime()).toBe(Number(written?.due));
    expect(model.nextAttemptAt.getTime()).toBe(Number(written?.due));
  });
});

describe("a statement with a name", () => {
  const prepared = async ({ prisma }: Database) => {
    const rows = await prisma.$queryRaw<{ name: string }[]>`SELECT name FROM pg_prepared_statements ORDER BY name`;
    return rows.map(({ name }) => name);
  };
  const double = async ({ prisma }: Database, value: number) => {
    const [row] = await prisma.$queryRaw<[{ double: number }]>`/* =double */ SELECT 2 * ${value}::int AS double`;
    return row.double;
  };

  test("is prepared once on a connection, one without is not", async () => {
    const own = open({ connectionsMax: 1 });
    expect([await double(own, 1), await double(own, 2)]).toEqual([2, 4]);
    await own.prisma.$queryRaw`SELECT 2 * ${1}::int AS double`;
    expect(await prepared(own)).toEqual(["double"]);
  });

  test("keeps its name to its first text", async () => {
    const own = open({ connectionsMax: 1 });
    await double(own, 1);
    const [other] = await own.prisma.$queryRaw<[{ triple: number }]>`/* =double */ SELECT 3 * ${1}::int AS triple`;
    expect(other.triple).toBe(3);
    expect(await double(own, 3)).toBe(6);
    expect(await prepared(own)).toEqual(["double"]);
  });

  test("is not prepared behind a transaction pooler", async () => {
    const own = open({ pooled: true, connectionsMax: 1 });
    expect(await double(own, 1)).toBe(2);
    expect(await prepared(own)).toEqual([]);
  });
});
