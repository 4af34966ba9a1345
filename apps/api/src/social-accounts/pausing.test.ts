import { holdPostsOfClosedAccount, releaseHeldPosts } from "@punctual/db";
import { createTestEnvironment, until, yearAhead, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { PostOut } from "../posts/schemas.ts";
import type { SocialAccountOut } from "./schemas.ts";

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

const later = `${yearAhead}-06-01T00:00:00.000Z`;
const schedule = async (more: object = {}) => {
  const body = { socialAccountId: tenant.socialAccountId, text: "Hello", scheduledAt: later, ...more };
  return (await api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body })).body;
};
const act = (action: "pause" | "resume") =>
  api.call<SocialAccountOut>(tenant.apiKey, "POST", `/v1/social-accounts/${tenant.socialAccountId}/${action}`);
const read = async (id: string) => (await api.call<PostOut>(tenant.apiKey, "GET", `/v1/posts/${id}`)).body;
const disconnect = () =>
  env.sql("UPDATE social_accounts SET status = 'needs_reconnect' WHERE id = $1", [tenant.socialAccountId]);
const reconnect = () => env.sql("UPDATE social_accounts SET status = 'active' WHERE id = $1", [tenant.socialAccountId]);

test("pausing holds what waits and what comes, resuming lets both go with a job of their own", async () => {
  const before = await schedule();
  expect(await act("pause")).toMatchObject({ status: 200, body: { paused: true, status: "active" } });
  const during = await schedule();
  for (const { id } of [before, during]) {
    expect(await read(id)).toMatchObject({ status: "held", heldReason: "paused", nextAttemptAt: null });
  }
  expect(await act("resume")).toMatchObject({ status: 200, body: { paused: false } });
  for (const { id } of [before, during]) {
    expect(await read(id)).toMatchObject({ status: "scheduled", heldReason: null, nextAttemptAt: later, revision: 1 });
    await until(
      "it has a job of a new generation",
      () => api.producer.queues[0]?.getJob(`${id}_1_1`) ?? Promise.resolve(null),
    );
  }
  const events = await env.sql("SELECT type FROM events WHERE post_id = $1 ORDER BY sequence", [before.id]);
  expect(events).toEqual([{ type: "post.scheduled" }, { type: "post.held" }, { type: "post.released" }]);
});

test("pausing and resuming over and over leaves one job in Redis", async () => {
  const { id } = await schedule();
  const [queue] = api.producer.queues;
  await until("it has its first job", () => queue?.getJob(`${id}_1_0`) ?? Promise.resolve(null));
  for (let round = 0; round < 3; round += 1) {
    await act("pause");
    await act("resume");
  }
  const waiting = async () => {
    const delayed = (await queue?.getDelayed()) ?? [];
    return delayed.map((job) => job.id).filter((jobId) => jobId?.startsWith(id));
  };
  await until("its last job alone is left", async () => (await waiting()).join() === `${id}_1_3`);
  expect(await waiting()).toHaveLength(1);
});

test("doing either twice is the same as once", async () => {
  const { id } = await schedule();
  const first = await act("pause");
  expect((await act("pause")).body).toEqual(first.body);
  await act("resume");
  expect((await act("resume")).status).toBe(200);
  expect((await read(id)).status).toBe("scheduled");
  const events = await env.sql("SELECT type FROM events WHERE post_id = $1", [id]);
  expect(events).toHaveLength(3);
});

test("what fell due while it was held goes out one after another, longest due first; the rest keeps its time", async () => {
  const posts = [];
  for (let post = 0; post < 5; post += 1) posts.push(await schedule());
  await act("pause");
  for (const [index, { id }] of posts.entries()) {
    if (index === 4) continue;
    await env.sql("UPDATE posts SET next_attempt_at = app_now() - $2 * interval '1 minute' WHERE id = $1", [
      id,
      index + 1,
    ]);
  }
  await act("resume");
  const times = [];
  for (const { id } of posts) times.push(Date.parse((await read(id)).nextAttemptAt ?? ""));
  const [first, second, third, fourth, future] = times as [number, number, number, number, number];
  expect([third - fourth, second - third, first - second]).toEqual([100, 100, 100]);
  expect(new Date(future).toISOString()).toBe(later);
});

test("a post is released only when both pause and lost connection are over, and says which is left", async () => {
  const { id } = await schedule();
  await act("pause");
  await disconnect();
  await act("resume");
  expect(await read(id)).toMatchObject({ status: "held", heldReason: "needs_reconnect" });
  await act("pause");
  await reconnect();
  expect(await releaseHeldPosts(env.database, { socialAccountId: null, limit: 100 })).toEqual([]);
  expect((await read(id)).status).toBe("held");
  await act("resume");
  expect((await read(id)).status).toBe("scheduled");
});

test("a held post whose outcome is open is released with it still open", async () => {
  const { id } = await schedule();
  await env.sql("UPDATE posts SET status = 'retrying', outcome_open = true WHERE id = $1", [id]);
  await act("pause");
  expect(await read(id)).toMatchObject({ status: "held", outcomeOpen: true });
  await act("resume");
  expect(await read(id)).toMatchObject({ status: "scheduled", outcomeOpen: true });
  expect(await api.call(tenant.apiKey, "DELETE", `/v1/posts/${id}`)).toMatchObject({
    status: 409,
    body: { code: "too_late" },
  });
});

test("a post held although its account is open, by whatever crash, can be found and released", async () => {
  const { id } = await schedule();
  await env.sql("UPDATE posts SET status = 'held', held_reason = 'paused' WHERE id = $1", [id]);
  const released = await releaseHeldPosts(env.database, { socialAccountId: null, limit: 100 });
  expect(released).toMatchObject([{ postId: id, revision: 1, generation: 1, dueAt: new Date(later) }]);
  expect((await read(id)).status).toBe("scheduled");
});

test("pausing and resuming by turns never leaves a post waiting in a paused account, nor held in an open one", async () => {
  const scheduling = Promise.all(
    Array.from({ length: 3 }, async () => {
      for (let post = 0; post < 30; post += 1) expect([201, 503]).toContain(await statusOfSchedule());
    }),
  );
  for (let turn = 0; turn < 20; turn += 1) {
    await act("pause");
    expect(await waiting("scheduled")).toEqual([]);
    await act("resume");
    await until("nothing is held", async () => (await waiting("held")).length === 0);
  }
  await scheduling;
  await holdPostsOfClosedAccount(env.database, tenant.socialAccountId);
  expect(await waiting("held")).toEqual([]);
});

const statusOfSchedule = async () => {
  const body = { socialAccountId: tenant.socialAccountId, text: "Hello", scheduledAt: later };
  return (await api.call(tenant.apiKey, "POST", "/v1/posts", { body })).status;
};
const waiting = (status: string) =>
  env.sql("SELECT id FROM posts WHERE social_account_id = $1 AND status = $2", [tenant.socialAccountId, status]);

test("another company's account can be neither paused nor resumed, and only admins may", async () => {
  const url = `/v1/social-accounts/${tenant.socialAccountId}`;
  const other = await env.createTenant();
  const writer = await env.createTenant({ scope: "write" });
  for (const action of ["pause", "resume"]) {
    expect((await api.call(other.apiKey, "POST", `${url}/${action}`)).status).toBe(404);
    const own = `/v1/social-accounts/${writer.socialAccountId}/${action}`;
    expect((await api.call(writer.apiKey, "POST", own)).status).toBe(403);
  }
  const [row] = await env.sql("SELECT paused FROM social_accounts WHERE id = $1", [tenant.socialAccountId]);
  expect(row).toEqual({ paused: false });
});
