import { randomUUID } from "node:crypto";
import { claimPost, holdPostsOfClosedAccount } from "@punctual/db";
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

const schedule = async (more: object = {}, from = tenant) => {
  const body = { socialAccountId: from.socialAccountId, text: "Hello", ...more };
  return (await api.call<PostOut>(from.apiKey, "POST", "/v1/posts", { body })).body;
};
const cancel = (id: string) => api.call<PostOut>(tenant.apiKey, "DELETE", `/v1/posts/${id}`);
const claim = (id: string) =>
  claimPost(env.database, {
    postId: id,
    revision: 1,
    claimToken: randomUUID(),
    worker: "test",
    phase: "sending",
    leaseMs: 20_000,
  });
/** Puts a post into a state that only workers bring about. */
const force = (id: string, change: string) => env.sql(`UPDATE posts SET ${change} WHERE id = $1`, [id]);
const later = `${yearAhead}-06-01T00:00:00Z`;

test("a waiting post is cancelled, says so, and stays so", async () => {
  const { id } = await schedule({ scheduledAt: later });
  const first = await cancel(id);
  expect(first).toMatchObject({ status: 200, body: { id, status: "cancelled", nextAttemptAt: null } });
  const again = await cancel(id);
  expect(again).toMatchObject({ status: 200, text: first.text });
  const events = await env.sql("SELECT type FROM events WHERE post_id = $1 ORDER BY sequence", [id]);
  expect(events).toEqual([{ type: "post.scheduled" }, { type: "post.cancelled" }]);
});

test("the job of a cancelled post leaves the queue", async () => {
  const { id } = await schedule({ scheduledAt: later });
  const job = () => api.producer.queues[0]?.getJob(`${id}_1_0`) ?? Promise.resolve(undefined);
  await until("the job is there", job);
  await cancel(id);
  await until("the job is gone", async () => (await job()) === undefined);
  expect(await job()).toBeUndefined();
});

test("a held and a retrying post can be cancelled", async () => {
  const held = await schedule({ scheduledAt: later });
  await force(held.id, "status = 'held', held_reason = 'paused'");
  expect(await cancel(held.id)).toMatchObject({ status: 200, body: { status: "cancelled", heldReason: null } });
  const retrying = await schedule({ scheduledAt: later });
  await force(retrying.id, "status = 'retrying', attempts = 1, attempts_used = 1");
  expect(await cancel(retrying.id)).toMatchObject({ status: 200, body: { status: "cancelled", attempts: 1 } });
});

test.each([
  ["published", "status = 'published', published_at = app_now()"],
  ["failed", "status = 'failed'"],
  ["missed", "status = 'missed'"],
  ["retrying with its outcome open", "status = 'retrying', outcome_open = true"],
])("a post that is %s is past cancelling", async (_name, change) => {
  const { id } = await schedule({ scheduledAt: later });
  await force(id, change);
  expect(await cancel(id)).toMatchObject({ status: 409, body: { code: "too_late" } });
});

test("a post that is being published is past cancelling", async () => {
  const { id } = await schedule();
  expect((await claim(id)).kind).toBe("claimed");
  expect(await cancel(id)).toMatchObject({ status: 409, body: { code: "too_late" } });
});

test("an unconfirmed post cannot be cancelled, because it may be out", async () => {
  const { id } = await schedule({ scheduledAt: later });
  await force(id, "status = 'unconfirmed'");
  expect(await cancel(id)).toMatchObject({ status: 409, body: { code: "unconfirmed" } });
});

test("of a cancel and a claim at the same moment exactly one wins, and the answer says which", async () => {
  const wins = { cancelled: 0, claimed: 0 };
  for (let race = 0; race < 100; race += 1) {
    const { id } = await schedule();
    const [answer, claimed] = await Promise.all([cancel(id), claim(id)]);
    const cancelled = answer.status === 200;
    expect([200, 409]).toContain(answer.status);
    expect(claimed.kind === "claimed").toBe(!cancelled);
    wins[cancelled ? "cancelled" : "claimed"] += 1;
  }
  expect(wins.cancelled + wins.claimed).toBe(100);
});

test("holding and releasing a post while it is cancelled never leaves the answer open", async () => {
  const flapping = await env.createTenant();
  for (let race = 0; race < 20; race += 1) {
    const { id } = await schedule({ scheduledAt: later }, flapping);
    await env.sql("UPDATE social_accounts SET paused = true WHERE id = $1", [flapping.socialAccountId]);
    const [answer] = await Promise.all([
      api.call<PostOut>(flapping.apiKey, "DELETE", `/v1/posts/${id}`),
      holdPostsOfClosedAccount(env.database, flapping.socialAccountId),
    ]);
    expect(answer).toMatchObject({ status: 200, body: { status: "cancelled" } });
    await env.sql("UPDATE social_accounts SET paused = false WHERE id = $1", [flapping.socialAccountId]);
  }
});

test("another company's post cannot be cancelled, nor told from one that does not exist", async () => {
  const other = await env.createTenant();
  const { id } = await schedule({ scheduledAt: later }, other);
  const foreign = await cancel(id);
  const missing = await cancel(randomUUID());
  expect(foreign.status).toBe(404);
  expect({ ...foreign.body, requestId: "" }).toEqual({ ...missing.body, requestId: "" });
  const [row] = await env.sql("SELECT status FROM posts WHERE id = $1", [id]);
  expect(row).toEqual({ status: "scheduled" });
});
