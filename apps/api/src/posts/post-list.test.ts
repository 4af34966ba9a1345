import { createTestEnvironment, yearAhead, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { PostOut } from "./schemas.ts";

interface Page {
  data: PostOut[];
  nextCursor: string | null;
}

let env: TestEnvironment;
let api: AppUnderTest;
let tenant: Awaited<ReturnType<TestEnvironment["createTenant"]>>;
/** Oldest first. */
const posts: PostOut[] = [];

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
  tenant = await env.createTenant();
  for (let day = 1; day <= 9; day += 1) {
    const body = {
      socialAccountId: tenant.socialAccountId,
      text: `Day ${day}`,
      scheduledAt: `${yearAhead}-01-0${day}T00:00:00Z`,
      groupId: day % 2 === 0 ? "even" : "odd",
    };
    posts.push((await api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body })).body);
  }
  await api.call(tenant.apiKey, "DELETE", `/v1/posts/${posts[0]?.id}`);
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});

const list = async (query: string, key = tenant.apiKey) =>
  (await api.call<Page>(key, "GET", `/v1/posts?${query}`)).body;
const days = (page: Page) => page.data.map(({ text }) => Number(text.slice(4)));

test("the list is newest first and pages through every post once", async () => {
  const seen: number[] = [];
  let cursor: string | null = "";
  for (let pages = 0; cursor !== null; pages += 1) {
    expect(pages).toBeLessThan(5);
    const page: Page = await list(`limit=4${cursor === "" ? "" : `&cursor=${cursor}`}`);
    expect(page.data.length).toBeLessThanOrEqual(4);
    seen.push(...days(page));
    cursor = page.nextCursor;
  }
  expect(seen).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

test("a page that holds the last post has no cursor", async () => {
  expect((await list("limit=9")).nextCursor).toBeNull();
  expect((await list("limit=8")).nextCursor).not.toBeNull();
});

test("posts that come or change between two pages make none be skipped or repeated", async () => {
  const first = await list("limit=5&groupId=odd");
  const body = {
    socialAccountId: tenant.socialAccountId,
    text: "Day 0",
    groupId: "odd",
    scheduledAt: `${yearAhead}-01-01T00:00:00Z`,
  };
  const { body: added } = await api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body });
  const start = await list("limit=2&groupId=odd");
  await api.call(tenant.apiKey, "DELETE", `/v1/posts/${added.id}`);
  const rest = await list(`limit=10&groupId=odd&cursor=${start.nextCursor}`);
  expect([...days(start), ...days(rest)]).toEqual([0, ...days(first)]);
});

test.each([
  ["status=cancelled", [0, 1]],
  ["status=cancelled,scheduled&groupId=even", [8, 6, 4, 2]],
  [`platform=webhook&scheduledFrom=${yearAhead}-01-08T00:00:00Z`, [9, 8]],
  ["platform=elsewhere", []],
  [`scheduledFrom=${yearAhead}-01-03T00:00:00Z&scheduledTo=${yearAhead}-01-05T00:00:00Z`, [4, 3]],
  [`scheduledFrom=${yearAhead}-01-03T01:00:00%2B01:00&scheduledTo=${yearAhead}-01-03T00:00:00.001Z`, [3]],
  ["groupId=even&limit=2", [8, 6]],
  ["groupId=even&limit=2&scheduledFrom=0001-01-01T00:00:00Z&scheduledTo=9999-12-31T23:59:59Z", [8, 6]],
])("filters by %s", async (query, expected) => {
  expect(days(await list(query))).toEqual(expected);
});

test("filters by account and by client", async () => {
  const all = (await list("limit=200")).data.length;
  expect((await list(`limit=200&socialAccountId=${tenant.socialAccountId}`)).data).toHaveLength(all);
  expect((await list(`limit=200&clientId=${tenant.clientId}`)).data).toHaveLength(all);
  expect((await list(`clientId=${tenant.companyId}`)).data).toEqual([]);
});

test("nobody sees another company's posts, by whatever filter", async () => {
  const other = await env.createTenant();
  expect((await list("", other.apiKey)).data).toEqual([]);
  expect((await list(`socialAccountId=${tenant.socialAccountId}`, other.apiKey)).data).toEqual([]);
  expect((await list(`clientId=${tenant.clientId}&groupId=even`, other.apiKey)).data).toEqual([]);
  for (const path of ["", "/timeline"]) {
    const answer = await api.call(other.apiKey, "GET", `/v1/posts/${posts[0]?.id}${path}`);
    expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
  }
});

test.each([
  ["limit=0", "limit", "too_small"],
  ["limit=201", "limit", "too_large"],
  ["limit=ten", "limit", "wrong_type"],
  ["limit=", "limit", "wrong_type"],
  ["status=scheduled,gone", "status", "invalid_format"],
  ["status=scheduled&status=held", "status", "wrong_type"],
  ["socialAccountId=1", "socialAccountId", "invalid_format"],
  ["scheduledFrom=2027-01-01", "scheduledFrom", "invalid_format"],
  [`scheduledTo=${yearAhead}-01-01T00:00:00+01:00`, "scheduledTo", "invalid_format"],
  ["scheduledFrom=0000-12-31T23:59:59Z", "scheduledFrom", "invalid_instant"],
  ["scheduledTo=9999-12-31T23:59:59-01:00", "scheduledTo", "invalid_instant"],
  ["groupId=%00", "groupId", "invalid_text"],
  ["cursor=abc", "cursor", "invalid_cursor"],
  ["order=asc", "order", "unknown_field"],
])("refuses %s", async (query, path, code) => {
  const { status, body } = await api.call(tenant.apiKey, "GET", `/v1/posts?${query}`);
  expect(status).toBe(400);
  expect(body.errors).toMatchObject([{ path, code }]);
});
