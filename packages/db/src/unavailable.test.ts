import { createServer, type AddressInfo, type Socket } from "node:net";
import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase, type Database } from "./database.ts";
import { isDatabaseUnavailable } from "./unavailable.ts";

let env: TestEnvironment;
const opened: Database[] = [];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(async () => {
  await Promise.all(opened.map((database) => database.close()));
  await env.close();
});

function open(url: string, connectionsMax = 2): Database {
  const database = openDatabase({ url, pooled: false, connectionsMax, applicationName: "unavailable" }, env);
  opened.push(database);
  return database;
}

const failure = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );

test("a refused connection is unavailability, in raw queries, models and transactions", async () => {
  const { prisma } = open("postgres://nobody:nothing@127.0.0.1:1/none");
  expect(isDatabaseUnavailable(await failure(prisma.$queryRaw`SELECT 1`))).toBe(true);
  expect(isDatabaseUnavailable(await failure(prisma.client.findMany({ take: 1 })))).toBe(true);
  expect(isDatabaseUnavailable(await failure(prisma.$transaction((tx) => tx.$queryRaw`SELECT 1`)))).toBe(true);
});

test("a server that accepts and never answers is unavailability", async () => {
  const sockets: Socket[] = [];
  const mute = createServer((socket) => void sockets.push(socket.on("error", () => {})));
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  const { port } = mute.address() as AddressInfo;
  expect(isDatabaseUnavailable(await failure(open(`postgres://a:b@127.0.0.1:${port}/c`).ping()))).toBe(true);
  for (const socket of sockets) socket.destroy();
  mute.close();
});

test("a connection that is terminated while it works is unavailability, and the next query works", async () => {
  const database = open(env.databaseUrl);
  const broken = failure(database.prisma.$queryRaw`SELECT pg_sleep(60) IS NULL AS "slept by unavailable.test"`);
  await until("the statement was terminated", async () => {
    const killed = await env.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%slept by unavailable.test%' AND pid <> pg_backend_pid() AND datname = current_database()",
    );
    return killed.length > 0;
  });
  expect(isDatabaseUnavailable(await broken)).toBe(true);
  await expect(database.ping()).resolves.toBeUndefined();
});

test("a transaction that finds no connection, or that its server let run out of time, is unavailability", async () => {
  const { prisma } = open(env.databaseUrl, 1);
  const holds = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const holder = prisma.$transaction(
    async (tx) => {
      await tx.$queryRaw`SELECT 1`;
      holds.resolve();
      await released.promise;
    },
    { timeout: 60_000 },
  );
  await holds.promise;
  const kept = prisma.$transaction((tx) => tx.$queryRaw`SELECT 1`, { maxWait: 20 });
  expect(isDatabaseUnavailable(await failure(kept))).toBe(true);
  released.resolve();
  await holder;
  const slow = prisma.$transaction((tx) => tx.$queryRaw`SELECT pg_sleep(0.3) IS NULL AS slept`, { timeout: 20 });
  expect(isDatabaseUnavailable(await failure(slow))).toBe(true);
});

test("mistakes in a query are no unavailability", async () => {
  const { prisma } = env.database;
  expect(isDatabaseUnavailable(await failure(prisma.$queryRaw`SELECT 1 / 0`))).toBe(false);
  expect(isDatabaseUnavailable(await failure(prisma.$queryRaw`SELECT 'x'::uuid`))).toBe(false);
  expect(isDatabaseUnavailable(await failure(prisma.$queryRaw`SELECT * FROM nowhere`))).toBe(false);
  expect(isDatabaseUnavailable(new Error("something else"))).toBe(false);
  expect(isDatabaseUnavailable("text")).toBe(false);
});
