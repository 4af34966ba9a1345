import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAppUnderTest, testOperators, type AppUnderTest, type Method } from "../app-under-test.ts";
import type { Problem } from "../problem.ts";
import type { ApiKeyOut, CompanyOut } from "./schemas.ts";

let env: TestEnvironment;
let api: AppUnderTest;

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});

const unknownId = "01a20000-0000-7000-8000-000000000000";
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
const operator = basic("operator", testOperators.operatorPassword);
const viewer = basic("viewer", testOperators.viewerPassword);

const call = <Body = Problem>(
  method: Method,
  path: string,
  body?: object,
  headers: Record<string, string> = operator,
) =>
  api.callRaw<Body>({
    method,
    url: `/v1/operator${path}`,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
const createCompany = async (name = "Agency") => (await call<CompanyOut>("POST", "/companies", { name })).body;
const makeKey = async (companyId: string, more: object = {}) => {
  const path = `/companies/${companyId}/api-keys`;
  const answer = await call<ApiKeyOut & { key: string }>("POST", path, { name: "App", scope: "write", ...more });
  expect(answer.status).toBe(201);
  return answer.body;
};
const listKeys = (companyId: string, query = "") =>
  call<{ data: ApiKeyOut[]; nextCursor: string | null }>("GET", `/companies/${companyId}/api-keys${query}`);
const use = async (key: string) => (await api.call(key, "GET", "/v1/clients")).status;

test("a company is created, read and listed, newest first, page by page", async () => {
  const first = await createCompany("First");
  const created = await call<CompanyOut>("POST", "/companies", { name: "Second" });
  expect(created).toMatchObject({ status: 201, body: { name: "Second" } });
  expect(created.headers["location"]).toBe(`/v1/operator/companies/${created.body.id}`);
  expect((await call("GET", `/companies/${created.body.id}`)).body).toEqual(created.body);
  const page = await call<{ data: CompanyOut[]; nextCursor: string }>("GET", "/companies?limit=1");
  expect(page.body.data).toEqual([created.body]);
  const next = await call<{ data: CompanyOut[] }>("GET", `/companies?limit=1&cursor=${page.body.nextCursor}`);
  expect(next.body.data).toEqual([first]);
});

test("a company's name and the origins people are sent back to are changed one by one, by operators", async () => {
  const { id } = await createCompany();
  const returnOrigins = ["https://app.example.com", "http://localhost:5173"];
  expect(await call("PATCH", `/companies/${id}`, { returnOrigins })).toMatchObject({
    status: 200,
    body: { returnOrigins },
  });
  const renamed = await call<CompanyOut>("PATCH", `/companies/${id}`, { name: "New name" });
  expect(renamed.body).toMatchObject({ name: "New name", returnOrigins });
  expect((await call("GET", `/companies/${id}`)).body).toEqual(renamed.body);
  expect((await call("PATCH", `/companies/${id}`, { name: "x" }, viewer)).status).toBe(403);
  expect((await call("PATCH", `/companies/${unknownId}`, { name: "x" })).status).toBe(404);
});

test.each(["https://app.example.com/", "https://App.example.com", "https://a@b.example.com", "ftp://a.example", "app"])(
  "%s is no origin to send people back to",
  async (origin) => {
    const { id } = await createCompany();
    const answer = await call("PATCH", `/companies/${id}`, { returnOrigins: ["https://ok.example.com", origin] });
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: [{ path: "/returnOrigins/1", code: "invalid_origin" }] },
    });
  },
);

test("a key is shown once, works at once, and only its hash is stored", async () => {
  const { id } = await createCompany();
  const { key, ...shown } = await makeKey(id);
  expect(key).toMatch(/^pk_[A-Za-z0-9_-]{43}$/);
  expect(shown).toMatchObject({
    name: "App",
    scope: "write",
    prefix: key.slice(0, 10),
    expiresAt: null,
    revokedAt: null,
  });
  expect(await use(key)).toBe(200);
  const list = await listKeys(id);
  expect(list.body.data).toMatchObject([{ id: shown.id }]);
  expect(list.text).not.toContain(key);
  const [row] = await env.sql<{ everything: string }>(
    "SELECT to_jsonb(k)::text AS everything FROM api_keys k WHERE id = $1",
    [shown.id],
  );
  expect(row?.everything).not.toContain(key);
});

