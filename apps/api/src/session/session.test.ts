import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAppUnderTest, testOperators, type AppUnderTest, type Answer } from "../app-under-test.ts";
import type { Problem } from "../problem.ts";

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

const page = {
  host: "punctual.test",
  origin: "http://punctual.test",
  "sec-fetch-site": "same-origin",
  "sec-fetch-dest": "empty",
};
const operator = { user: "operator", password: testOperators.operatorPassword };
const viewer = { user: "viewer", password: testOperators.viewerPassword };

function logIn<Body = Problem>(
  body: object,
  headers: Record<string, string> = page,
  at = api,
  remoteAddress = "192.0.2.1",
): Promise<Answer<Body>> {
  return at.callRaw<Body>({
    method: "POST",
    url: "/v1/session",
    headers: { ...headers, "content-type": "application/json" },
    payload: JSON.stringify(body),
    remoteAddress,
  });
}

/** What a browser would send back. */
function cookieOf({ headers }: Answer<unknown>): string {
  return (headers["set-cookie"] ?? "").split(";")[0] ?? "";
}

const who = (cookie: string, at = api) =>
  at.callRaw<{ user: string; role: string; expiresAt: string }>({
    method: "GET",
    url: "/v1/session",
    headers: { ...page, cookie },
  });
const makeCompany = (headers: Record<string, string>) =>
  api.callRaw({
    method: "POST",
    url: "/v1/operator/companies",
    headers: { "content-type": "application/json", ...headers },
    payload: '{"name":"Agency"}',
  });

test("whoever logs in gets a cookie that scripts cannot read, and is who they are", async () => {
  const answer = await logIn<{ role: string }>(operator);
  expect(answer).toMatchObject({ status: 201, body: { user: "operator", role: "operator" } });
  expect(answer.headers["set-cookie"]).toMatch(
    /^punctual_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
  );
  expect(answer.text).not.toContain(cookieOf(answer).split("=")[1]);
  expect(await who(cookieOf(answer))).toMatchObject({ status: 200, body: { user: "operator", role: "operator" } });
  expect((await makeCompany({ ...page, cookie: cookieOf(answer) })).status).toBe(201);
});

test("behind TLS the cookie goes over nothing else", async () => {
  const secure = await openAppUnderTest(env, { publicUrl: "https://punctual.example.com" });
  const headers = { ...page, origin: "https://punctual.example.com", "sec-fetch-site": "same-origin" };
  expect((await logIn(operator, headers, secure)).headers["set-cookie"]).toMatch(/; Secure$/);
  await secure.close();
});

test("only a hash of the cookie is stored, and no password", async () => {
  const token = cookieOf(await logIn(operator)).split("=")[1] ?? "";
  const rows = await env.sql<{ row: string }>("SELECT to_jsonb(s)::text AS row FROM operator_sessions s");
  const stored = rows.map(({ row }) => row).join("\n");
  expect(rows.length).toBeGreaterThan(0);
  for (const secret of [token, Buffer.from(token).toString("hex"), operator.password])
    expect(stored).not.toContain(secret);
});

test("a viewer looks and changes nothing", async () => {
  const cookie = cookieOf(await logIn(viewer));
  expect(await who(cookie)).toMatchObject({ status: 200, body: { user: "viewer", role: "viewer" } });
  expect(await makeCompany({ ...page, cookie })).toMatchObject({ status: 403, body: { code: "viewers_only_look" } });
});

test.each([
  ["a wrong password", { ...operator, password: "operator-passwore" }],
  ["another user's password", { user: "viewer", password: operator.password }],
  ["no such user", { user: "root", password: operator.password }],
])("with %s nobody is let in", async (_name, body) => {
  const answer = await logIn(body);
  expect(answer).toMatchObject({ status: 401, body: { code: "wrong_password" } });
  expect(answer.headers["set-cookie"]).toBeUndefined();
  expect(answer.headers["www-authenticate"]).toMatch(/^Session /);
});

test("too many wrong passwords from one address are answered no more, others are", async () => {
  const guarded = await openAppUnderTest(env, { limits: { wrongPasswordsMax: 3 } });
  const wrong = { ...operator, password: "wrong-password" };
  for (let tries = 0; tries < 3; tries += 1) expect((await logIn(wrong, page, guarded)).status).toBe(401);
  const refused = await logIn(operator, page, guarded);
  expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited" } });
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  expect((await logIn(operator, page, guarded, "192.0.2.2")).status).toBe(201);
  await guarded.close();
});

test("logging out ends the session for good, and logging out again changes nothing", async () => {
  const cookie = cookieOf(await logIn(operator));
  const leave = () => api.callRaw({ method: "DELETE", url: "/v1/session", headers: { ...page, cookie } });
  const left = await leave();
  expect(left.status).toBe(204);
  expect(left.headers["set-cookie"]).toMatch(/^punctual_session=; Path=\/; Max-Age=0;/);
  expect(await who(cookie)).toMatchObject({ status: 401, body: { code: "operator_login_required" } });
  expect((await leave()).status).toBe(204);
});

test("a session ends after twelve hours", async () => {
  const cookie = cookieOf(await logIn(operator));
  await env.advanceClock(12 * 3_600_000 - 60_000);
  expect((await who(cookie)).status).toBe(200);
  await env.advanceClock(60_000);
  expect((await who(cookie)).status).toBe(401);
});

test("a session ends with the password it began with", async () => {
  const cookie = cookieOf(await logIn(operator));
  const changed = await openAppUnderTest(env, { operatorPassword: "another-password" });
  expect((await who(cookie, changed)).status).toBe(401);
  expect((await who(cookie)).status).toBe(200);
  await changed.close();
});

describe("what comes from elsewhere", () => {
  test.each([
    ["another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
    ["a neighbouring site", { origin: "http://other.punctual.test", "sec-fetch-site": "same-site" }],
    ["another site, in an old browser", { origin: "https://evil.example" }],
  ])("changes nothing with a session: %s", async (_name, from) => {
    const cookie = cookieOf(await logIn(operator));
    const headers = { host: "punctual.test", ...from };
    expect(await makeCompany({ ...headers, cookie })).toMatchObject({ status: 403, body: { code: "cross_origin" } });
    expect((await logIn(operator, headers)).status).toBe(403);
    expect((await api.callRaw({ method: "DELETE", url: "/v1/session", headers: { ...headers, cookie } })).status).toBe(
      403,
    );
    expect((await who(cookie)).status).toBe(200);
  });

  test("a cookie that is none of ours is like no cookie", async () => {
    for (const cookie of ["punctual_session=short", `punctual_session=${"A".repeat(43)}`, `other=${"A".repeat(43)}`]) {
      expect((await who(cookie)).status, cookie).toBe(401);
    }
  });
});

test("a page's own request is not answered so that the browser asks for a password; opening an address is", async () => {
  const asPage = await api.callRaw({ method: "GET", url: "/v1/operator/overview", headers: page });
  expect(asPage.headers["www-authenticate"]).toMatch(/^Session /);
  const untold = await api.callRaw({ method: "GET", url: "/v1/session", headers: { "x-requested-with": "dashboard" } });
  expect(untold.headers["www-authenticate"]).not.toContain("Basic");
  const opened = await api.callRaw({ method: "GET", url: "/queues", headers: { "sec-fetch-dest": "document" } });
  expect(opened.headers["www-authenticate"]).toMatch(/^Basic /);
  const script = await api.callRaw({ method: "GET", url: "/v1/operator/overview" });
  expect(script.headers["www-authenticate"]).toMatch(/^Basic /);
});
