/** A firewall or a failover forgets connections without a word: whoever holds them must find out, once, and go on. */
import { isDatabaseUnavailable, openDatabase } from "@punctual/db";
import { connectRedis } from "@punctual/queue";
import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startProxy, type Proxy } from "./proxy.ts";
import { through } from "./wires.ts";

const timeoutMs = 120_000;

let env: TestEnvironment;
const proxies: Proxy[] = [];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(async () => {
  for (const proxy of proxies) await proxy.stop();
  await env.close();
});

async function proxyTo(url: string): Promise<{ proxy: Proxy; url: string }> {
  const proxy = await startProxy(Number(new URL(url).port));
  proxies.push(proxy);
  return { proxy, url: through(proxy, url) };
}

test.concurrent(
  "to Postgres: one question is lost, and not one for each connection",
  { timeout: timeoutMs },
  async () => {
    const { proxy, url } = await proxyTo(env.databaseUrl);
    const connectionsMax = 5;
    const database = openDatabase({ url, pooled: false, connectionsMax, applicationName: "forgotten" }, env);
    try {
      const askers = Array.from(
        { length: connectionsMax },
        () => database.prisma.$queryRaw`SELECT pg_sleep(0.2)::text`,
      );
      await Promise.all(askers);
      expect(database.connections().idle).toBeGreaterThan(1);
      proxy.forgetConnections();
      await expect(database.ping()).rejects.toThrow();
      for (let time = 0; time < connectionsMax; time += 1) await database.ping();
    } finally {
      await database.close();
    }
  },
);

test.concurrent("to Postgres: a transaction's is given up with it", { timeout: timeoutMs }, async () => {
  const { proxy, url } = await proxyTo(env.databaseUrl);
  const database = openDatabase({ url, pooled: false, connectionsMax: 1, applicationName: "forgotten" }, env);
  try {
    const transaction = database.prisma.$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT 1`;
        proxy.forgetConnections();
        return tx.$queryRaw`SELECT 2`;
      },
      { timeout: timeoutMs },
    );
    const error = await transaction.catch((error: unknown) => error);
    expect(isDatabaseUnavailable(error)).toBe(true);
    await database.ping();
  } finally {
    await database.close();
  }
});

test.concurrent(
  "to Postgres: one that had nothing to do for long is found out, too",
  { timeout: timeoutMs },
  async () => {
    const { proxy, url } = await proxyTo(env.databaseUrl);
    const database = openDatabase({ url, pooled: false, connectionsMax: 1, applicationName: "idle" }, env);
    try {
      await database.ping();
      const isIdle = `SELECT FROM pg_stat_activity
      WHERE application_name = 'idle' AND state_change < clock_timestamp() - interval '13 s'`;
      await until("it to have been idle for long", async () => (await env.sql(isIdle)).length > 0, {
        timeoutMs: 30_000,
      });
      proxy.forgetConnections();
      await expect(database.ping()).rejects.toThrow("did not answer");
      await database.ping();
    } finally {
      await database.close();
    }
  },
);

test.concurrent.each(["producer", "consumer"] as const)(
  "to Redis: a %s reconnects, however long the kernel would believe in it",
  { timeout: timeoutMs },
  async (role) => {
    const { proxy, url } = await proxyTo(env.redisUrl);
    const redis = connectRedis(url, role, env.logger);
    try {
      await until("Redis is reached", async () => redis.status === "ready");
      expect(await redis.ping()).toBe("PONG");
      proxy.forgetConnections();
      await until("Redis answers", async () => (await redis.ping()) === "PONG", { timeoutMs: timeoutMs / 2 });
    } finally {
      redis.disconnect();
    }
  },
);
