/** A page of waiting posts costs what it holds, not what waits. */
import { createTestEnvironment, insertTestPosts, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase, type Database } from "./database.ts";
import { enqueuedPosts, soonestEnqueuedPosts } from "./post-backlog.ts";

const hourMs = 3_600_000;

let env: TestEnvironment;
let database: Database;

beforeAll(async () => {
  env = await createTestEnvironment();
  const options = { url: env.databaseUrl, pooled: false, connectionsMax: 1, applicationName: "test" };
  database = openDatabase(options, { logger: env.logger });
});
afterAll(async () => {
  await database.close();
  await env.close();
});

/** On the one connection, so that nobody else's are counted. */
async function wholeReads(): Promise<number> {
  await database.prisma.$queryRaw`SELECT pg_stat_force_next_flush()::text`;
  const [row] = await database.prisma.$queryRaw<[{ count: number }]>`
    SELECT seq_scan::integer AS count FROM pg_stat_user_tables WHERE relname = 'posts'`;
  return row.count;
}

test("the table of posts is not read to find it, with or without statistics", async () => {
  const tenant = await env.createTenant();
  await insertTestPosts(env, tenant, 20_000, { dueInMs: hourMs, enqueued: true });
  const webhook = { platform: "webhook", horizonMs: null };
  for (const statistics of [false, true]) {
    if (statistics) await env.sql("ANALYZE posts");
    const before = await wholeReads();
    const page = await enqueuedPosts(database, { ...webhook, after: null, limit: 200 });
    expect(page).toHaveLength(200);
    expect(await enqueuedPosts(database, { ...webhook, after: page.at(-1)!, limit: 200 })).toHaveLength(200);
    const wanted = { platforms: ["webhook", "facebook"], perPlatform: 20, horizonMs: null };
    expect(await soonestEnqueuedPosts(database, wanted)).toHaveLength(20);
    expect(await wholeReads()).toBe(before);
  }
});
