import { randomUUID } from "node:crypto";
import { openConsumer } from "@punctual/queue";
import { createTestEnvironment, until, yearAhead, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAppUnderTest, testOperators, type AppUnderTest, type Method } from "../app-under-test.ts";
import type { PostOut } from "../posts/schemas.ts";

let env: TestEnvironment;
let readOnly: AppUnderTest;
let writable: AppUnderTest;
let jobId: string;
let script: string;

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
const operator = basic("operator", testOperators.operatorPassword);
const viewer = basic("viewer", testOperators.viewerPassword);
const sameOrigin = { host: "punctual.test", origin: "http://punctual.test" };
const get = (url: string, headers: Record<string, string>, api = readOnly) =>
  api.callRaw({ method: "GET", url, headers });
const promote = (api: AppUnderTest, headers: Record<string, string>) =>
  api.callRaw({ method: "PUT", url: `/queues/api/queues/publish-webhook/${jobId}/promote`, headers });

beforeAll(async () => {
  env = await createTestEnvironment();
  readOnly = await openAppUnderTest(env);
  writable = await openAppUnderTest(env, { boardWritable: true });
  const { apiKey, socialAccountId } = await env.createTenant();
  const body = { socialAccountId, text: "never in Redis", scheduledAt: `${yearAhead}-06-01T00:00:00Z` };
  const { body: post } = await readOnly.call<PostOut>(apiKey, "POST", "/v1/posts", { body });
  jobId = `${post.id}_1_0`;
  await until("the job is there", () => readOnly.producer.queues[0]?.getJob(jobId) ?? Promise.resolve(null));
  await until("the writable one is connected", () => writable.producer.isReady());
  script = /static\/js\/main\.[0-9a-f]+\.js/.exec((await get("/queues", operator)).text)?.[0] ?? "";
});
afterAll(async () => {
  await readOnly?.close();
  await writable?.close();
  await env?.close();
});

