import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { SocialAccountOut } from "./schemas.ts";

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

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const draft = (more: object = {}) => ({
  platform: "webhook",
  name: "Shop",
  settings: { url: "https://example.com/hook" },
  credentials: { secret },
  ...more,
});
const connect = (body: object, key = tenant.apiKey) =>
  api.call<SocialAccountOut>(key, "POST", "/v1/social-accounts", { body });

test("an account is connected, read back and listed, and never shows its credentials", async () => {
  const created = await connect(draft({ clientId: tenant.clientId }));
  expect(created.status).toBe(201);
  expect(created.headers["location"]).toBe(`/v1/social-accounts/${created.body.id}`);
  expect(created.body).toMatchObject({
    platform: "webhook",
    name: "Shop",
    clientId: tenant.clientId,
    settings: { url: "https://example.com/hook" },
    sandbox: false,
    status: "active",
    paused: false,
  });
  const read = await api.call<SocialAccountOut>(tenant.apiKey, "GET", `/v1/social-accounts/${created.body.id}`);
  expect(read.body).toEqual(created.body);
  const list = await api.call<{ data: SocialAccountOut[]; nextCursor: string | null }>(
    tenant.apiKey,
    "GET",
    "/v1/social-accounts",
  );
  expect(list.body.data.map(({ id }) => id)).toEqual([created.body.id, tenant.socialAccountId]);
  expect(list.body.nextCursor).toBeNull();
  for (const { text } of [created, read, list]) expect(text).not.toMatch(/whsec_|credentials/);
});

test("credentials are stored sealed, bound to their account", async () => {
  const { body } = await connect(draft());
  const [row] = await env.sql<{ credentials: string }>("SELECT credentials FROM social_accounts WHERE id = $1", [
    body.id,
  ]);
  expect(row?.credentials).not.toContain(secret);
  expect(JSON.parse(env.keyring.open(row?.credentials ?? "", body.id))).toEqual({ secret });
  expect(() => env.keyring.open(row?.credentials ?? "", tenant.socialAccountId)).toThrow();
});

test.each([
  ["a field too many", draft({ color: "red" }), 400, "/color"],
  ["no name", draft({ name: "" }), 400, "/name"],
  ["credentials that are no object", draft({ credentials: secret }), 400, "/credentials"],
  ["a platform there is not", draft({ platform: "myspace" }), 422, "/platform"],
  ["no URL", draft({ settings: {} }), 422, "/settings/url"],
  ["a URL of another kind", draft({ settings: { url: "file:///etc/passwd" } }), 422, "/settings/url"],
  ["a URL with a password", draft({ settings: { url: "https://a:b@example.com" } }), 422, "/settings/url"],
  ["a private address", draft({ settings: { url: "http://169.254.169.254/latest" } }), 422, "/settings/url"],
  ["a setting too many", draft({ settings: { url: "https://example.com", x: 1 } }), 422, "/settings/x"],
  ["a secret that is none", draft({ credentials: { secret: "hunter2hunter2" } }), 422, "/credentials/secret"],
])("with %s it is refused by path, without repeating secrets", async (_name, body, status, path) => {
  const answer = await api.call(tenant.apiKey, "POST", "/v1/social-accounts", { body });
  expect(answer.status).toBe(status);
  expect(answer.body.errors?.map((error) => error.path)).toEqual([path]);
  expect(answer.text).not.toMatch(/whsec_[A-Za-z0-9+/]|hunter2/);
});

test("a client must be the company's own", async () => {
  const other = await env.createTenant();
  for (const clientId of [other.clientId, "01a20000-0000-7000-8000-000000000000"]) {
    const answer = await api.call(tenant.apiKey, "POST", "/v1/social-accounts", { body: draft({ clientId }) });
    expect(answer).toMatchObject({ status: 404, body: { code: "unknown_client", errors: [{ path: "/clientId" }] } });
  }
});

test("another company sees neither accounts nor clients", async () => {
  const other = await env.createTenant();
  const foreign = await api.call(other.apiKey, "GET", `/v1/social-accounts/${tenant.socialAccountId}`);
  expect(foreign.status).toBe(404);
  for (const [url, own] of [
    ["/v1/social-accounts", other.socialAccountId],
    ["/v1/clients", other.clientId],
  ] as const) {
    const { body } = await api.call<{ data: { id: string }[] }>(other.apiKey, "GET", url);
    expect(body.data.map(({ id }) => id)).toEqual([own]);
  }
});

test("clients are listed with name and times, page by page", async () => {
  const { body } = await api.call<{ data: object[]; nextCursor: null }>(tenant.apiKey, "GET", "/v1/clients?limit=1");
  expect(body).toEqual({
    data: [
      {
        id: tenant.clientId,
        name: "Test client",
        createdAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/) as string,
        updatedAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/) as string,
      },
    ],
    nextCursor: null,
  });
});
