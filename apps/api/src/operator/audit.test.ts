/** What operators did is written down; and what they do to accounts. */
import { createClient } from "@punctual/db";
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
import type { OperatorAccount } from "./account-schemas.ts";
import type { AuditEntry } from "./audit-schemas.ts";
import { operator, operatorCalls, viewer, type OperatorPage } from "./operator-calls.fixture.ts";

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

const call = operatorCalls(() => api);
const audit = async (query: string) => (await call<OperatorPage<AuditEntry>>("GET", `/audit?${query}`)).body.data;
const later = { dueInMs: 3_600_000, enqueued: true };

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
    (await call<OperatorPage<OperatorAccount>>("GET", `/social-accounts?${query}`)).body.data;

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
