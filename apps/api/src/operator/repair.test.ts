/** Finding posts of all companies, and repairing them one by one. */
import { claimPost, recordSettlement } from "@punctual/db";
import {
  createTestEnvironment,
  insertTestPost,
  insertTestPosts,
  until,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import { operatorCalls, type OperatorPage } from "./operator-calls.fixture.ts";
import type { OperatorPost, OperatorPostRow, OperatorTimeline, UnconfirmedRow } from "./post-schemas.ts";

let env: TestEnvironment;
let api: AppUnderTest;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
  await until("Redis is reached", () => api.producer.isReady());
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});
beforeEach(async () => {
  tenant = await env.createTenant();
});

const call = operatorCalls(() => api);
const search = async (query: string) => (await call<OperatorPage<OperatorPostRow>>("GET", `/posts?${query}`)).body;
const later = { dueInMs: 3_600_000, enqueued: true };

/** Tries a post once; it comes to what is said. */
async function tryOnce(postId: string, status: "failed" | "unconfirmed"): Promise<void> {
  const claimToken = randomUUID();
  await env.sql("UPDATE posts SET next_attempt_at = app_now() WHERE id = $1", [postId]);
  const terms = { phase: "sending", leaseMs: 20_000 } as const;
  const claim = await claimPost(env.database, { postId, revision: 1, claimToken, worker: "worker-1", ...terms });
  expect(claim.kind).toBe("claimed");
  const failure = { category: "network", code: "connection_reset", message: "the connection broke" } as const;
  const attempt = {
    outcome: status === "failed" ? "rejected" : "unknown",
    category: "network",
    code: failure.code,
    message: failure.message,
    httpStatus: null,
  } as const;
  const settlement = { status, failure };
  expect(await recordSettlement(env.database, { postId, claimToken, settlement, attempt, needsJob: false })).toBe(true);
}

describe("posts are found", () => {
  test("by id, by the platform's id, and by each filter, with the names of whose they are", async () => {
    const other = await env.createTenant();
    const [mine, theirs] = [await insertTestPost(env, tenant, later), await insertTestPost(env, other, later)];
    const failed = await insertTestPost(env, tenant, { ...later, text: "x".repeat(500) });
    await tryOnce(failed, "failed");
    await env.sql("UPDATE posts SET external_id = $2 WHERE id = $1", [theirs, "platform-109501"]);

    expect((await search(`q=${mine}`)).data).toMatchObject([
      {
        id: mine,
        company: { id: tenant.companyId, name: "Test company" },
        client: { name: "Test client" },
        socialAccount: { name: "Test account", paused: false },
      },
    ]);
    const ids = async (query: string) => (await search(query)).data.map(({ id }) => id);
    expect(await ids("q=platform-109501")).toEqual([theirs]);
    expect(await ids("q=nothing-of-the-sort")).toEqual([]);
    expect(new Set(await ids(`companyId=${tenant.companyId}`))).toEqual(new Set([mine, failed]));
    expect(await ids(`socialAccountId=${other.socialAccountId}`)).toEqual([theirs]);
    expect(await ids(`clientId=${other.clientId}`)).toEqual([theirs]);
    expect(await ids(`companyId=${tenant.companyId}&status=failed,missed`)).toEqual([failed]);
    expect(await ids(`companyId=${tenant.companyId}&category=network`)).toEqual([failed]);
    expect(await ids(`companyId=${tenant.companyId}&category=auth`)).toEqual([]);
    expect(await ids(`companyId=${tenant.companyId}&platform=telegram`)).toEqual([]);
    expect(await ids(`companyId=${tenant.companyId}&from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z`)).toEqual([]);
    const [row] = (await search(`q=${failed}`)).data;
    expect(row).toMatchObject({
      status: "failed",
      failure: { category: "network", code: "connection_reset" },
      attempts: 1,
    });
    expect(row?.excerpt).toHaveLength(140);
  });

  test("page by page, newest first", async () => {
    const ids = (await insertTestPosts(env, tenant, 5, later)).toSorted((a, b) => (a < b ? 1 : -1));
    const first = await search(`companyId=${tenant.companyId}&limit=3`);
    const second = await search(`companyId=${tenant.companyId}&limit=3&cursor=${first.nextCursor}`);
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids);
    expect(second.nextCursor).toBeNull();
  });

  test("and what does not fit is refused by name", async () => {
    for (const [query, path] of [
      ["status=lost", "status"],
      ["category=bad", "category"],
      ["from=2027-02-30T00:00:00Z", "from"],
      ["color=red", "color"],
    ]) {
      const answer = await call("GET", `/posts?${query}`);
      expect(answer.status, query).toBe(400);
      expect(answer.body.errors?.map((error) => error.path)).toEqual([path]);
    }
  });
});

