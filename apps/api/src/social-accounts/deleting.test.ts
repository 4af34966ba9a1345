import { claimPost } from "@punctual/db";
import { createTestEnvironment, insertTestPost, until, yearAhead, type TestEnvironment } from "@punctual/testing";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { PostOut } from "../posts/schemas.ts";

let env: TestEnvironment;
let api: AppUnderTest;
let tenant: Awaited<ReturnType<TestEnvironment["createTenant"]>>;

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});
beforeEach(async () => {
  tenant = await env.createTenant();
});

const url = () => `/v1/social-accounts/${tenant.socialAccountId}`;
const remove = (query = "") => api.call(tenant.apiKey, "DELETE", `${url()}${query}`);
const schedule = () => {
  const body = { socialAccountId: tenant.socialAccountId, text: "Hello", scheduledAt: `${yearAhead}-06-01T00:00:00Z` };
  return api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body });
};
const statusOf = async (id: string) => (await api.call<PostOut>(tenant.apiKey, "GET", `/v1/posts/${id}`)).body.status;
const claim = (postId: string) =>
  claimPost(env.database, {
    postId,
    revision: 1,
    claimToken: randomUUID(),
    worker: "test",
    phase: "sending",
    leaseMs: 20_000,
  });

test("an account without waiting posts is deleted: gone everywhere, its credentials wiped, its history kept", async () => {
  const post = await insertTestPost(env, tenant);
  await env.sql("UPDATE posts SET status = 'failed', failure_category = 'rejected', failed_at = app_now()");
  const deleted = await remove();
  expect([deleted.status, deleted.text]).toEqual([204, ""]);

  for (const [method, path, body] of [
    ["GET", ""],
    ["DELETE", ""],
    ["PATCH", "", {}],
    ["PATCH", "", { name: "Again" }],
    ["POST", "/pause"],
    ["POST", "/resume"],
    ["POST", "/check"],
  ] as const) {
    const answer = await api.call(tenant.apiKey, method, `${url()}${path}`, body === undefined ? {} : { body });
    expect(answer, `${method} ${path}`).toMatchObject({ status: 404, body: { code: "not_found" } });
  }
  expect(await schedule()).toMatchObject({ status: 404, body: { code: "unknown_social_account" } });
  for (const list of ["/v1/social-accounts", `/v1/clients/${tenant.clientId}?include=socialAccounts`]) {
    expect((await api.call(tenant.apiKey, "GET", list)).text).not.toContain(tenant.socialAccountId);
  }
  const [row] = await env.sql<{ credentials: string }>("SELECT credentials FROM social_accounts WHERE id = $1", [
    tenant.socialAccountId,
  ]);
  expect(env.keyring.open(row?.credentials ?? "", tenant.socialAccountId)).toBe("{}");
  expect(await statusOf(post)).toBe("failed");
});

test("a post of a deleted account cannot be tried again", async () => {
  const post = await insertTestPost(env, tenant);
  await env.sql("UPDATE posts SET status = 'missed' WHERE id = $1", [post]);
  await remove();
  const answer = await api.call(tenant.apiKey, "POST", `/v1/posts/${post}/retry`);
  expect(answer).toMatchObject({ status: 409, body: { code: "account_deleted" } });
  expect(await statusOf(post)).toBe("missed");
});

test("the client of a deleted account can be deleted, and old posts still name it", async () => {
  const post = await insertTestPost(env, tenant);
  await env.sql("UPDATE posts SET status = 'missed' WHERE id = $1", [post]);
  await remove();
  expect((await api.call(tenant.apiKey, "DELETE", `/v1/clients/${tenant.clientId}`)).status).toBe(204);
  const { body } = await api.call<PostOut>(tenant.apiKey, "GET", `/v1/posts/${post}`);
  expect(body.clientId).toBe(tenant.clientId);
});