test("operator and viewer see the page, its script and the delayed job, without the post's text", async () => {
  for (const who of [operator, viewer]) {
    const page = await get("/queues", who);
    expect(page).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
    expect(page.headers["content-security-policy"]).toContain("script-src 'self'");
    expect(page.text).toContain('rel="stylesheet"');
    expect(page.text, "it asks others for nothing").not.toMatch(/https?:\/\//);
    expect((await get(`/queues/${script}`, who)).status).toBe(200);
    const jobs = await get("/queues/api/queues?activeQueue=publish-webhook&status=delayed", who);
    expect(jobs.status).toBe(200);
    expect(jobs.text).toContain(jobId);
    expect(jobs.text).not.toContain("never in Redis");
  }
});

test.each([
  ["nothing", {}],
  ["an empty password", basic("operator", "")],
  ["a wrong password", basic("operator", "operator-passwore")],
  ["the viewer's password for the operator", basic("operator", testOperators.viewerPassword)],
  ["an unknown user", basic("root", testOperators.operatorPassword)],
  ["no colon", { authorization: `Basic ${Buffer.from("operator").toString("base64")}` }],
  ["an API key", { authorization: `Bearer pk_${"A".repeat(43)}` }],
])("with %s page, data and static files all refuse", async (_name, headers) => {
  expect(script).not.toBe("");
  for (const url of [
    "/queues",
    "/queues/",
    `/queues/${script}`,
    "/queues/api/queues",
    "/queues/queue/publish-webhook",
  ]) {
    const answer = await get(url, headers);
    expect(answer).toMatchObject({ status: 401, body: { code: "operator_login_required" } });
    expect(answer.headers["www-authenticate"]).toMatch(/^Basic /);
  }
});

test("an address it does not have is told from a method it does not take, to those who are logged in", async () => {
  const ask = (method: Method, url: string, headers: Record<string, string> = { ...operator, ...sameOrigin }) =>
    writable.callRaw({ method, url, headers });
  expect(await ask("GET", "/queues/nonsense")).toMatchObject({ status: 404, body: { code: "not_found" } });
  expect(await ask("GET", "/queues/static/none.js")).toMatchObject({ status: 404, body: { code: "not_found" } });
  expect(await ask("DELETE", "/queues")).toMatchObject({
    status: 405,
    headers: { allow: "GET, HEAD" },
    body: { code: "method_not_allowed" },
  });
  expect((await ask("GET", "/queues/nonsense", {})).status).toBe(401);
  expect(await ask("HEAD", "/queues")).toMatchObject({ status: 200, text: "" });
});

test("without VIEWER_PASSWORD there is no viewer, whatever the password", async () => {
  const api = await openAppUnderTest(env, { viewerPassword: undefined });
  for (const password of ["", "undefined", testOperators.viewerPassword]) {
    expect((await get("/queues", basic("viewer", password), api)).status).toBe(401);
  }
  await api.close();
});

test("a job leads to its post, and a failed one tells why in a word, without traces of our code", async () => {
  const delayed = await get(`/queues/api/queues/publish-webhook/${jobId}`, viewer);
  expect(delayed.text).toContain(`"href":"/posts/${jobId.split("_")[0]}"`);

  const failed = { postId: randomUUID(), platform: "webhook", revision: 1, generation: 0, dueAt: new Date() };
  await readOnly.producer.enqueue([{ ...failed, maxAttempts: 1, requestId: null }]);
  const verdict = { kind: "failed", reason: "failed: rejected: text_too_long" } as const;
  const options = { redisUrl: env.redisUrl, prefix: env.redisPrefix, platform: "webhook", concurrency: 1 };
  const consumer = openConsumer(
    { ...options, drainTimeoutMs: 1_000 },
    { logger: env.logger, handle: async () => verdict },
  );
  await consumer.start();
  const job = await until("it failed", async () => {
    const { text } = await get(`/queues/api/queues/publish-webhook/${failed.postId}_1_0`, viewer);
    return text.includes(verdict.reason) && text;
  });
  await consumer.stop();
  expect(job).not.toMatch(/\bat .*\.ts\b|node_modules|Error:/);
});

test("details of Redis are not shown", async () => {
  expect((await get("/queues/api/redis/stats", operator)).text).not.toContain("redis_version");
});

describe("changes", () => {
  test("are refused on a read-only board, also to operators", async () => {
    for (const method of ["PUT", "POST", "PATCH", "DELETE"] satisfies Method[]) {
      const url =
        method === "PUT"
          ? `/queues/api/queues/publish-webhook/${jobId}/promote`
          : "/queues/api/queues/publish-webhook/add";
      const answer = await readOnly.callRaw({ method, url, headers: { ...operator, ...sameOrigin } });
      expect([403, 404, 405]).toContain(answer.status);
    }
    expect(await promote(readOnly, { ...operator, ...sameOrigin })).toMatchObject({
      status: 403,
      body: { code: "read_only" },
    });
  });

  test("are refused to viewers on any board", async () => {
    expect(await promote(writable, { ...viewer, ...sameOrigin })).toMatchObject({
      status: 403,
      body: { code: "viewers_only_look" },
    });
  });

  test.each([
    ["another site", { host: "punctual.test", origin: "http://evil.test" }],
    ["another port", { host: "punctual.test", origin: "http://punctual.test:8080" }],
    ["a page without origin", { host: "punctual.test", origin: "null" }],
    [
      "what the browser calls cross-site",
      { host: "punctual.test", origin: "http://punctual.test", "sec-fetch-site": "cross-site" },
    ],
    ["nowhere", { host: "punctual.test" }],
  ])("are refused when they come from %s", async (_name, from) => {
    expect(await promote(writable, { ...operator, ...from })).toMatchObject({
      status: 403,
      body: { code: "cross_origin" },
    });
    expect(await (await readOnly.producer.queues[0]?.getJob(jobId))?.getState()).toBe("delayed");
  });

  test("must come from PUBLIC_URL where it is set", async () => {
    const api = await openAppUnderTest(env, { boardWritable: true, publicUrl: "https://queues.example" });
    await until("it is connected", () => api.producer.isReady());
    expect((await promote(api, { ...operator, ...sameOrigin })).status).toBe(403);
    expect(
      (await promote(api, { ...operator, host: "internal:3000", origin: "https://queues.example" })).status,
    ).not.toBe(403);
    await api.close();
  });

  test("bring their bodies along, over a connection too", async () => {
    const address = await writable.app.listen({ port: 0 });
    const body = JSON.stringify({ name: "by hand", data: { text: "x".repeat(200_000) }, options: {} });
    const answer = await fetch(`${address}/queues/api/queues/publish-webhook/add`, {
      method: "POST",
      headers: { ...operator, "sec-fetch-site": "same-origin", "content-type": "application/json" },
      body,
    });
    const { job } = (await answer.json()) as { job: { id: string; name: string; data: { text: string } } };
    expect([answer.status, job.name, job.data.text.length]).toEqual([200, "by hand", 200_000]);
    await writable.producer.queues[0]?.remove(job.id);
  });

  test("are written down as the one request they are, from where it came", async () => {
    const api = await openAppUnderTest(env, { boardWritable: true, trustedProxies: "127.0.0.1" });
    await until("it is connected", () => api.producer.isReady());
    const { headers, status } = await promote(api, { ...operator, ...sameOrigin, "x-forwarded-for": "192.0.2.7" });
    const [entry] = await env.sql(
      "SELECT action, host(address::inet) AS address, status_code FROM operator_actions WHERE request_id = $1",
      [headers["x-request-id"]],
    );
    expect(entry).toEqual({ action: "board.promote", address: "192.0.2.7", status_code: status });
    await api.close();
  });

  test("work for operators on a writable board", async () => {
    const { apiKey, socialAccountId } = await env.createTenant();
    const body = { socialAccountId, text: "Hello", scheduledAt: `${yearAhead}-06-01T00:00:00Z` };
    const { body: post } = await readOnly.call<PostOut>(apiKey, "POST", "/v1/posts", { body });
    const job = () => readOnly.producer.queues[0]?.getJob(`${post.id}_1_0`) ?? Promise.resolve(undefined);
    await until("the job is there", job);
    const url = `/queues/api/queues/publish-webhook/${post.id}_1_0/clean`;
    const answer = await writable.callRaw({
      method: "PUT",
      url,
      headers: { ...operator, ...sameOrigin, "sec-fetch-site": "same-origin" },
    });
    expect(answer.status).toBeLessThan(300);
    expect(await job()).toBeUndefined();
  });
});

test("while Redis is away the page stays, and the data is refused at once", async () => {
  const api = await openAppUnderTest({ ...env, redisUrl: "redis://127.0.0.1:1/0" });
  expect((await get("/queues", operator, api)).status).toBe(200);
  expect(await get("/queues/api/queues", operator, api)).toMatchObject({ status: 503, body: { code: "redis_away" } });
  await api.close();
});
