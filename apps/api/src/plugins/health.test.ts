import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";

let env: TestEnvironment;
const opened: AppUnderTest[] = [];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(async () => {
  for (const api of opened) await api.close();
  await env?.close();
});

const open = async (change: Partial<TestEnvironment> = {}) => {
  const api = await openAppUnderTest({ ...env, ...change });
  opened.push(api);
  return api;
};
const deadDatabase = { databaseUrl: "postgres://nobody:nothing@127.0.0.1:1/none" };
const deadRedis = { redisUrl: "redis://127.0.0.1:1/0" };
const ready = (api: AppUnderTest) =>
  api.callRaw<{ status: string; reasons?: string[] }>({ method: "GET", url: "/readyz" });

test("with Postgres and Redis it is ready", async () => {
  const api = await open();
  const answer = await until("it is ready", async () => {
    const { status, body } = await ready(api);
    return body.status === "ok" ? { status, body } : null;
  });
  expect(answer).toEqual({ status: 200, body: { status: "ok" } });
});

test("without Redis it is degraded, and still serves", async () => {
  const answer = await ready(await open(deadRedis));
  expect(answer).toMatchObject({ status: 200, body: { status: "degraded" } });
  expect(answer.body.reasons).toHaveLength(1);
});

test("without Postgres it is alive and not ready, and every request is told to come back", async () => {
  const api = await open(deadDatabase);
  expect((await api.callRaw({ method: "GET", url: "/livez" })).status).toBe(200);
  expect(await ready(api)).toMatchObject({ status: 503, body: { status: "unavailable" } });
  const { apiKey, socialAccountId } = await env.createTenant();
  const requests = [
    api.call(apiKey, "GET", "/v1/posts"),
    api.call(apiKey, "POST", "/v1/posts", { body: { socialAccountId, text: "Hello" } }),
    api.call(apiKey, "DELETE", "/v1/posts/01a20000-0000-7000-8000-000000000000"),
    api.call(apiKey, "GET", "/v1/social-accounts"),
  ];
  for (const answer of await Promise.all(requests)) {
    expect(answer).toMatchObject({ status: 503, body: { code: "database_unavailable" } });
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    expect(answer.text).not.toContain("127.0.0.1");
  }
});

test("a database without our schema is not ready, and says what to do", async () => {
  const [row] = await env.sql<{ name: string }>("SELECT current_database() || '_bare' AS name");
  const name = row?.name ?? "";
  await env.sql(`CREATE DATABASE ${name}`);
  const url = new URL(env.databaseUrl);
  url.pathname = `/${name}`;
  const api = await open({ databaseUrl: url.href });
  const { status, body } = await ready(api);
  expect(status).toBe(503);
  expect(body.reasons?.join(" ")).toContain("npm run db:migrate");
  await opened.pop()?.close();
  await env.sql(`DROP DATABASE ${name} WITH (FORCE)`);
});

test("connections that Postgres cuts cost at most one 503 each, and then it serves again", async () => {
  const api = await open();
  const { apiKey } = await env.createTenant();
  expect((await api.call(apiKey, "GET", "/v1/posts")).status).toBe(200);
  await env.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'api-under-test'",
  );
  await until("it serves again", async () => {
    const { status } = await api.call(apiKey, "GET", "/v1/posts");
    expect([200, 503]).toContain(status);
    return status === 200;
  });
});