test("waiting posts stand in the way, with their count, unless they are to be cancelled", async () => {
  const { body: scheduled } = await schedule();
  await api.call(tenant.apiKey, "POST", `${url()}/pause`);
  const { body: held } = await schedule();
  expect(await remove()).toMatchObject({ status: 409, body: { code: "has_waiting_posts", waitingPosts: 2 } });
  expect(await remove("?cancelWaiting=false")).toMatchObject({ status: 409 });
  expect(await remove("?cancelWaiting=maybe")).toMatchObject({ status: 400 });
  expect(await statusOf(scheduled.id)).toBe("held");

  expect((await remove("?cancelWaiting=true")).status).toBe(204);
  for (const { id } of [scheduled, held]) {
    expect(await statusOf(id)).toBe("cancelled");
    const told = await env.sql(
      "SELECT data->>'reason' AS reason FROM events WHERE post_id = $1 AND type = 'post.cancelled'",
      [id],
    );
    expect(told).toEqual([{ reason: "account_deleted" }]);
  }
});

test("jobs of posts that were cancelled so are taken away", async () => {
  const { body } = await schedule();
  const job = async () => (await api.producer.queues[0]?.getJob(`${body.id}_1_0`)) ?? null;
  await until("the post has a job", job);
  expect((await remove("?cancelWaiting=true")).status).toBe(204);
  await until("the job is gone", async () => (await job()) === null);
});

test.each([
  ["being published", "publishing"],
  ["to be sent again under the same key", "retrying"],
  ["unconfirmed", "unconfirmed"],
])("a post that is %s stands in the way even so, and no other is cancelled", async (_name, status) => {
  const post = await insertTestPost(env, tenant);
  await claim(post);
  if (status !== "publishing") {
    await env.sql(
      `UPDATE posts SET status = $2, outcome_open = $2 = 'retrying', claim_token = NULL, claimed_by = NULL, lease_until = NULL
       WHERE id = $1`,
      [post, status],
    );
  }
  const { body: waiting } = await schedule();
  const answer = await remove("?cancelWaiting=true");
  expect(answer).toMatchObject({ status: 409, body: { code: "has_unsettled_posts", waitingPosts: 1 } });
  expect(await statusOf(waiting.id)).toBe("scheduled");
  expect((await api.call(tenant.apiKey, "GET", url())).status).toBe(200);
});

test("however it races with scheduling, no post waits for a deleted account", async () => {
  for (let round = 0; round < 15; round += 1) {
    tenant = await env.createTenant();
    const answers = Promise.all(Array.from({ length: 8 }, schedule));
    const gone = await until("it is deleted", async () => (await remove("?cancelWaiting=true")).status === 204);
    expect(gone).toBe(true);
    for (const { status } of await answers) expect([201, 404]).toContain(status);
  }
  const open = await env.sql(
    `SELECT p.id FROM posts p JOIN social_accounts a ON a.id = p.social_account_id
     WHERE a.deleted_at IS NOT NULL AND p.status NOT IN ('published', 'failed', 'missed', 'cancelled')`,
  );
  expect(open).toEqual([]);
});

test("a post that is just being accepted makes the deletion wait, and then refuse", async () => {
  let deletion: ReturnType<typeof remove> | undefined;
  await env.database.prisma.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT FROM social_accounts WHERE id = ${tenant.socialAccountId}::uuid FOR SHARE`;
    deletion = remove();
    await until("the deletion waits", async () => {
      const query = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
      return (await env.sql(query)).length > 0;
    });
    await insertTestPost(env, tenant, { dueInMs: 3_600_000 });
  });
  expect(await deletion).toMatchObject({ status: 409, body: { code: "has_waiting_posts", waitingPosts: 1 } });
});

test("of deleting and claiming at the same moment exactly one happens", async () => {
  for (let round = 0; round < 20; round += 1) {
    tenant = await env.createTenant();
    const post = await insertTestPost(env, tenant);
    const [deleted, claimed] = await Promise.all([remove("?cancelWaiting=true"), claim(post)]);
    expect(`${deleted.status} ${claimed.kind}`).toMatch(/^(204 not_claimable|409 claimed)$/);
    expect(await statusOf(post)).toBe(claimed.kind === "claimed" ? "publishing" : "cancelled");
  }
});
