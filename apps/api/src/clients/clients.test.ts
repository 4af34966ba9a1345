import { createTestEnvironment, until, yearAhead, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { PostOut } from "../posts/schemas.ts";
import type { ClientOut } from "./schemas.ts";

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
  tenant = await env.createTenant();
});

const create = async (name = "Bakery") =>
  (await api.call<ClientOut>(tenant.apiKey, "POST", "/v1/clients", { body: { name } })).body;
const call = <Body = ClientOut>(method: "GET" | "PATCH" | "DELETE", id: string, body?: object, query = "") =>
  api.call<Body>(tenant.apiKey, method, `/v1/clients/${id}${query}`, body === undefined ? {} : { body });
const connect = (clientId: string) => {
  const credentials = { secret: tenant.webhookSecret };
  const body = { platform: "webhook", name: "Shop", clientId, settings: {}, credentials, sandbox: true };
  return api.call(tenant.apiKey, "POST", "/v1/social-accounts", { body });
};

test("a client is created, read, renamed and listed", async () => {
  const created = await api.call<ClientOut>(tenant.apiKey, "POST", "/v1/clients", { body: { name: "Bakery" } });
  expect(created).toMatchObject({ status: 201, body: { name: "Bakery" } });
  expect(created.headers["location"]).toBe(`/v1/clients/${created.body.id}`);
  expect((await call("GET", created.body.id)).body).toEqual(created.body);

  await env.advanceClock(1_000);
  const renamed = await call("PATCH", created.body.id, { name: "Café" });
  expect(renamed).toMatchObject({ status: 200, body: { id: created.body.id, name: "Café" } });
  expect(renamed.body.updatedAt > created.body.updatedAt).toBe(true);
  expect((await call("PATCH", created.body.id, {})).body).toEqual(renamed.body);
  expect((await call("PATCH", created.body.id, { name: "Café" })).body).toEqual(renamed.body);

  const list = await api.call<{ data: ClientOut[] }>(tenant.apiKey, "GET", "/v1/clients");
  expect(list.body.data.map(({ name }) => name)).toEqual(["Café", "Test client"]);
});

test("each client's accounts come with it, if asked for", async () => {
  const { id } = await create();
  const list = await api.call<{ data: ClientOut[] }>(tenant.apiKey, "GET", "/v1/clients?include=socialAccounts");
  expect(list.body.data.map((client) => [client.id, client.socialAccounts?.map((account) => account.id)])).toEqual([
    [id, []],
    [tenant.clientId, [tenant.socialAccountId]],
  ]);
  expect(list.text).not.toMatch(/credentials|whsec_/);
  const one = await call("GET", tenant.clientId, undefined, "?include=socialAccounts");
  expect(one.body).toEqual(list.body.data[1]);
  expect((await call("GET", tenant.clientId)).body.socialAccounts).toBeUndefined();
  expect((await call("GET", tenant.clientId, undefined, "?include=posts")).status).toBe(400);
});

test("a client with accounts is not deleted", async () => {
  expect(await call("DELETE", tenant.clientId)).toMatchObject({ status: 409, body: { code: "has_social_accounts" } });
  expect((await call("GET", tenant.clientId)).status).toBe(200);
});

test("a deleted client is gone, and nothing can be connected for it", async () => {
  const { id } = await create();
  const deleted = await call("DELETE", id);
  expect([deleted.status, deleted.text]).toEqual([204, ""]);
  for (const method of ["GET", "DELETE"] as const) expect((await call(method, id)).status).toBe(404);
  expect((await call("PATCH", id, { name: "Again" })).status).toBe(404);
  expect((await call("PATCH", id, {})).status).toBe(404);
  expect(await connect(id)).toMatchObject({ status: 404, body: { code: "unknown_client" } });
  const list = await api.call<{ data: ClientOut[] }>(tenant.apiKey, "GET", "/v1/clients");
  expect(list.body.data.map((client) => client.id)).toEqual([tenant.clientId]);
});

test("of deleting a client and connecting an account for it at the same moment exactly one happens", async () => {
  for (let round = 0; round < 30; round += 1) {
    const { id } = await create();
    const inTurn = [() => connect(id), () => call("DELETE", id)];
    const pair = await Promise.all((round % 2 === 0 ? inTurn : inTurn.toReversed()).map((act) => act()));
    const statuses = pair.map(({ status }) => status).toSorted((a, b) => a - b);
    expect([[201, 409].join(), [204, 404].join()]).toContain(statuses.join());
  }
  const torn = await env.sql(
    "SELECT a.id FROM social_accounts a JOIN clients c ON c.id = a.client_id WHERE c.deleted_at IS NOT NULL AND a.deleted_at IS NULL",
  );
  expect(torn).toEqual([]);
});

test("an account that is being connected makes deleting its client wait, and then refuse", async () => {
  const { id } = await create();
  let deletion: ReturnType<typeof call> | undefined;
  await env.database.prisma.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT FROM clients WHERE id = ${id}::uuid FOR SHARE`;
    await transaction.$executeRaw`
      INSERT INTO social_accounts (id, company_id, client_id, platform, name, settings, credentials)
      VALUES (gen_random_uuid(), ${tenant.companyId}::uuid, ${id}::uuid, 'webhook', 'Late', '{}', 'sealed')`;
    deletion = call("DELETE", id);
    await until("the deletion waits", async () => {
      const query = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
      return (await env.sql(query)).length > 0;
    });
  });
  expect(await deletion).toMatchObject({ status: 409, body: { code: "has_social_accounts" } });
});

test("another company's client is as unknown as one that never was", async () => {
  const other = await env.createTenant();
  for (const id of [other.clientId, "01a20000-0000-7000-8000-000000000000"]) {
    for (const query of ["", "?include=socialAccounts"])
      expect((await call("GET", id, undefined, query)).status).toBe(404);
    expect((await call("PATCH", id, { name: "Mine" })).status).toBe(404);
    expect((await call("DELETE", id)).status).toBe(404);
  }
  const [row] = await env.sql("SELECT name, deleted_at FROM clients WHERE id = $1", [other.clientId]);
  expect(row).toEqual({ name: "Test client", deleted_at: null });
});

test("posts keep the client they were accepted for", async () => {
  const body = { socialAccountId: tenant.socialAccountId, text: "Hello", scheduledAt: `${yearAhead}-06-01T00:00:00Z` };
  const { body: post } = await api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body });
  expect(post.clientId).toBe(tenant.clientId);
});

test.each([
  ["no name", {}, "/name"],
  ["an empty name", { name: "" }, "/name"],
  ["a name too long", { name: "x".repeat(201) }, "/name"],
  ["a field too many", { name: "Bakery", color: "red" }, "/color"],
])("with %s a client is refused by path", async (_name, body, path) => {
  const answer = await api.call(tenant.apiKey, "POST", "/v1/clients", { body });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
});