test("a key works for its own company alone, with its own scope", async () => {
  const { id } = await createCompany();
  const { key } = await makeKey(id, { scope: "read" });
  const { clientId } = await env.createTenant();
  expect((await api.call(key, "GET", `/v1/clients/${clientId}`)).status).toBe(404);
  expect((await api.call(key, "POST", "/v1/clients", { body: { name: "Mine" } })).status).toBe(403);
});

test("a revoked key is refused from then on; revoking it again changes nothing", async () => {
  const { id } = await createCompany();
  const { key, id: keyId } = await makeKey(id);
  const revoked = await call<ApiKeyOut>("DELETE", `/companies/${id}/api-keys/${keyId}`);
  expect(revoked).toMatchObject({ status: 200, body: { id: keyId, revokedAt: expect.any(String) as string } });
  expect(await use(key)).toBe(401);
  await env.advanceClock(1_000);
  const again = await call<ApiKeyOut>("DELETE", `/companies/${id}/api-keys/${keyId}`);
  expect(again.body.revokedAt).toBe(revoked.body.revokedAt);
});

test("a key is refused from its expiry on", async () => {
  const { id } = await createCompany();
  const [row] = await env.sql<{ soon: Date }>("SELECT app_now() + interval '1 hour' AS soon");
  const { key, expiresAt } = await makeKey(id, { expiresAt: row?.soon.toISOString() });
  expect(expiresAt).toBe(row?.soon.toISOString());
  expect(await use(key)).toBe(200);
  await env.advanceClock(3_600_000);
  expect(await use(key)).toBe(401);
});

test.each([
  ["no scope", { name: "App" }, 400, "/scope"],
  ["another scope", { name: "App", scope: "root" }, 400, "/scope"],
  ["a field too many", { name: "App", scope: "read", color: "red" }, 400, "/color"],
  ["an expiry in the past", { name: "App", scope: "read", expiresAt: "2020-01-01T00:00:00Z" }, 422, "/expiresAt"],
  ["no instant", { name: "App", scope: "read", expiresAt: "2027-02-30T00:00:00Z" }, 400, "/expiresAt"],
])("with %s no key is made", async (_name, body, status, path) => {
  const { id } = await createCompany();
  const answer = await call("POST", `/companies/${id}/api-keys`, body);
  expect(answer.status).toBe(status);
  expect(answer.body.errors?.map((error) => error.path)).toEqual([path]);
  expect((await listKeys(id)).body.data).toEqual([]);
});

test("what there is not is 404, a key of another company too", async () => {
  const { id } = await createCompany();
  const { id: keyId } = await makeKey(id);
  const other = await createCompany();
  for (const [method, path, body] of [
    ["GET", `/companies/${unknownId}`],
    ["GET", `/companies/${unknownId}/api-keys`],
    ["POST", `/companies/${unknownId}/api-keys`, { name: "App", scope: "read" }],
    ["DELETE", `/companies/${unknownId}/api-keys/${keyId}`],
    ["DELETE", `/companies/${other.id}/api-keys/${keyId}`],
    ["DELETE", `/companies/${id}/api-keys/${unknownId}`],
  ] as const) {
    expect((await call(method, path, body)).status, `${method} ${path}`).toBe(404);
  }
  expect((await listKeys(id)).body.data).toMatchObject([{ id: keyId, revokedAt: null }]);
});

