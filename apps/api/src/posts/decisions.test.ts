import { randomUUID } from "node:crypto";
import { claimPost } from "@punctual/db";
import { createTestEnvironment, insertTestPosts, until, yearAhead, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

const later = `${yearAhead}-06-01T00:00:00.000Z`;
const schedule = async (more: object = {}, from = tenant) => {
  const body = { socialAccountId: from.socialAccountId, text: "Hello", scheduledAt: later, ...more };
  return (await api.call<PostOut>(from.apiKey, "POST", "/v1/posts", { body })).body;
};
const act = (id: string, action: string, body?: unknown, from = tenant) =>
  api.call<PostOut>(from.apiKey, "POST", `/v1/posts/${id}/${action}`, body === undefined ? {} : { body });
const force = (id: string, change: string) => env.sql(`UPDATE posts SET ${change} WHERE id = $1`, [id]);
const lastEvent = async (id: string) => {
  const [row] = await env.sql<{ type: string; data: object }>(
    "SELECT type, data FROM events WHERE post_id = $1 ORDER BY sequence DESC LIMIT 1",
    [id],
  );
  return row;
};
const failure =
  "failure_category = 'platform', failure_code = 'http_500', failure_message = 'x', failed_at = app_now()";
const spent =
  "attempts = 5, attempts_used = 5, scheduled_at = app_now() - interval '3 days', late_at = app_now() - interval '1 day'";

describe("retrying", () => {
  test.each([
    ["failed", `status = 'failed', ${spent}, ${failure}`],
    ["missed", `status = 'missed', ${spent}`],
  ])("a %s post is due now, with a new budget and a new grace, and its attempts go on", async (_name, change) => {
    const { id } = await schedule();
    await force(id, change);
    const { status, body } = await act(id, "retry");
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "scheduled", attempts: 5, revision: 1, failure: null });
    expect(Math.abs(Date.parse(body.nextAttemptAt ?? "") - Date.parse(body.updatedAt))).toBeLessThan(1_000);
    const [row] = await env.sql(
      `SELECT attempts_used, late_at > app_now() + interval '47 hours' AS graced, accepted_at = created_at AS same
       FROM posts WHERE id = $1`,
      [id],
    );
    // It is the revision it was, so its lateness counts from when that was accepted.
    expect(row).toEqual({ attempts_used: 0, graced: true, same: true });
    expect(await lastEvent(id)).toMatchObject({
      type: "post.scheduled",
      data: { status: "scheduled", reason: "retry" },
    });
    await until(
      "it has a job of a new generation",
      () => api.producer.queues[0]?.getJob(`${id}_1_1`) ?? Promise.resolve(null),
    );
    const claim = {
      postId: id,
      revision: 1,
      claimToken: randomUUID(),
      worker: "w",
      phase: "sending",
      leaseMs: 20_000,
    } as const;
    expect(await claimPost(env.database, claim)).toMatchObject({
      kind: "claimed",
      post: { attempt: 6, attemptsUsed: 1 },
    });
  });

  test("a retrying post is due now, and what is open stays open", async () => {
    const { id } = await schedule();
    await force(
      id,
      `status = 'retrying', outcome_open = true, attempts = 2, attempts_used = 2, scheduled_at = app_now(), ${failure}`,
    );
    const { body } = await act(id, "retry");
    expect(body).toMatchObject({ status: "retrying", outcomeOpen: true, attempts: 2, failure: { code: "http_500" } });
    expect(Date.parse(body.nextAttemptAt ?? "")).toBeLessThanOrEqual(Date.parse(body.updatedAt));
  });

  test("a post that was moved ahead while it had failed waits for its new instant", async () => {
    const { id } = await schedule();
    await force(id, `status = 'failed', ${spent}`);
    await api.call(tenant.apiKey, "PATCH", `/v1/posts/${id}`, {
      body: { scheduledAt: `${yearAhead}-08-01T00:00:00Z` },
    });
    expect((await act(id, "retry")).body).toMatchObject({
      status: "scheduled",
      nextAttemptAt: `${yearAhead}-08-01T00:00:00.000Z`,
    });
  });

  test("for a paused account ends held, not out", async () => {
    const closed = await env.createTenant();
    const { id } = await schedule({}, closed);
    await force(id, `status = 'failed', ${spent}`);
    await env.sql("UPDATE social_accounts SET paused = true WHERE id = $1", [closed.socialAccountId]);
    const { status, body } = await act(id, "retry", undefined, closed);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "held", heldReason: "paused" });
  });

  test.each([
    ["scheduled", "status = 'scheduled'"],
    ["held", "status = 'held', held_reason = 'paused'"],
    ["unconfirmed", "status = 'unconfirmed'"],
    ["published", "status = 'published', published_at = app_now()"],
    ["cancelled", "status = 'cancelled'"],
  ])("a post that is %s is 409", async (_name, change) => {
    const { id } = await schedule();
    await force(id, change);
    expect(await act(id, "retry")).toMatchObject({ status: 409, body: { code: "not_retryable" } });
  });
});

