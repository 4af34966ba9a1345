import { pauseAccount } from "@punctual/db";
import { createTestEnvironment, insertTestPosts, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openAppUnderTest, testOperators, type Answer, type AppUnderTest } from "../app-under-test.ts";
import type { Problem } from "../problem.ts";
import type { OperatorPostRow } from "./post-schemas.ts";

interface Preview {
  count: number;
  accounts: number;
  sample: OperatorPostRow[];
  perAccount: { socialAccountId: string; count: number }[];
  leftOut: { unconfirmed: number; accountDeleted: number; accountClosed: number };
}

let env: TestEnvironment;
let api: AppUnderTest;
let tenant: TestTenant;
let companyId: string;

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
  ({ companyId } = tenant);
});

const authorization = `Basic ${Buffer.from(`operator:${testOperators.operatorPassword}`).toString("base64")}`;
const post = <Body = Problem>(path: string, body: object): Promise<Answer<Body>> =>
  api.callRaw<Body>({
    method: "POST",
    url: `/v1/operator${path}`,
    headers: { authorization, "content-type": "application/json" },
    payload: JSON.stringify(body),
  });
const preview = async (filter: object) => (await post<Preview>("/redrive/preview", { filter })).body;
const redrive = <Body = Problem>(filter: object, expectedCount: number, perAccountPerMinute = 60) =>
  post<Body>("/redrive", { filter, expectedCount, perAccountPerMinute });

/** Posts that ended as told, an hour ago. */
async function ended(
  owner: TestTenant,
  count: number,
  status: string,
  category: string | null = "auth",
): Promise<string[]> {
  const ids = await insertTestPosts(env, owner, count, { dueInMs: -3_600_000 });
  await env.sql(
    `UPDATE posts SET status = $2, failure_category = $3, failure_code = 'x', failure_message = 'y', failed_at = app_now(),
       attempts = 5, attempts_used = 5, enqueued_rev = 1 WHERE id = ANY ($1)`,
    [ids, status, category],
  );
  return ids;
}
const states = async (ids: string[]) =>
  env.sql<{ status: string; dueInMs: number; used: number; generation: number; enqueued: number }>(
    `SELECT status, round(extract(epoch FROM next_attempt_at - app_now()) * 1000)::integer AS "dueInMs", attempts_used AS used, generation,
            enqueued_rev AS enqueued FROM posts WHERE id = ANY ($1) ORDER BY next_attempt_at`,
    [ids],
  );

test("the preview counts what fits, shows some of it, and tells what is left out", async () => {
  const other = await env.createTenant();
  await ended(tenant, 12, "failed");
  await ended(tenant, 3, "missed", null);
  await ended(tenant, 2, "failed", "rejected");
  await ended(other, 4, "failed");
  await ended(tenant, 2, "cancelled");
  const unconfirmed = await insertTestPosts(env, tenant, 3);
  await env.sql("UPDATE posts SET status = 'unconfirmed' WHERE id = ANY ($1)", [unconfirmed]);

  const mine = await preview({ companyId });
  expect(mine).toMatchObject({
    count: 17,
    accounts: 1,
    leftOut: { unconfirmed: 3, accountDeleted: 0, accountClosed: 0 },
  });
  expect(mine.perAccount).toMatchObject([{ socialAccountId: tenant.socialAccountId, count: 17 }]);
  expect(mine.sample).toHaveLength(10);
  expect(
    mine.sample.every(({ status, company }) => ["failed", "missed"].includes(status) && company.id === companyId),
  ).toBe(true);
  const count = async (filter: object) => (await preview({ companyId, ...filter })).count;
  expect(await count({ status: "failed" })).toBe(14);
  expect(await count({ status: "missed" })).toBe(3);
  expect(await count({ category: "auth" })).toBe(12);
  expect(await count({ platform: "telegram" })).toBe(0);
  expect(await count({ socialAccountId: other.socialAccountId })).toBe(0);
  expect(await count({ to: "2020-01-01T00:00:00Z" })).toBe(0);
  expect((await preview({ socialAccountId: other.socialAccountId })).count).toBe(4);
});