test("the last use of a key is noted, at most once a minute", async () => {
  const { id } = await createCompany();
  const { key } = await makeKey(id);
  const lastUse = async () => (await listKeys(id)).body.data[0]?.lastUsedAt ?? null;
  expect(await lastUse()).toBeNull();

  await Promise.all(Array.from({ length: 20 }, () => use(key)));
  const first = await until("the use is noted", lastUse);
  await env.advanceClock(30_000);
  await use(key);
  await env.advanceClock(31_000);
  await use(key);
  const second = await until("the later use is noted", async () => {
    const now = await lastUse();
    return now === first ? null : now;
  });
  expect(Date.parse(second) - Date.parse(first)).toBeGreaterThanOrEqual(61_000);
});

test("a request does not wait until its key's use is noted", async () => {
  const { id } = await createCompany();
  const { key, id: keyId } = await makeKey(id);
  await env.database.prisma.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT FROM api_keys WHERE id = ${keyId}::uuid FOR UPDATE`;
    expect(await use(key)).toBe(200);
    const [row] = await env.sql("SELECT last_used_at FROM api_keys WHERE id = $1", [keyId]);
    expect(row).toEqual({ last_used_at: null });
  });
  await until("the use is noted", async () => (await listKeys(id)).body.data[0]?.lastUsedAt);
});

test("viewers look and change nothing", async () => {
  const { id } = await createCompany();
  const { id: keyId } = await makeKey(id);
  for (const path of ["/companies", `/companies/${id}`, `/companies/${id}/api-keys`]) {
    expect((await call("GET", path, undefined, viewer)).status).toBe(200);
  }
  for (const [method, path, body] of [
    ["POST", "/companies", { name: "Mine" }],
    ["POST", `/companies/${id}/api-keys`, { name: "Mine", scope: "admin" }],
    ["DELETE", `/companies/${id}/api-keys/${keyId}`],
  ] as const) {
    expect(await call(method, path, body, viewer)).toMatchObject({ status: 403, body: { code: "viewers_only_look" } });
  }
  expect((await listKeys(id)).body.data).toMatchObject([{ id: keyId, revokedAt: null }]);
});

test.each([
  ["nothing", {}],
  ["a wrong password", basic("operator", "operator-passwore")],
  ["an API key of scope admin", "admin"],
])("with %s every route refuses", async (_name, given) => {
  const { id } = await createCompany();
  const headers =
    given === "admin" ? { authorization: `Bearer ${(await makeKey(id, { scope: "admin" })).key}` } : given;
  for (const [method, path, body] of [
    ["GET", "/companies"],
    ["POST", "/companies", { name: "Mine" }],
    ["GET", `/companies/${id}`],
    ["GET", `/companies/${id}/api-keys`],
    ["POST", `/companies/${id}/api-keys`, { name: "Mine", scope: "admin" }],
    ["DELETE", `/companies/${id}/api-keys/${unknownId}`],
  ] as const) {
    const answer = await call(method, path, body, headers as Record<string, string>);
    expect(answer, `${method} ${path}`).toMatchObject({ status: 401, body: { code: "operator_login_required" } });
  }
});

test.each([
  ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }, 403],
  ["another site, in an old browser", { origin: "https://evil.example" }, 403],
  ["a sandboxed page", { origin: "null" }, 403],
  ["a neighbouring site", { "sec-fetch-site": "same-site" }, 403],
  ["our own page", { host: "punctual.test", origin: "http://punctual.test" }, 201],
  ["our own page, in a new browser", { "sec-fetch-site": "same-origin" }, 201],
  ["a program", {}, 201],
])("a change from %s gets %s", async (_name, headers, status) => {
  const answer = await call("POST", "/companies", { name: "Agency" }, { ...operator, ...headers });
  expect(answer.status).toBe(status);
});

test("what a browser sends unasked is no change: only JSON is", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    const headers = { ...operator, "content-type": type };
    const answer = await api.callRaw({
      method: "POST",
      url: "/v1/operator/companies",
      headers,
      payload: '{"name":"X"}',
    });
    expect(answer.status).toBe(415);
  }
});
