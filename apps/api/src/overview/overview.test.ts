/** The overview, `/healthz` and `/metrics` on a real installation: a worker that lives and dies, a Redis that goes. */
import { pauseAccount, recordHeartbeat, type Heartbeat } from "@punctual/db";
import {
  createTestEnvironment,
  insertTestPost,
  insertTestPosts,
  launchApp,
  startOwnRedis,
  until,
  type LaunchedApp,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAppUnderTest, testOperators, type AppUnderTest } from "../app-under-test.ts";
import type { Overview, Series } from "../operator/overview-schemas.ts";

let env: TestEnvironment;
let api: AppUnderTest;
let sandbox: LaunchedApp;
let tenant: TestTenant;
const workers: LaunchedApp[] = [];

beforeAll(async () => {
  [env, sandbox] = await Promise.all([createTestEnvironment(), launchApp("sandbox", {})]);
  // The launched workers know nothing of prefixes.
  api = await openAppUnderTest({ ...env, redisPrefix: "bull" }, { limits: { figuresKeptMs: 100 } });
  tenant = await env.createTenant();
});
afterAll(async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  sandbox?.kill("SIGKILL");
  await Promise.all(workers.map(({ exited }) => exited));
  await api?.close();
  await env?.close();
});

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
const viewer = basic("viewer", testOperators.viewerPassword);
const get = <Body>(url: string, from = api) => from.callRaw<Body>({ method: "GET", url, headers: viewer });
const overview = async () => (await get<Overview>("/v1/operator/overview")).body;
const healthz = () => api.callRaw<{ status: string; reasons: { code: string }[] }>({ method: "GET", url: "/healthz" });
const codes = ({ reasons }: { reasons: { code: string }[] }) => reasons.map(({ code }) => code);

/** A worker that is live, and publishes to another platform. */
const elsewhere: Heartbeat = {
  id: "elsewhere-1",
  host: "elsewhere",
  version: "0.0.0",
  platforms: ["telegram"],
  concurrency: 1,
  running: 0,
  stopping: false,
  lanes: [],
  services: [],
  upMs: 0,
};

async function launchWorker(): Promise<LaunchedApp> {
  const worker = await launchApp("worker", {
    DATABASE_URL: env.databaseUrl,
    REDIS_URL: env.redisUrl,
    ENCRYPTION_KEYS: env.encryptionKeys,
    SANDBOX_URL: sandbox.url,
  });
  workers.push(worker);
  return worker;
}

