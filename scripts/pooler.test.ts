/**
 * The whole installation behind a pooler that gives each transaction another session: API and workers, their maintenance
 * included, with a worker that dies and a Redis that is emptied on the way. Each post is published once.
 */
import { randomUUID } from "node:crypto";
import { connectRedis } from "@punctual/queue";
import {
  createTestEnvironment,
  findPgbouncer,
  launchApp,
  startPgbouncer,
  until,
  type LaunchedApp,
  type Pgbouncer,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const program = findPgbouncer();
const count = 60;
const leadMs = 4_000;
const errorLevel = 50;
const startTimeoutMs = 120_000;
const testTimeoutMs = 150_000;
const patience = { timeoutMs: 120_000 };

describe.skipIf(program === null)("behind a transaction pooler", () => {
  let env: TestEnvironment;
  let tenant: TestTenant;
  let pooler: Pgbouncer;
  let sandbox: LaunchedApp;
  let api: LaunchedApp;
  let workers: LaunchedApp[] = [];

  beforeAll(async () => {
    [env, sandbox] = await Promise.all([createTestEnvironment(), launchApp("sandbox", {})]);
    tenant = await env.createTenant();
    pooler = await startPgbouncer(program!, env.databaseUrl);
    const settings = {
      ...env.settings,
      DATABASE_URL: pooler.url,
      DATABASE_POOLED: "true",
      SANDBOX_URL: sandbox.url,
      ALLOW_PRIVATE_NETWORKS: "true",
    };
    [api, ...workers] = await Promise.all([
      launchApp("api", settings),
      launchApp("worker", settings),
      launchApp("worker", settings),
    ]);
  }, startTimeoutMs);
  afterAll(async () => {
    const apps = [api, ...workers, sandbox].filter((app) => app !== undefined);
    for (const app of apps) app.kill("SIGKILL");
    await Promise.all(apps.map(({ exited }) => exited));
    await pooler?.stop();
    await env?.close();
  });

  test(
    "posts are published once each, although a worker dies and Redis is emptied",
    async () => {
      const text = `Through a pooler ${randomUUID().slice(0, 8)}`;
      const dueAt = Date.now() + leadMs;
      const posts = Array.from({ length: count }, (_, index) => {
        const scheduledAt = new Date(dueAt + index * 20).toISOString();
        return { socialAccountId: tenant.socialAccountId, text: `${text}, ${index}`, scheduledAt };
      });
      const answer = await fetch(new URL("/v1/posts/bulk", api.url), {
        method: "POST",
        headers: {
          authorization: `Bearer ${tenant.apiKey}`,
          "content-type": "application/json",
          "idempotency-key": randomUUID(),
        },
        body: JSON.stringify({ posts }),
      });
      expect(answer.status).toBe(201);
      await emptyRedis();
      await until("posts go out", async () => (await published()) > 0, patience);
      workers[0]?.kill("SIGKILL");
      await until("all are out", async () => (await published()) === count, patience);

      const ledger = await fetch(new URL(`/_ledger?account=${tenant.socialAccountId}`, sandbox.url));
      const { data } = (await ledger.json()) as { data: { outcome: string; content: { text: string } }[] };
      const shown = data.filter(({ outcome }) => outcome === "accepted").map(({ content }) => content.text);
      expect(shown.toSorted()).toEqual(posts.map((post) => post.text).toSorted());
    },
    testTimeoutMs,
  );

  test("everything went that way, and nobody complained of it", async () => {
    expect(await pooler.queries()).toBeGreaterThan(count / 10);
    const complaints = [api, ...workers]
      .flatMap((app) => app.logs())
      .filter(({ level }) => Number(level) >= errorLevel);
    expect(complaints).toEqual([]);
  });

  test("and both stop when they are told to", async () => {
    const left = [api, workers[1]!];
    for (const app of left) app.kill("SIGTERM");
    expect(await Promise.all(left.map(({ exited }) => exited))).toEqual(left.map(() => ({ code: 0, signal: null })));
  });

  async function published(): Promise<number> {
    const [row] = await env.sql<{ count: number }>(
      "SELECT count(*)::int AS count FROM posts WHERE status = 'published'",
    );
    return row?.count ?? 0;
  }

  async function emptyRedis(): Promise<void> {
    const redis = connectRedis(env.redisUrl, "consumer", env.logger);
    await redis.flushdb();
    redis.disconnect();
  }
});
