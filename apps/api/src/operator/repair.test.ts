/** Finding posts of all companies, repairing them one by one, and what is written down about it. */
import { claimPost, createClient, recordSettlement } from "@punctual/db";
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
import { openAppUnderTest, testOperators, type Answer, type AppUnderTest, type Method } from "../app-under-test.ts";
import type { Problem } from "../problem.ts";
import type { AuditEntry } from "./audit-schemas.ts";
import type { OperatorAccount } from "./account-schemas.ts";
import type { OperatorPost, OperatorPostRow, OperatorTimeline, UnconfirmedRow } from "./post-schemas.ts";

let env: TestEnvironment;
let api: AppUnderTest;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env, { boardWritable: true });
  await until("Redis is reached", () => api.producer.isReady());
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});
beforeEach(async () => {
  tenant = await env.createTenant();
});

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
const operator = basic("operator", testOperators.operatorPassword);
const viewer = basic("viewer", testOperators.viewerPassword);

function call<Body = Problem>(
  method: Method,
  path: string,
  body?: object,
  headers: Record<string, string> = operator,
): Promise<Answer<Body>> {
  return api.callRaw<Body>({
    method,
    url: `/v1/operator${path}`,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
}
interface Page<Row> {
  data: Row[];
  nextCursor: string | null;
}
const search = async (query: string) => (await call<Page<OperatorPostRow>>("GET", `/posts?${query}`)).body;
const audit = async (query: string) => (await call<Page<AuditEntry>>("GET", `/audit?${query}`)).body.data;
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

  test("that failed is retried, and not rescheduled", async () => {
    const id = await insertTestPost(env, tenant, later);
    await tryOnce(id, "failed");
    expect(await call("POST", `/posts/${id}/reschedule`, { scheduledAt: "2027-06-01T00:00:00Z" })).toMatchObject({
      status: 409,
      body: { code: "too_late" },
    });
    expect(await call<OperatorPost>("POST", `/posts/${id}/retry`)).toMatchObject({
      status: 200,
      body: { post: { status: "scheduled", failure: null } },
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
      (await call<Page<UnconfirmedRow>>("GET", "/unconfirmed")).body.data.filter((row) => row.id === id);
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

describe("what operators did", () => {
  test("is written down: who, what, which, when, from where, and what came of it", async () => {
    const id = await insertTestPost(env, tenant, later);
    await call("POST", `/posts/${id}/cancel`);
    await call("POST", `/posts/${id}/retry`);
    const [retry, cancel, ...more] = await audit(`postId=${id}`);
    expect(more).toEqual([]);
    expect(cancel).toMatchObject({
      user: "operator",
      via: "password",
      address: "127.0.0.1",
      action: "post.cancel",
      postId: id,
      companyId: tenant.companyId,
      socialAccountId: tenant.socialAccountId,
      outcome: "done",
      status: 200,
      code: null,
    });
    expect(retry).toMatchObject({ action: "post.retry", outcome: "refused", status: 409, code: "not_retryable" });
    expect((await audit("action=post.cancel&user=operator")).some((entry) => entry.id === cancel?.id)).toBe(true);
    expect(await audit("user=viewer")).toEqual([]);
  });

  test("covers companies, keys, accounts and the board's jobs, without secrets", async () => {
    const { body: company } = await call<{ id: string }>("POST", "/companies", { name: "Agency" });
    const { body: key } = await call<{ id: string; key: string }>("POST", `/companies/${company.id}/api-keys`, {
      name: "App",
      scope: "read",
    });
    await call("DELETE", `/companies/${company.id}/api-keys/${key.id}`);
    await call("POST", `/social-accounts/${tenant.socialAccountId}/pause`);
    const id = await insertTestPost(env, tenant, later);
    const sameOrigin = { host: "punctual.test", origin: "http://punctual.test" };
    const url = `/queues/api/queues/publish-webhook/${id}_1_0/promote`;
    await api.callRaw({ method: "PUT", url, headers: { ...operator, ...sameOrigin } });
    const entries = await audit("limit=5");
    expect(entries.map(({ action }) => action)).toEqual([
      "board.promote",
      "account.pause",
      "api_key.revoke",
      "api_key.make",
      "company.create",
    ]);
    expect(entries[0]).toMatchObject({ postId: id, detail: { queue: "publish-webhook", jobId: `${id}_1_0` } });
    expect(entries[1]).toMatchObject({ socialAccountId: tenant.socialAccountId, companyId: tenant.companyId });
    expect(entries[3]).toMatchObject({ companyId: company.id, detail: { name: "App", scope: "read" } });
    expect(JSON.stringify(entries)).not.toContain(key.key);
  });

  test("and an action that cannot be written down is not done", async () => {
    const id = await insertTestPost(env, tenant, later);
    await env.sql("ALTER TABLE operator_actions RENAME TO operator_actions_away");
    expect((await call("POST", `/posts/${id}/cancel`)).status).toBe(500);
    await env.sql("ALTER TABLE operator_actions_away RENAME TO operator_actions");
    expect(await env.sql("SELECT status FROM posts WHERE id = $1", [id])).toEqual([{ status: "scheduled" }]);
  });

  test("viewers read it, and do nothing", async () => {
    const id = await insertTestPost(env, tenant, later);
    for (const path of [
      "/posts",
      `/posts/${id}`,
      `/posts/${id}/timeline`,
      "/unconfirmed",
      "/audit",
      "/social-accounts",
    ]) {
      expect((await call("GET", path, undefined, viewer)).status, path).toBe(200);
    }
    const before = await audit("limit=1");
    for (const [path, body] of [
      [`/posts/${id}/cancel`],
      [`/posts/${id}/resolve`, { outcome: "published" }],
      ["/redrive", { filter: {}, expectedCount: 1, perAccountPerMinute: 1 }],
      [`/social-accounts/${tenant.socialAccountId}/pause`],
    ] as const) {
      expect(await call("POST", path, body, viewer), path).toMatchObject({
        status: 403,
        body: { code: "viewers_only_look" },
      });
    }
    expect(await audit("limit=1")).toEqual(before);
  });
});

describe("social accounts", () => {
  const find = async (query: string) =>
    (await call<Page<OperatorAccount>>("GET", `/social-accounts?${query}`)).body.data;

  test("are found by name, id, whose they are and how they are", async () => {
    const client = await createClient(env.database, { companyId: tenant.companyId, name: "100%_real" });
    await env.sql("UPDATE social_accounts SET name = '100%_real', client_id = $2 WHERE id = $1", [
      tenant.socialAccountId,
      client.id,
    ]);
    await insertTestPosts(env, tenant, 3, later);
    const [account] = await find("q=0%25_re");
    expect(account).toMatchObject({
      id: tenant.socialAccountId,
      company: { id: tenant.companyId },
      client: { name: "100%_real" },
      waitingPosts: 3,
      heldPosts: 0,
    });
    expect(await find(`q=${tenant.socialAccountId}`)).toEqual([account]);
    expect(await find(`companyId=${tenant.companyId}&state=open`)).toEqual([account]);
    expect(await find(`clientId=${client.id}&platform=webhook`)).toEqual([account]);
    expect(await find(`companyId=${tenant.companyId}&state=needs_reconnect`)).toEqual([]);
  });

  test("are paused and resumed, and their posts with them, and checked", async () => {
    const id = await insertTestPost(env, tenant, later);
    const status = async () =>
      (await env.sql<{ status: string }>("SELECT status FROM posts WHERE id = $1", [id]))[0]?.status;
    const path = `/social-accounts/${tenant.socialAccountId}`;
    expect(await call<OperatorAccount>("POST", `${path}/pause`)).toMatchObject({
      status: 200,
      body: { paused: true, heldPosts: 1 },
    });
    expect(await status()).toBe("held");
    expect(await call<OperatorAccount>("POST", `${path}/resume`)).toMatchObject({
      status: 200,
      body: { paused: false, heldPosts: 0 },
    });
    expect(await status()).toBe("scheduled");
    expect((await call<{ result: string }>("POST", `${path}/check`)).body).toMatchObject({
      result: expect.stringMatching(/works|cannot_tell|refused/) as string,
    });
    for (const action of ["pause", "resume", "check"]) {
      expect((await call("POST", `/social-accounts/${randomUUID()}/${action}`)).status).toBe(404);
    }
  });
});
