/** Webhook endpoints over HTTP: made, changed, closed, and never shown to others. */
import { createTestEnvironment, insertTestDelivery, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openAppUnderTest, type AppUnderTest, type Method } from "../app-under-test.ts";
import type { Problem } from "../problem.ts";
import { createEndpoint, endpointPath, endpointUrl, type Created } from "./endpoint-under-test.ts";
import type { EndpointOut } from "./schemas.ts";

let env: TestEnvironment;
let api: AppUnderTest;
let tenant: TestTenant;
let other: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
});
afterAll(async () => {
  await api.close();
  await env.close();
});
beforeEach(async () => {
  tenant = await env.createTenant();
  other = await env.createTenant();
});

const call = <Body>(method: Method, at: string, body?: unknown, key = tenant.apiKey) =>
  api.call<Body>(key, method, `${endpointPath}${at}`, body === undefined ? {} : { body });

describe("an endpoint", () => {
  it("is created with a secret that is shown this once and sealed at rest", async () => {
    const answer = await call<Created>("POST", "", {
      url: endpointUrl,
      description: "Ours",
      eventTypes: ["post.failed"],
    });
    expect(answer.status).toBe(201);
    expect(answer.headers["location"]).toBe(`${endpointPath}/${answer.body.id}`);
    const { secret, ...shown } = answer.body;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(shown).toEqual({
      id: expect.any(String) as string,
      url: endpointUrl,
      description: "Ours",
      eventTypes: ["post.failed"],
      status: "enabled",
      disabledReason: null,
      disabledAt: null,
      failingSince: null,
      createdAt: expect.stringMatching(/Z$/) as string,
      updatedAt: expect.stringMatching(/Z$/) as string,
    });
    expect((await call("GET", `/${shown.id}`)).body).toEqual(shown);
    expect((await call<{ data: unknown[] }>("GET", "")).body.data).toEqual([shown]);
    const [row] = await env.sql<{ secret: string }>("SELECT secret FROM webhook_endpoints WHERE id = $1", [shown.id]);
    expect(row?.secret).not.toContain(secret.slice(6));
    expect(env.keyring.open(row!.secret, shown.id)).toBe(secret);
  });

  it.each([
    ["http://127.0.0.1/", "private_address"],
    ["http://[::1]:80/", "private_address"],
    ["http://0x7f000001/", "private_address"],
    ["http://localhost./", "private_address"],
    ["http://169.254.169.254/latest/meta-data", "private_address"],
    ["ftp://example.com/", "invalid_url"],
    ["https://user:password@example.com/", "invalid_url"],
    ["example.com", "invalid_url"],
  ])("cannot be at %s", async (bad, code) => {
    const { id } = await createEndpoint(api, tenant.apiKey);
    const tries = [await call<Problem>("POST", "", { url: bad }), await call<Problem>("PATCH", `/${id}`, { url: bad })];
    for (const { status, body } of tries) {
      expect(status).toBe(422);
      expect(body.errors).toEqual([{ path: "/url", code, message: expect.any(String) as string }]);
    }
  });

  it("refuses what is not in its schema", async () => {
    for (const [body, path, code] of [
      [{}, "/url", "required"],
      [{ url: endpointUrl, more: 1 }, "/more", "unknown_field"],
      [{ url: endpointUrl, eventTypes: [] }, "/eventTypes", "too_few"],
      [{ url: endpointUrl, eventTypes: ["post.eaten"] }, "/eventTypes/0", "not_allowed"],
      [{ url: endpointUrl, description: "" }, "/description", "too_short"],
      [{ url: 1 }, "/url", "wrong_type"],
    ]) {
      const { status, body: problem } = await call<Problem>("POST", "", body);
      expect(status).toBe(400);
      expect(problem.errors).toEqual([{ path, code, message: expect.any(String) as string }]);
    }
  });

  it("can be changed, disabled and enabled again", async () => {
    const { id } = await createEndpoint(api, tenant.apiKey, {
      url: endpointUrl,
      description: "Ours",
      eventTypes: ["post.failed"],
    });
    const patch = async (body: object) => (await call<EndpointOut>("PATCH", `/${id}`, body)).body;
    expect(await patch({ eventTypes: null, description: null })).toMatchObject({
      eventTypes: null,
      description: null,
      url: endpointUrl,
    });
    expect(await patch({ url: "https://example.org/" })).toMatchObject({ url: "https://example.org/" });
    const disabled = await patch({ status: "disabled" });
    expect(disabled).toMatchObject({
      status: "disabled",
      disabledReason: "requested",
      disabledAt: expect.any(String) as string,
    });
    expect(await patch({ status: "disabled" })).toMatchObject({ disabledAt: disabled.disabledAt });
    expect(await patch({ status: "enabled" })).toMatchObject({
      status: "enabled",
      disabledReason: null,
      disabledAt: null,
    });
  });

  it("gets a new secret, and the one before stays valid for a day or until the next", async () => {
    const { id, secret } = await createEndpoint(api, tenant.apiKey);
    const { body } = await call<{ secret: string; previousSecretExpiresAt: string }>("POST", `/${id}/rotate-secret`);
    expect(body.secret).toMatch(/^whsec_/);
    expect(body.secret).not.toBe(secret);
    const read = `SELECT previous_secret, extract(epoch FROM previous_secret_until - app_now())::float / 3600 AS hours
       FROM webhook_endpoints WHERE id = $1`;
    const [row] = await env.sql<{ previous_secret: string; hours: number }>(read, [id]);
    expect(env.keyring.open(row!.previous_secret, id)).toBe(secret);
    expect(row!.hours).toBeGreaterThan(23.9);
    expect(row!.hours).toBeLessThanOrEqual(24);
    await call("POST", `/${id}/rotate-secret`);
    const [again] = await env.sql<{ previous_secret: string }>(read, [id]);
    expect(env.keyring.open(again!.previous_secret, id)).toBe(body.secret);
  });

  it("is gone once deleted, with all that waited for it", async () => {
    const { id } = await createEndpoint(api, tenant.apiKey);
    const delivery = await insertTestDelivery(env, { companyId: tenant.companyId, endpointId: id });
    expect((await call("DELETE", `/${id}`)).status).toBe(204);
    for (const method of ["GET", "PATCH", "DELETE"] as const) {
      expect((await call(method, `/${id}`, method === "PATCH" ? {} : undefined)).status).toBe(404);
    }
    expect((await call<{ data: [] }>("GET", "")).body.data).toEqual([]);
    const rows = await env.sql("SELECT status, failure_code FROM webhook_deliveries WHERE id = $1", [delivery]);
    expect(rows).toEqual([{ status: "failed", failure_code: "endpoint_closed" }]);
    const kept = await env.sql("SELECT secret FROM webhook_endpoints WHERE id = $1", [id]);
    expect(kept).toEqual([{ secret: "" }]);
  });

  it("is one of twenty at most, however many are asked for at once", async () => {
    const answers = await Promise.all(Array.from({ length: 25 }, () => call("POST", "", { url: endpointUrl })));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(20);
    expect(statuses.filter((status) => status === 409)).toHaveLength(5);
  });
});

