import { createTestEnvironment, insertTestPosts, yearAhead, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";

interface Verdict {
  valid: boolean;
  issues: { path: string; code: string; message: string }[];
}

let env: TestEnvironment;
let api: AppUnderTest;
let tenant: Awaited<ReturnType<TestEnvironment["createTenant"]>>;

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
  tenant = await env.createTenant();
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});

const draft = (more: object = {}) => ({ socialAccountId: tenant.socialAccountId, text: "Hello", ...more });
const validate = (body: object, key = tenant.apiKey) => api.call<Verdict>(key, "POST", "/v1/posts/validate", { body });

test("a good post is valid, and nothing of it is stored", async () => {
  const answer = await validate(draft({ scheduledAt: `${yearAhead}-06-01T00:00:00Z` }));
  expect(answer).toMatchObject({ status: 200, body: { valid: true, issues: [] } });
  const [stored] = await env.sql(
    "SELECT (SELECT count(*) FROM posts) AS posts, (SELECT count(*) FROM events) AS events",
  );
  expect(stored).toEqual({ posts: "0", events: "0" });
});

const faulty = () =>
  draft({
    link: "https://user:secret@example.com/",
    scheduledAt: "2020-01-01T00:00:00Z",
    options: { color: "red" },
  });

test("every fault is told at once, exactly as scheduling tells it", async () => {
  const { status, body } = await validate(faulty());
  expect(status).toBe(200);
  expect(body.valid).toBe(false);
  expect(body.issues.map(({ path }) => path).toSorted()).toEqual(["/link", "/options/color", "/scheduledAt"]);
  const refused = await api.call(tenant.apiKey, "POST", "/v1/posts", { body: faulty() });
  expect(refused).toMatchObject({ status: 422, body: { errors: body.issues } });
});

test("a post beyond its account's quota is valid, and told when there is room; scheduling accepts it", async () => {
  const settings = { author: "urn:li:person:quota" };
  const linkedin = await env.createTenant({ platform: "linkedin", settings, credentials: { accessToken: "t" } });
  const body = {
    socialAccountId: linkedin.socialAccountId,
    text: "Hello",
    scheduledAt: `${yearAhead}-06-01T12:00:00Z`,
  };
  await insertTestPosts(env, linkedin, 150, { platform: "linkedin" });
  await env.sql(`UPDATE posts SET next_attempt_at = '${yearAhead}-06-01T10:00:00Z' WHERE social_account_id = $1`, [
    linkedin.socialAccountId,
  ]);
  const { body: verdict } = await validate(body, linkedin.apiKey);
  expect(verdict).toMatchObject({ valid: true, issues: [{ path: "/scheduledAt", code: "beyond_quota" }] });
  expect(verdict.issues[0]?.message).toContain(`${yearAhead}-06-02T10:00:00.000Z`);
  const later = await validate({ ...body, scheduledAt: `${yearAhead}-06-02T10:00:00Z` }, linkedin.apiKey);
  expect(later.body).toEqual({ valid: true, issues: [] });
  expect((await api.call(linkedin.apiKey, "POST", "/v1/posts", { body })).status).toBe(201);
});

test("scheduling or moving a post beyond the quota says so at once, with the next free time; before it nothing is said", async () => {
  const settings = { author: "urn:li:person:beyond" };
  const linkedin = await env.createTenant({ platform: "linkedin", settings, credentials: { accessToken: "t" } });
  const { socialAccountId, apiKey } = linkedin;
  await insertTestPosts(env, linkedin, 149, { platform: "linkedin" });
  await env.sql(`UPDATE posts SET next_attempt_at = '${yearAhead}-06-01T10:00:00Z' WHERE social_account_id = $1`, [
    socialAccountId,
  ]);
  const told = async (id: string) =>
    (await env.sql<{ data: object }>("SELECT data FROM events WHERE post_id = $1 AND type = 'post.at_risk'", [id])).map(
      ({ data }) => data,
    );
  const scheduledAt = `${yearAhead}-06-01T12:00:00.000Z`;
  const post = { socialAccountId, text: "Hello", scheduledAt };
  const bulk = {
    posts: [
      post,
      { ...post, scheduledAt: `${yearAhead}-06-01T13:00:00Z` },
      { ...post, scheduledAt: `${yearAhead}-06-02T13:00:00Z` },
    ],
  };
  const { body } = await api.call<{ data: { id: string }[] }>(apiKey, "POST", "/v1/posts/bulk", { body: bulk });
  const [first, second, third] = body.data.map(({ id }) => id) as [string, string, string];
  expect([await told(first), await told(third)]).toEqual([[], []]);
  const risk = { reason: "beyond_quota", status: "scheduled", nextAttemptAt: `${yearAhead}-06-02T10:00:00.000Z` };
  expect(await told(second)).toMatchObject([{ ...risk, scheduledAt: `${yearAhead}-06-01T13:00:00.000Z` }]);
  const moved = await api.call(apiKey, "PATCH", `/v1/posts/${third}`, { body: { scheduledAt } });
  expect(moved.status).toBe(200);
  expect(await told(third)).toMatchObject([{ ...risk, revision: 2, scheduledAt }]);
});

test("another company's account is as unknown as one that never was", async () => {
  const other = await env.createTenant();
  for (const socialAccountId of [other.socialAccountId, "01a20000-0000-7000-8000-000000000000"]) {
    const { body } = await validate(draft({ socialAccountId }));
    expect(body).toEqual({
      valid: false,
      issues: [
        { path: "/socialAccountId", code: "unknown_social_account", message: "there is no such social account" },
      ],
    });
  }
});

test("what is no post at all is refused by its schema, as when scheduling", async () => {
  const answer = await api.call(tenant.apiKey, "POST", "/v1/posts/validate", { body: draft({ text: 1, x: 2 }) });
  expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request" } });
  expect(answer.body.errors?.map(({ path }) => path).toSorted()).toEqual(["/text", "/x"]);
});

test("a grace of no minutes, in which no post could go out, is refused", async () => {
  const lateness = { graceMinutes: 0, then: "miss" };
  for (const url of ["/v1/posts/validate", "/v1/posts"]) {
    const answer = await api.call(tenant.apiKey, "POST", url, { body: draft({ lateness }) });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "/lateness/graceMinutes" }] } });
  }
  expect((await validate(draft({ lateness: { ...lateness, graceMinutes: 1 } }))).body.valid).toBe(true);
});
