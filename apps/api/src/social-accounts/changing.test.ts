import { randomBytes } from "node:crypto";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { PostOut } from "../posts/schemas.ts";
import type { SocialAccountOut } from "./schemas.ts";

let env: TestEnvironment;
let api: AppUnderTest;
let tenant: Awaited<ReturnType<TestEnvironment["createTenant"]>>;

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});
beforeEach(async () => {
  tenant = await env.createTenant({ settings: { url: "https://example.com/a" } });
});

const otherSecret = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const url = () => `/v1/social-accounts/${tenant.socialAccountId}`;
const patch = <Body = SocialAccountOut>(body: object) => api.call<Body>(tenant.apiKey, "PATCH", url(), { body });
const readPost = async (id: string) => (await api.call<PostOut>(tenant.apiKey, "GET", `/v1/posts/${id}`)).body;
const stored = async () => {
  const [row] = await env.sql<{ credentials: string; version: number; status: string }>(
    "SELECT credentials, credentials_version AS version, status FROM social_accounts WHERE id = $1",
    [tenant.socialAccountId],
  );
  if (row === undefined) throw new Error("the account is gone");
  return { ...row, opened: JSON.parse(env.keyring.open(row.credentials, tenant.socialAccountId)) as object };
};
const events = () =>
  env.sql("SELECT type, data FROM events WHERE social_account_id = $1 AND post_id IS NULL", [tenant.socialAccountId]);
const disconnect = async () => {
  await env.sql("UPDATE social_accounts SET status = 'needs_reconnect' WHERE id = $1", [tenant.socialAccountId]);
  await env.sql("UPDATE posts SET status = 'held', held_reason = 'needs_reconnect' WHERE social_account_id = $1", [
    tenant.socialAccountId,
  ]);
};

test("name, client and settings change, and the credentials stay as they are", async () => {
  const before = await stored();
  const answer = await patch({ name: "Renamed", clientId: null, settings: { url: "https://example.com/b" } });
  expect(answer).toMatchObject({
    status: 200,
    body: { name: "Renamed", clientId: null, settings: { url: "https://example.com/b" }, status: "active" },
  });
  expect((await api.call(tenant.apiKey, "GET", url())).body).toEqual(answer.body);
  expect(await stored()).toEqual(before);
  expect((await patch({ clientId: tenant.clientId })).body).toMatchObject({
    name: "Renamed",
    clientId: tenant.clientId,
    settings: { url: "https://example.com/b" },
  });
});

test("an empty patch changes nothing", async () => {
  const { body: before } = await api.call(tenant.apiKey, "GET", url());
  expect((await patch({})).body).toEqual(before);
});

test("new credentials are sealed under a new version and shown by nobody", async () => {
  const answer = await patch({ credentials: { secret: otherSecret } });
  expect(answer.status).toBe(200);
  expect(answer.text).not.toMatch(/whsec_|credentials/);
  expect(await stored()).toMatchObject({ version: 2, opened: { secret: otherSecret } });
  expect(await events()).toEqual([]);
});

test("new credentials reconnect an account, its posts are released with jobs, and an event tells it", async () => {
  const post = await insertTestPost(env, tenant, { dueInMs: 3_600_000 });
  await disconnect();
  expect(await patch({ credentials: { secret: otherSecret } })).toMatchObject({ body: { status: "active" } });
  expect(await readPost(post)).toMatchObject({ status: "scheduled", heldReason: null });
  await until(
    "the post has a job of a new generation",
    () => api.producer.queues[0]?.getJob(`${post}_1_1`) ?? Promise.resolve(null),
  );
  expect(await events()).toEqual([{ type: "account.reconnected", data: { credentialsVersion: 2 } }]);
});

test("a reconnected account that is paused goes on holding its posts, for that reason", async () => {
  const post = await insertTestPost(env, tenant, { dueInMs: 3_600_000 });
  await api.call(tenant.apiKey, "POST", `${url()}/pause`);
  await disconnect();
  expect(await patch({ credentials: { secret: otherSecret } })).toMatchObject({
    body: { status: "active", paused: true },
  });
  expect(await readPost(post)).toMatchObject({ status: "held", heldReason: "paused" });
});

test("changes besides the credentials do not reconnect", async () => {
  await disconnect();
  expect((await patch({ name: "Renamed" })).body.status).toBe("needs_reconnect");
  expect(await events()).toEqual([]);
});

test("credentials that no key opens any more can be replaced, and nothing less helps", async () => {
  await env.sql("UPDATE social_accounts SET credentials = 'v1.00000000.AAAA' WHERE id = $1", [tenant.socialAccountId]);
  expect(await patch({ settings: { url: "https://example.com/b" } })).toMatchObject({
    status: 422,
    body: { errors: [{ path: "/credentials/secret" }] },
  });
  expect((await patch({ credentials: { secret: otherSecret } })).status).toBe(200);
  expect((await stored()).opened).toEqual({ secret: otherSecret });
});