/** One value of /metrics; undefined: it is not there. */
async function metric(name: string, labels = ""): Promise<number | undefined> {
  const { text } = await get<string>("/metrics");
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name}${labels} `));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
}

test("without any worker nothing will go out", async () => {
  const { status, body } = await healthz();
  expect([status, codes(body)]).toEqual([503, ["no_worker"]]);
});

test("without a worker for them posts that wait degrade, due ones are down, held and limited ones are neither", async () => {
  await recordHeartbeat(env.database, elsewhere);
  await until("all is well", async () => (await healthz()).body.status === "ok");
  const later = await insertTestPosts(env, tenant, 3, { dueInMs: 200_000 });
  const degraded = await until("waiting posts are noticed", async () => {
    const answer = await healthz();
    return answer.body.status === "degraded" && answer;
  });
  expect(degraded.status).toBe(200);
  expect(codes(degraded.body)).toEqual(["no_live_worker"]);
  expect((await overview()).posts).toMatchObject({ waiting: 3, dueIn1m: 0, dueIn5m: 3, dueIn15m: 3, overdue: 0 });

  // Due, but nothing a worker could do: one account is paused, one post waits for a limit.
  const paused = await env.createTenant();
  await insertTestPost(env, paused, { dueInMs: -90_000 });
  await pauseAccount(env.database, { companyId: paused.companyId, id: paused.socialAccountId });
  await env.sql(
    "UPDATE posts SET next_attempt_at = app_now() + interval '1 hour', limited_until = app_now() + interval '1 hour' WHERE id = $1",
    [later[0]],
  );
  const seen = await until("both are noticed", async () => {
    const current = await overview();
    return current.posts.held === 1 && current.posts.limited === 1 && current;
  });
  expect(seen.state).toBe("degraded");

  const due = await insertTestPost(env, tenant, { dueInMs: -1_000 });
  const down = await until("due posts are noticed", async () => {
    const answer = await healthz();
    return answer.status === 503 && answer;
  });
  expect(down.body.status).toBe("down");
  expect(codes(down.body)).toContain("no_worker");
  expect(await metric("punctual_reason", '{code="no_worker",severity="down"}')).toBe(1);
  await env.sql("UPDATE posts SET status = 'cancelled' WHERE id = $1", [due]);
  await env.sql("DELETE FROM workers");
});

describe("with a worker", () => {
  test("what it publishes is in the figures, the series and the stream", async () => {
    await launchWorker();
    const body = { socialAccountId: tenant.socialAccountId, text: "Hello" };
    await Promise.all(Array.from({ length: 5 }, () => api.call(tenant.apiKey, "POST", "/v1/posts", { body })));
    const seen = await until("they are published", async () => {
      const current = await overview();
      return current.today.published === 5 && current;
    });
    expect(seen).toMatchObject({
      today: { accepted: 5 },
      posts: { publishing: 0, failed24h: 0 },
      lateness: { published: 5 },
      lastError: null,
    });
    expect(seen.lateness.p50Ms).toBeGreaterThanOrEqual(0);
    expect(seen.lateness.maxMs).toBeGreaterThanOrEqual(seen.lateness.p50Ms ?? 0);
    expect(seen.workers).toMatchObject([
      { state: "live", platforms: expect.arrayContaining(["webhook"]) as string[], concurrency: 50 },
    ]);
    expect(seen.services.redis.state).toBe("up");
    expect(seen.queues?.map(({ queue }) => queue)).toContain("publish-webhook");

    const series = (await get<Series>("/v1/operator/series?minutes=10")).body;
    expect(series.points).toHaveLength(10);
    expect(series.points.reduce((sum, { published }) => sum + published, 0)).toBe(5);
    expect(series.points[0]).toMatchObject({ published: 0, latenessP50Ms: null, latenessMaxMs: null });
    expect(series.points.findLast(({ published }) => published > 0)?.latenessMaxMs).toBeGreaterThanOrEqual(0);
    expect((await get<Series>("/v1/operator/series?minutes=60&step=600")).body.points).toHaveLength(6);
  });

  test("health comes back once the worker is heard of, and turns within half a minute of its death", async () => {
    await until("all is well", async () => (await healthz()).body.status === "ok");
    const worker = workers[0]!;
    worker.kill("SIGKILL");
    await worker.exited;
    await insertTestPost(env, tenant);
    const early = await healthz();
    expect(early.status).toBe(200);
    await env.advanceClock(25_000);
    const down = await until("its death is noticed", async () => {
      const answer = await healthz();
      return answer.status === 503 && answer;
    });
    expect(codes(down.body)).toContain("no_worker");
    expect((await overview()).workers).toMatchObject([{ state: "silent" }]);
    await launchWorker();
    await until("all is well again", async () => (await healthz()).status === 200, { timeoutMs: 30_000 });
  });

  test("its metrics and the API's agree with the posts", async () => {
    const waiting = await until("the posts are counted", () =>
      metric("punctual_posts", '{platform="webhook",status="scheduled"}'),
    );
    expect(waiting).toBe(3);
    expect(await metric("punctual_workers", '{platform="webhook"}')).toBe(1);
    expect(await metric("punctual_postgres_up")).toBe(1);
    expect(await metric("punctual_posts_limited")).toBe(1);
    await until("a request is counted", () =>
      metric("punctual_http_requests_total", '{method="GET",route="/v1/operator/overview",status="200"}'),
    );
    const { text, headers } = await get<string>("/metrics");
    expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(text.split("\n").filter((line) => line !== "" && !/^(# (HELP|TYPE) )?punctual_/.test(line))).toEqual([]);
  });
});

test("the stream sends the overview again and again, over a real connection", async () => {
  const url = await api.app.listen({ port: 0 });
  const closing = new AbortController();
  const answer = await fetch(`${url}/v1/operator/overview/stream`, { headers: viewer, signal: closing.signal });
  expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  let text = "";
  for await (const chunk of answer.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    if (text.split("event: overview\n").length > 2) break;
  }
  closing.abort();
  const [, data = ""] = /event: overview\ndata: (.*)\n\n/.exec(text) ?? [];
  expect(JSON.parse(data)).toMatchObject({
    state: expect.any(String) as string,
    today: { published: expect.any(Number) as number },
  });
});

test("a Redis that keeps its connections and answers nothing makes nobody wait, and health blames no other", async () => {
  const redis = await startOwnRedis();
  const frozen = await openAppUnderTest({ ...env, redisUrl: redis.url }, { limits: { figuresKeptMs: 1 } });
  try {
    const known = async () => (await get<Overview>("/v1/operator/overview", frozen)).body.queues !== null;
    await until("Redis is known", known);
    redis.freeze();
    const answer = await frozen.callRaw<{ reasons: { code: string }[] }>({ method: "GET", url: "/healthz" });
    expect(codes(answer.body)).toContain("redis_away");
    expect(codes(answer.body)).not.toContain("postgres_away");
  } finally {
    await frozen.close();
    await redis.close();
  }
});

test("without Redis the figures are there and the queues are unknown; without Postgres nothing is, and that is said", async () => {
  const withoutRedis = await openAppUnderTest({ ...env, redisUrl: "redis://127.0.0.1:1/0" });
  const { body } = await get<Overview>("/v1/operator/overview", withoutRedis);
  expect(body).toMatchObject({ queues: null, services: { postgres: { state: "up" }, redis: { state: "down" } } });
  expect(codes(body)).toContain("redis_away");
  await withoutRedis.close();

  const withoutPostgres = await openAppUnderTest({ ...env, databaseUrl: "postgres://nobody:nothing@127.0.0.1:1/none" });
  const unhealthy = await withoutPostgres.callRaw<{ reasons: object[] }>({ method: "GET", url: "/healthz" });
  expect(unhealthy).toMatchObject({ status: 503, body: { status: "down", reasons: [{ code: "postgres_away" }] } });
  expect((await get("/v1/operator/overview", withoutPostgres)).status).toBe(503);
  expect((await get<string>("/metrics", withoutPostgres)).text).toMatch(/^punctual_postgres_up 0$/m);
  await withoutPostgres.close();
});

test("figures and metrics are for operators and viewers", async () => {
  for (const url of ["/v1/operator/overview", "/v1/operator/overview/stream", "/v1/operator/series", "/metrics"]) {
    expect((await api.callRaw({ method: "GET", url })).status, url).toBe(401);
    expect((await api.call(tenant.apiKey, "GET", url)).status, url).toBe(401);
  }
});