test("posts come back spread over time, account by account, with a new budget and new jobs", async () => {
  const other = { ...(await env.createTenant()), companyId };
  await env.sql("UPDATE social_accounts SET company_id = $2, client_id = NULL WHERE id = $1", [
    other.socialAccountId,
    companyId,
  ]);
  const [mine, theirs] = [
    await ended(tenant, 5, "failed"),
    await ended({ ...other, clientId: tenant.clientId }, 2, "missed"),
  ];
  const answer = await redrive<{ redriveId: string; accepted: number; lastDueAt: string }>({ companyId }, 7, 30);
  expect(answer).toMatchObject({ status: 202, body: { accepted: 7 } });

  for (const [ids, places] of [
    [mine, [0, 2_000, 4_000, 6_000, 8_000]],
    [theirs, [0, 2_000]],
  ] as const) {
    const rows = await states([...ids]);
    const [first] = rows;
    expect(rows.map(({ dueInMs }) => dueInMs - (first?.dueInMs ?? 0))).toEqual(places);
    expect(rows.every(({ status, used, generation }) => status === "scheduled" && used === 0 && generation === 1)).toBe(
      true,
    );
  }
  const events = await env.sql<{ data: { reason: string; redriveId: string } }>(
    "SELECT data FROM events WHERE company_id = $1 AND type = 'post.scheduled'",
    [companyId],
  );
  expect(events).toHaveLength(7);
  expect(events.every(({ data }) => data.reason === "redrive" && data.redriveId === answer.body.redriveId)).toBe(true);
  const [action] = await env.sql("SELECT action, outcome, detail FROM operator_actions WHERE id = $1", [
    answer.body.redriveId,
  ]);
  expect(action).toMatchObject({
    action: "posts.redrive",
    outcome: "done",
    detail: { expectedCount: 7, perAccountPerMinute: 30 },
  });
  expect((await preview({ companyId })).count).toBe(0);
});

test("if it is not as many as were shown nothing happens", async () => {
  const ids = await ended(tenant, 3, "failed");
  expect(await redrive({ companyId }, 2)).toMatchObject({ status: 409, body: { code: "count_changed" } });
  expect((await states(ids)).every(({ status }) => status === "failed")).toBe(true);
});

test("two at once send each post again once", async () => {
  const ids = await ended(tenant, 40, "failed");
  const answers = await Promise.all([redrive({ companyId }, 40), redrive({ companyId }, 40)]);
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409]);
  expect((await states(ids)).every(({ generation }) => generation === 1)).toBe(true);
});

test("unconfirmed, cancelled and published posts are never sent again, nor those of deleted accounts", async () => {
  const unconfirmed = await insertTestPosts(env, tenant, 2);
  await env.sql("UPDATE posts SET status = 'unconfirmed' WHERE id = ANY ($1)", [unconfirmed]);
  const cancelled = await ended(tenant, 2, "cancelled");
  const gone = await env.createTenant();
  const orphans = await ended(gone, 3, "failed");
  await env.sql("UPDATE social_accounts SET deleted_at = app_now() WHERE id = $1", [gone.socialAccountId]);
  expect((await preview({ companyId: gone.companyId })).leftOut).toMatchObject({ accountDeleted: 3 });
  expect((await redrive({ companyId: gone.companyId }, 3)).status).toBe(409);
  expect((await redrive({ companyId }, 1)).status).toBe(409);
  for (const [ids, status] of [
    [unconfirmed, "unconfirmed"],
    [cancelled, "cancelled"],
    [orphans, "failed"],
  ] as const) {
    expect((await states([...ids])).every((row) => row.status === status)).toBe(true);
  }
});

test("posts of a paused account come back held", async () => {
  const ids = await ended(tenant, 3, "failed");
  await pauseAccount(env.database, { companyId, id: tenant.socialAccountId });
  expect((await preview({ companyId })).leftOut).toMatchObject({ accountClosed: 3 });
  expect((await redrive({ companyId }, 3)).status).toBe(202);
  expect((await states(ids)).map(({ status }) => status)).toEqual(["held", "held", "held"]);
});

test.each([
  ["an unknown filter", { filter: { color: "red" }, expectedCount: 1, perAccountPerMinute: 1 }, 400],
  ["an unconfirmed filter", { filter: { status: "unconfirmed" }, expectedCount: 1, perAccountPerMinute: 1 }, 400],
  ["no count", { filter: {}, perAccountPerMinute: 1 }, 400],
  ["no pace", { filter: {}, expectedCount: 1 }, 400],
  ["no such instant", { filter: { from: "2027-02-30T00:00:00Z" }, expectedCount: 1, perAccountPerMinute: 1 }, 400],
  ["too many posts", { filter: {}, expectedCount: 20_001, perAccountPerMinute: 1 }, 422],
])("with %s nothing is sent again", async (_name, body, status) => {
  expect((await post("/redrive", body)).status).toBe(status);
});