describe("nobody", () => {
  it("reads, changes or detects another company's endpoint", async () => {
    const { id } = await createEndpoint(api, tenant.apiKey);
    const delivery = await insertTestDelivery(env, { companyId: tenant.companyId, endpointId: id });
    const tries: [Method, string, unknown?][] = [
      ["GET", `/${id}`],
      ["PATCH", `/${id}`, { description: "Mine now" }],
      ["DELETE", `/${id}`],
      ["POST", `/${id}/rotate-secret`],
      ["GET", `/${id}/deliveries`],
      ["POST", `/${id}/deliveries/${delivery}/replay`],
    ];
    for (const [method, at, body] of tries) {
      expect({ method, at, status: (await call(method, at, body, other.apiKey)).status }).toEqual({
        method,
        at,
        status: 404,
      });
    }
    expect((await call<{ data: [] }>("GET", "", undefined, other.apiKey)).body.data).toEqual([]);
    // Nor through an endpoint of their own.
    const own = (await call<Created>("POST", "", { url: endpointUrl }, other.apiKey)).body.id;
    const replay = await call("POST", `/${own}/deliveries/${delivery}/replay`, undefined, other.apiKey);
    expect(replay.status).toBe(404);
  });

  it("changes endpoints with a key that may only write posts", async () => {
    const writer = await env.createTenant({ scope: "write" });
    expect((await call("GET", "", undefined, writer.apiKey)).status).toBe(200);
    const id = crypto.randomUUID();
    const tries: [Method, string, unknown?][] = [
      ["POST", "", { url: endpointUrl }],
      ["PATCH", `/${id}`, {}],
      ["DELETE", `/${id}`],
      ["POST", `/${id}/rotate-secret`],
      ["POST", `/${id}/deliveries/${id}/replay`],
    ];
    for (const [method, at, body] of tries) expect((await call(method, at, body, writer.apiKey)).status).toBe(403);
  });
});