describe("resolving", () => {
  const unconfirmed = async () => {
    const { id } = await schedule({ scheduledAt: undefined });
    const claim = {
      postId: id,
      revision: 1,
      claimToken: randomUUID(),
      worker: "w",
      phase: "sending",
      leaseMs: 20_000,
    } as const;
    expect((await claimPost(env.database, claim)).kind).toBe("claimed");
    await force(
      id,
      `status = 'unconfirmed', claim_token = NULL, claimed_by = NULL, lease_until = NULL, confirm_at = app_now(), ${failure}`,
    );
    return id;
  };

  test("as published makes the post published, with its lateness and id", async () => {
    const id = await unconfirmed();
    const { status, body } = await act(id, "resolve", { outcome: "published", externalId: "42" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "published", externalId: "42", failure: null });
    expect(body.publishedAt).not.toBeNull();
    expect(body.latenessMs).toBeGreaterThanOrEqual(0);
    expect(await lastEvent(id)).toMatchObject({
      type: "post.published",
      data: { reason: "resolved", externalId: "42" },
    });
  });

  test("as not published makes it failed, and it can be sent again", async () => {
    const id = await unconfirmed();
    const { body } = await act(id, "resolve", { outcome: "not_published" });
    expect(body).toMatchObject({ status: "failed", failure: { category: "unknown_outcome", code: "not_published" } });
    expect(await lastEvent(id)).toMatchObject({ type: "post.failed", data: { reason: "resolved" } });
    expect((await act(id, "retry")).body.status).toBe("scheduled");
  });

  test("twice, or when nothing is unconfirmed, is 409", async () => {
    const id = await unconfirmed();
    const answers = await Promise.all([
      act(id, "resolve", { outcome: "published" }),
      act(id, "resolve", { outcome: "not_published" }),
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
    const { id: waiting } = await schedule();
    expect(await act(waiting, "resolve", { outcome: "published" })).toMatchObject({
      status: 409,
      body: { code: "not_unconfirmed" },
    });
  });

  test.each([
    [{}],
    [{ outcome: "maybe" }],
    [{ outcome: "published", externalId: "" }],
    [{ outcome: "published", x: 1 }],
  ])("with %j is 400", async (body) => {
    expect((await act(await unconfirmed(), "resolve", body)).status).toBe(400);
  });
});

test("another company can neither retry nor resolve a post, nor tell whether it exists", async () => {
  const { id } = await schedule();
  await force(id, "status = 'failed'");
  const other = await env.createTenant();
  expect((await act(id, "retry", undefined, other)).status).toBe(404);
  expect((await act(id, "resolve", { outcome: "published" }, other)).status).toBe(404);
});

test("a group is cancelled post by post, each with its own answer", async () => {
  const groupId = "a group & more";
  const posts = [];
  for (let post = 0; post < 12; post += 1) posts.push(await schedule({ groupId }));
  const ids = posts.map(({ id }) => id);
  await schedule({ groupId: "another" });
  await force(ids[1] ?? "", "status = 'published', published_at = app_now()");
  await force(ids[2] ?? "", "status = 'unconfirmed'");
  const url = `/v1/posts?groupId=${encodeURIComponent(groupId)}`;
  interface Entry {
    id: string;
    status: number;
    code: string | null;
    post: PostOut;
  }
  const { status, body } = await api.call<{ data: Entry[] }>(tenant.apiKey, "DELETE", url);
  expect(status).toBe(200);
  expect(body.data.map(({ id }) => id)).toEqual(ids);
  expect(body.data.map((entry) => [entry.status, entry.code, entry.post.status])).toEqual(
    ids.map((_, index) => {
      if (index === 1) return [409, "too_late", "published"];
      return index === 2 ? [409, "unconfirmed", "unconfirmed"] : [200, null, "cancelled"];
    }),
  );
  const left = await api.call<{ data: PostOut[] }>(tenant.apiKey, "GET", "/v1/posts?groupId=another");
  expect(left.body.data[0]?.status).toBe("scheduled");
  const other = await env.createTenant();
  expect((await api.call<{ data: Entry[] }>(other.apiKey, "DELETE", url)).body.data).toEqual([]);
  for (const query of ["", "?groupId=", "?groupId=a&status=held"]) {
    expect((await api.call(tenant.apiKey, "DELETE", `/v1/posts${query}`)).status).toBe(400);
  }
});

test("a large group is cancelled while workers claim from it, and one that is too large is left as it is", async () => {
  const ids = await insertTestPosts(env, tenant, 1_200, {});
  await env.sql("UPDATE posts SET group_id = 'large' WHERE id = ANY ($1)", [ids]);
  const claims = ids.slice(590, 610).map((postId) =>
    claimPost(env.database, {
      postId,
      revision: 1,
      claimToken: randomUUID(),
      worker: "w",
      phase: "sending",
      leaseMs: 60_000,
    }),
  );
  const [answer, ...claimed] = await Promise.all([
    api.call<{ data: { id: string; status: number }[] }>(tenant.apiKey, "DELETE", "/v1/posts?groupId=large"),
    ...claims,
  ]);
  expect(answer.body.data.map(({ id }) => id)).toEqual(ids.toSorted());
  const statuses = new Map(answer.body.data.map(({ id, status }) => [id, status]));
  for (const [index, { kind }] of claimed.entries()) {
    expect(statuses.get(ids[590 + index] ?? "")).toBe(kind === "claimed" ? 409 : 200);
  }
  const events = await env.sql("SELECT FROM events WHERE type = 'post.cancelled' AND post_id = ANY ($1)", [ids]);
  expect(events).toHaveLength(answer.body.data.filter(({ status }) => status === 200).length);

  const more = await insertTestPosts(env, tenant, 10_001 - ids.length, { dueInMs: 3_600_000 });
  await env.sql("UPDATE posts SET group_id = 'large' WHERE id = ANY ($1)", [more]);
  const refused = await api.call(tenant.apiKey, "DELETE", "/v1/posts?groupId=large");
  expect(refused).toMatchObject({ status: 422, body: { code: "group_too_large" } });
  const [row] = await env.sql<{ left: number }>(
    "SELECT count(*)::int AS left FROM posts WHERE group_id = 'large' AND status = 'scheduled'",
  );
  expect(row?.left).toBe(more.length);
});
