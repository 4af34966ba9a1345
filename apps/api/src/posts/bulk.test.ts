import { createTestEnvironment, until, yearAhead, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { PostOut } from "./schemas.ts";

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
const bulk = (posts: unknown[], headers: Record<string, string> = {}) =>
  api.call<{ data: PostOut[] }>(tenant.apiKey, "POST", "/v1/posts/bulk", { body: { posts }, headers });
const refused = async (posts: unknown[]) => {
  const answer = await api.call(tenant.apiKey, "POST", "/v1/posts/bulk", { body: { posts } });
  return { status: answer.status, errors: answer.body.errors?.map(({ path, code }) => [path, code]) };
};
const countPosts = async () => {
  const [row] = await env.sql<{ count: number }>("SELECT count(*)::int AS count FROM posts");
  return row?.count ?? 0;
};

test("a thousand posts are accepted in the order they came, each with its event and its job", async () => {
  const before = await countPosts();
  const posts = Array.from({ length: 1_000 }, (_, index) =>
    draft({ text: `Post ${index}`, scheduledAt: `${yearAhead}-06-01T00:00:00Z`, groupId: "thousand" }),
  );
  const { status, body } = await bulk(posts);
  expect(status).toBe(201);
  expect(body.data.map(({ text }) => text)).toEqual(posts.map(({ text }) => text));
  const ids = body.data.map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted());
  expect(await countPosts()).toBe(before + 1_000);
  const [events] = await env.sql(
    "SELECT count(*)::int AS count FROM events e JOIN posts p ON p.id = e.post_id WHERE p.group_id = 'thousand'",
  );
  expect(events).toEqual({ count: 1_000 });
  await until("all have their jobs", async () => {
    const missing = await env.sql("SELECT FROM posts WHERE group_id = 'thousand' AND enqueued_rev = 0");
    return missing.length === 0;
  });
  expect(await api.producer.queues[0]?.getJob(`${ids.at(-1)}_1_0`)).toBeDefined();
});

test("one bad post among many refuses all, and every bad one is named by its path", async () => {
  const before = await countPosts();
  const other = await env.createTenant();
  const wrong = [
    draft(),
    draft({ options: { pin: 1 } }),
    draft({ scheduledAt: "2020-01-01T00:00:00Z" }),
    draft({ socialAccountId: other.socialAccountId }),
  ];
  expect(await refused(wrong)).toEqual({
    status: 422,
    errors: [
      ["/posts/1/options/pin", "unknown_option"],
      ["/posts/2/scheduledAt", "scheduled_in_past"],
      ["/posts/3/socialAccountId", "unknown_social_account"],
    ],
  });
  expect(await refused([draft(), { text: 1 }, draft({ x: 1 })])).toEqual({
    status: 400,
    errors: [
      ["/posts/1/socialAccountId", "required"],
      ["/posts/1/text", "wrong_type"],
      ["/posts/2/x", "unknown_field"],
    ],
  });
  expect(await countPosts()).toBe(before);
});

test("bad posts of every kind are named in one answer, those that do not fit the schema and those that cannot be done", async () => {
  const before = await countPosts();
  const posts = [
    draft({ options: { "a/b~": 1 } }),
    { text: 1 },
    draft(),
    draft({ scheduledAt: "2020-01-01T00:00:00Z", link: "https://a:b@example.com" }),
    null,
    draft({ socialAccountId: "01a20000-0000-7000-8000-000000000000" }),
  ];
  expect(await refused(posts)).toEqual({
    status: 400,
    errors: [
      ["/posts/0/options/a~1b~0", "unknown_option"],
      ["/posts/1/socialAccountId", "required"],
      ["/posts/1/text", "wrong_type"],
      ["/posts/3/link", "invalid_url"],
      ["/posts/3/scheduledAt", "scheduled_in_past"],
      ["/posts/4", "wrong_type"],
      ["/posts/5/socialAccountId", "unknown_social_account"],
    ],
  });
  const body = { posts: [draft(), draft({ options: { x: 1 } })], dryRun: true };
  expect(await api.call(tenant.apiKey, "POST", "/v1/posts/bulk", { body })).toMatchObject({
    status: 400,
    body: { code: "invalid_request", errors: [{ path: "/dryRun" }, { path: "/posts/1/options/x" }] },
  });
  expect(await countPosts()).toBe(before);
});

test("a thousand posts that are bad all over are refused like any other", async () => {
  const bad = Array.from({ length: 1_000 }, () => ({
    text: 1,
    link: 2,
    media: [3, 4, 5],
    metadata: { a: 6 },
    x: 7,
    y: 8,
    z: 9,
  }));
  const { status, errors = [] } = await refused([...bad.slice(1), draft({ scheduledAt: "2020-01-01T00:00:00Z" })]);
  expect(status).toBe(400);
  expect(errors.length).toBeGreaterThan(5_000);
  expect(errors.at(-1)).toEqual(["/posts/999/scheduledAt", "scheduled_in_past"]);
});

test("neither none nor a thousand and one are taken", async () => {
  expect(await refused([])).toEqual({ status: 400, errors: [["/posts", "too_few"]] });
  expect(await refused(Array.from({ length: 1_001 }, () => draft()))).toEqual({
    status: 400,
    errors: [["/posts", "too_many"]],
  });
});

test("more than 1 MiB is taken in bulk, more than 16 MiB is not", async () => {
  const { status } = await bulk(Array.from({ length: 30 }, () => draft({ text: "x".repeat(50_000) })));
  expect(status).toBe(201);
  const huge = await bulk(Array.from({ length: 200 }, () => draft({ text: "x".repeat(90_000) })));
  expect(huge).toMatchObject({ status: 413, body: { code: "body_too_large" } });
});

test("an Idempotency-Key protects a bulk, and is another one than for a single post", async () => {
  const posts = [draft({ groupId: "keyed" }), draft({ groupId: "keyed" })];
  const answers = await Promise.all(Array.from({ length: 10 }, () => bulk(posts, { "idempotency-key": "bulk" })));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]?.status).toBe(201);
  expect(await env.sql("SELECT FROM posts WHERE group_id = 'keyed'")).toHaveLength(2);
  const single = await api.call(tenant.apiKey, "POST", "/v1/posts", {
    body: draft(),
    headers: { "idempotency-key": "bulk" },
  });
  expect(single.status).toBe(201);
});

test("accounts that are closed hold their own posts only", async () => {
  const { body: account } = await api.call<{ id: string }>(tenant.apiKey, "POST", "/v1/social-accounts", {
    body: {
      platform: "webhook",
      name: "Paused",
      settings: { url: "https://example.com" },
      credentials: { secret: tenant.webhookSecret },
    },
  });
  await api.call(tenant.apiKey, "POST", `/v1/social-accounts/${account.id}/pause`);
  const { body } = await bulk([draft(), draft({ socialAccountId: account.id })]);
  expect(body.data.map(({ status }) => status)).toEqual(["scheduled", "held"]);
});