test.each([
  {
    platform: "mastodon",
    told: { settings: { account: "kim@sandbox" }, credentials: {} },
    given: { settings: { trustIdempotencyKey: false }, credentials: { accessToken: "sandbox.kim.1" } },
    others: { accessToken: "sandbox.sam.1" },
  },
  {
    platform: "bluesky",
    told: { settings: {}, credentials: { did: "did:plc:kim", accessJwt: "a.b.c", refreshJwt: "d.e.f" } },
    given: { settings: {}, credentials: { identifier: "kim.example", appPassword: "one" } },
    others: { identifier: "sam.example", appPassword: "two" },
  },
])("what $platform told of an account is forgotten with its credentials, and only then", async (account) => {
  const { platform, told, given, others } = account;
  const settings = { ...given.settings, ...told.settings };
  tenant = await env.createTenant({ platform, settings, credentials: { ...given.credentials, ...told.credentials } });
  expect((await patch({ name: "Renamed", settings: {} })).body.settings).toEqual(settings);
  expect((await stored()).opened).toEqual({ ...given.credentials, ...told.credentials });
  expect((await patch({ credentials: others })).body.settings).toEqual(given.settings);
  expect((await stored()).opened).toEqual(others);
  // Whoever gives it with them knows it.
  expect((await patch({ credentials: others, settings: told.settings })).body.settings).toEqual(settings);
});

test("two patches at once both count", async () => {
  for (let round = 0; round < 10; round += 1) {
    const answers = await Promise.all([
      patch({ settings: { url: `https://example.com/${round}` } }),
      patch({ credentials: { secret: otherSecret } }),
      patch({ name: `Round ${round}` }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const { body } = await api.call<SocialAccountOut>(tenant.apiKey, "GET", url());
    expect(body).toMatchObject({ name: `Round ${round}`, settings: { url: `https://example.com/${round}` } });
    expect((await stored()).version).toBe(round + 2);
  }
});

test("of many patches at once all count that are answered so, and the others are told to come again", async () => {
  const secrets = Array.from({ length: 40 }, () => `whsec_${randomBytes(32).toString("base64")}`);
  const before = (await stored()).version;
  const answers = await Promise.all(secrets.map((secret) => patch({ credentials: { secret } })));
  const taken = answers.filter(({ status }) => status === 200).length;
  expect(taken).toBeGreaterThan(10);
  expect((await stored()).version).toBe(before + taken);
  for (const { headers } of answers.filter(({ status }) => status !== 200)) expect(headers["retry-after"]).toBe("1");
});

test.each([
  ["another platform", { platform: "webhook" }, 400, "/platform"],
  ["another sandbox", { sandbox: false }, 400, "/sandbox"],
  ["no name", { name: null }, 400, "/name"],
  ["a private address", { settings: { url: "http://127.0.0.1/" } }, 422, "/settings/url"],
  ["no secret any more", { credentials: { secret: null } }, 422, "/credentials/secret"],
  ["a secret that is none", { credentials: { secret: "hunter2hunter2" } }, 422, "/credentials/secret"],
])("with %s a patch is refused by path, and nothing is changed", async (_name, body, status, path) => {
  const before = await stored();
  const answer = await patch<{ errors: { path: string }[] }>(body);
  expect(answer.status).toBe(status);
  expect(answer.body.errors.map((error) => error.path)).toEqual([path]);
  expect(answer.text).not.toMatch(/whsec_[A-Za-z0-9+/]|hunter2/);
  expect(await stored()).toEqual(before);
});

test("an account can be given to a client of the company only", async () => {
  const other = await env.createTenant();
  const { body: gone } = await api.call<{ id: string }>(tenant.apiKey, "POST", "/v1/clients", {
    body: { name: "Gone" },
  });
  await api.call(tenant.apiKey, "DELETE", `/v1/clients/${gone.id}`);
  for (const clientId of [other.clientId, gone.id]) {
    expect(await patch({ clientId })).toMatchObject({ status: 404, body: { code: "unknown_client" } });
  }
});

test("a check tells what is known and no more: a webhook can only be tried by publishing", async () => {
  const check = () => api.call(tenant.apiKey, "POST", `${url()}/check`);
  expect(await check()).toMatchObject({
    status: 200,
    body: { result: "cannot_tell", message: expect.any(String) as string, issues: [] },
  });
  await env.sql(`UPDATE social_accounts SET sandbox = false, settings = '{"url": "http://10.0.0.1/"}' WHERE id = $1`, [
    tenant.socialAccountId,
  ]);
  const refused = await check();
  expect(refused).toMatchObject({ body: { result: "refused", issues: [{ path: "/settings/url" }] } });
  await env.sql("UPDATE social_accounts SET credentials = 'v1.00000000.AAAA' WHERE id = $1", [tenant.socialAccountId]);
  expect(await check()).toMatchObject({ body: { result: "refused", issues: [] } });
  expect(refused.text).not.toContain("whsec_");
});