describe("one post", () => {
  test("is shown with its job, the board's page of it, and what can be done", async () => {
    const id = await insertTestPost(env, tenant, later);
    const { body } = await call<OperatorPost>("GET", `/posts/${id}`);
    expect(body).toMatchObject({
      post: { id, text: "A post", status: "scheduled" },
      company: { id: tenant.companyId },
      job: { id: `${id}_1_0`, queue: "publish-webhook", boardUrl: `/queues/queue/publish-webhook/${id}_1_0` },
      actions: ["cancel", "reschedule"],
    });
    expect((await call("GET", `/posts/${randomUUID()}`)).status).toBe(404);
  });

  test("is cancelled once, and then it is too late for nothing", async () => {
    const id = await insertTestPost(env, tenant, later);
    for (let times = 0; times < 2; times += 1) {
      expect(await call<OperatorPost>("POST", `/posts/${id}/cancel`)).toMatchObject({
        status: 200,
        body: { post: { status: "cancelled" }, actions: [] },
      });
    }
    expect(await call("POST", `/posts/${id}/retry`)).toMatchObject({ status: 409, body: { code: "not_retryable" } });
  });

  test("that failed is rescheduled, stays failed, and goes out then when it is retried", async () => {
    const id = await insertTestPost(env, tenant, later);
    await tryOnce(id, "failed");
    const { body } = await call<OperatorPost>("GET", `/posts/${id}`);
    expect(body.actions.toSorted()).toEqual(["reschedule", "retry"]);
    const scheduledAt = "2027-06-01T00:00:00.000Z";
    expect(await call<OperatorPost>("POST", `/posts/${id}/reschedule`, { scheduledAt })).toMatchObject({
      status: 200,
      body: { post: { status: "failed", scheduledAt } },
    });
    expect(await call<OperatorPost>("POST", `/posts/${id}/retry`)).toMatchObject({
      status: 200,
      body: { post: { status: "scheduled", failure: null, nextAttemptAt: scheduledAt } },
    });
  });

  test("that waits is rescheduled, with the same rules as for clients", async () => {
    const id = await insertTestPost(env, tenant, later);
    const [row] = await env.sql<{ soon: Date }>("SELECT date_trunc('second', app_now()) + interval '2 hours' AS soon");
    const scheduledAt = row?.soon.toISOString();
    expect(await call<OperatorPost>("POST", `/posts/${id}/reschedule`, { scheduledAt })).toMatchObject({
      status: 200,
      body: { post: { scheduledAt, revision: 2 } },
    });
    expect((await call("POST", `/posts/${id}/reschedule`, { scheduledAt: "2020-01-01T00:00:00Z" })).status).toBe(422);
    expect((await call("POST", `/posts/${id}/reschedule`, { scheduledAt, text: "Sneaky" })).status).toBe(400);
  });

  test("that is unconfirmed is in the queue with what the platform showed, until somebody decides", async () => {
    const id = await insertTestPost(env, tenant, later);
    await tryOnce(id, "unconfirmed");
    await env.sql(
      "UPDATE posts SET confirm_count = 3, confirm_message = 'the listing does not show it' WHERE id = $1",
      [id],
    );
    const queue = async () =>
      (await call<OperatorPage<UnconfirmedRow>>("GET", "/unconfirmed")).body.data.filter((row) => row.id === id);
    expect(await queue()).toMatchObject([
      { shown: "the listing does not show it", confirmCount: 3, sentAt: expect.any(String) as string },
    ]);
    expect(await call("POST", `/posts/${id}/cancel`)).toMatchObject({ status: 409, body: { code: "unconfirmed" } });
    const verdict = { outcome: "published", externalId: "109501" };
    expect(await call<OperatorPost>("POST", `/posts/${id}/resolve`, verdict)).toMatchObject({
      status: 200,
      body: { post: { status: "published", externalId: "109501" } },
    });
    expect(await queue()).toEqual([]);
    expect(await call("POST", `/posts/${id}/resolve`, verdict)).toMatchObject({
      status: 409,
      body: { code: "not_unconfirmed" },
    });
  });
});

test("a post's timeline tells its events, attempts, what operators did, and its job", async () => {
  const scheduledAt = "2027-06-01T00:00:00Z";
  const body = { socialAccountId: tenant.socialAccountId, text: "Hello", scheduledAt };
  const { body: post } = await api.call<{ id: string }>(tenant.apiKey, "POST", "/v1/posts", { body });
  await env.advanceClock(10);
  await call("POST", `/posts/${post.id}/reschedule`, { scheduledAt: "2027-06-02T00:00:00Z" });
  await env.advanceClock(10);
  await call("POST", `/posts/${post.id}/retry`);
  const timeline = await until("its job is there", async () => {
    const { data } = (await call<OperatorTimeline>("GET", `/posts/${post.id}/timeline`)).body;
    return data.at(-1)?.type === "job" && data;
  });
  expect(timeline.map((entry) => ("action" in entry ? `${entry.action} ${entry.outcome}` : entry.type))).toEqual([
    "post.scheduled",
    "post.reschedule done",
    "post.updated",
    "post.retry refused",
    "job",
  ]);
  expect(timeline.at(-1)).toMatchObject({
    job: { id: `${post.id}_2_0`, state: "delayed", boardUrl: expect.stringContaining(post.id) as string },
  });

  const pages: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const query: string = cursor === "" ? "limit=1" : `limit=1&cursor=${encodeURIComponent(cursor)}`;
    const { body: part } = await call<OperatorTimeline>("GET", `/posts/${post.id}/timeline?${query}`);
    pages.push(...part.data.map(({ type }) => type));
    cursor = part.nextCursor;
  }
  expect(pages).toEqual(timeline.map(({ type }) => type));
});
