import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest, type Method } from "../app-under-test.ts";

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

const send = (payload: string | Buffer, headers: Record<string, string> = {}) =>
  api.callRaw({
    method: "POST",
    url: "/v1/posts",
    headers: { authorization: `Bearer ${tenant.apiKey}`, "content-type": "application/json", ...headers },
    payload,
  });
const valid = () => ({ socialAccountId: tenant.socialAccountId, text: "Hello" });

describe("a body that cannot be read", () => {
  test.each([
    ["is cut short", '{"text": "a'],
    ["is no JSON", "text=a"],
    ["is not UTF-8", Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ["would replace a prototype", '{"__proto__": {"admin": true}}'],
    ["would replace a constructor's prototype", '{"constructor": {"prototype": {"admin": true}}}'],
  ])("because it %s is 400 malformed_json", async (_name, payload) => {
    expect(await send(payload)).toMatchObject({ status: 400, body: { code: "malformed_json" } });
  });

  test.each([
    ["a field that there is not", { x: 1, "a/b": 2 }, ["/x", "/a~1b"]],
    ["a list", [], [""]],
    ["null", null, [""]],
  ])("because none is described and it is %s is 400, by path", async (_name, payload, paths) => {
    const address = `/v1/social-accounts/${tenant.socialAccountId}/pause`;
    const refused = await api.callRaw({
      method: "POST",
      url: address,
      headers: { authorization: `Bearer ${tenant.apiKey}`, "content-type": "application/json" },
      payload: JSON.stringify(payload),
    });
    expect(refused).toMatchObject({
      status: 400,
      body: { code: "invalid_request", errors: paths.map((path) => ({ path })) },
    });
    const account = await api.call(tenant.apiKey, "GET", `/v1/social-accounts/${tenant.socialAccountId}`);
    expect(account.body).toMatchObject({ paused: false });
    expect((await api.call(tenant.apiKey, "POST", address, { body: {} })).status).toBe(200);
    expect((await api.call(tenant.apiKey, "POST", address.replace("pause", "resume"))).status).toBe(200);
  });

  test("because it is empty is 400", async () => {
    expect(await send("")).toMatchObject({
      status: 400,
      body: { code: "invalid_request", errors: [{ path: "", code: "wrong_type" }] },
    });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense"])(
    "because it is %s is 415",
    async (type) => {
      expect(await send("{}", { "content-type": type })).toMatchObject({
        status: 415,
        body: { code: "unsupported_media_type" },
      });
    },
  );

  test("because it is compressed is 415", async () => {
    const packed = gzipSync(JSON.stringify(valid()));
    expect(await send(packed, { "content-encoding": "gzip" })).toMatchObject({
      status: 415,
      body: { code: "unsupported_media_type" },
    });
    expect((await send(JSON.stringify(valid()), { "content-encoding": "identity" })).status).toBe(201);
  });

  test("because it is over 1 MiB is 413", async () => {
    const payload = JSON.stringify({ ...valid(), text: "x".repeat(1_048_576) });
    expect(await send(payload)).toMatchObject({ status: 413, body: { code: "body_too_large" } });
  });
});

describe("a body of a harmful shape is 400", () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  test.each([
    ["nested too deep", `{"options": ${nested(20)}}`, /^\/options(\/a)+$/, "too_deep"],
    ["nested beyond any stack", `{"options": ${nested(100_000)}}`, /^\/options(\/a)+$/, "too_deep"],
    [
      "a thousand and one entries",
      `{"media": [${Array.from({ length: 1_001 }, () => 1).join()}]}`,
      /^\/media$/,
      "too_many",
    ],
    ["a NUL in a text", JSON.stringify({ text: "a\u0000b" }), /^\/text$/, "invalid_text"],
    ["half a surrogate pair", '{"metadata": {"a": "\\ud800"}}', /^\/metadata\/a$/, "invalid_text"],
    ["a NUL in a field's name", '{"options": {"a\\u0000": 1}}', /^\/options$/, "invalid_text"],
    ["a number beyond numbers", '{"options": {"a": 1e999}}', /^\/options\/a$/, "too_large"],
  ])("with %s", async (_name, payload, path, code) => {
    const { status, body } = await send(payload);
    expect(status).toBe(400);
    expect(body.errors?.[0]?.path).toMatch(path);
    expect(body.errors?.[0]?.code).toBe(code);
  });

  test("with a hundred thousand unknown fields, without a flood of errors", async () => {
    const payload = `{${Array.from({ length: 100_000 }, (_, index) => `"${index}":1`).join()}}`;
    const { status, text } = await send(payload);
    expect(status).toBe(400);
    expect(text.length).toBeLessThan(100_000);
  });
});

describe("an address", () => {
  test("that does not exist is 404", async () => {
    for (const url of [
      "/nothing",
      "/v1",
      "/v1/nothing",
      "/v2/posts",
      "/v1/posts/a/b/c",
      `/v1/posts/${"x".repeat(5_000)}`,
    ]) {
      expect((await api.callRaw({ method: "GET", url })).status).toBe(404);
    }
  });

  test.each<[Method, string]>([
    ["PUT", "/v1/posts"],
    ["PUT", "/v1/social-accounts?x=1"],
    ["POST", "/v1/posts/01a20000-0000-7000-8000-000000000000/timeline"],
    ["DELETE", "/livez"],
  ])("that does not take %s is 405, and says what it takes: %s", async (method, url) => {
    const answer = await api.callRaw({ method, url });
    expect(answer).toMatchObject({ status: 405, body: { code: "method_not_allowed" } });
    const allowed = answer.headers["allow"]?.split(", ");
    expect(allowed).toContain("GET");
    expect(allowed).not.toContain(method);
  });

  test("with an id that is none is 400", async () => {
    for (const id of ["1", "urn:uuid:01a20000-0000-7000-8000-000000000000", "..%2f..%2f", "%00"]) {
      const { status, body } = await api.call(tenant.apiKey, "GET", `/v1/posts/${id}`);
      expect(status).toBe(400);
      expect(body.errors?.[0]?.path).toBe("id");
    }
  });

  test("that is no valid URL is 400", async () => {
    const { status, body } = await api.callRaw({ method: "GET", url: "/v1/posts/%E0%A4%A" });
    expect(status).toBe(400);
    expect(body.code).toBe("malformed_url");
  });
});

describe("without the right key", () => {
  test.each([
    ["none", {}, "missing_api_key"],
    ["an empty one", { authorization: "Bearer " }, "invalid_api_key"],
    ["another scheme", { authorization: "Basic b3BlcmF0b3I6eA==" }, "invalid_api_key"],
    ["an unknown one", { authorization: `Bearer pk_${"A".repeat(43)}` }, "invalid_api_key"],
    ["a strange one", { authorization: "Bearer ' OR 1=1 --" }, "invalid_api_key"],
  ])("with %s every route is 401, before the body is looked at", async (_name, headers, code) => {
    for (const [method, url] of [
      ["GET", "/v1/posts"],
      ["POST", "/v1/posts"],
      ["GET", "/v1/clients"],
    ] as const) {
      const answer = await api.callRaw({
        method,
        url,
        headers: { "content-type": "application/json", ...headers },
        payload: "{",
      });
      expect(answer).toMatchObject({ status: 401, body: { code } });
      expect(answer.headers["www-authenticate"]).toMatch(/^Bearer /);
    }
  });

  test("a key that was revoked or has expired is 401 from then on", async () => {
    const { companyId, apiKey } = await env.createTenant();
    expect((await api.call(apiKey, "GET", "/v1/posts")).status).toBe(200);
    await env.sql("UPDATE api_keys SET expires_at = app_now() + interval '1 minute' WHERE company_id = $1", [
      companyId,
    ]);
    expect((await api.call(apiKey, "GET", "/v1/posts")).status).toBe(200);
    await env.sql("UPDATE api_keys SET expires_at = app_now() WHERE company_id = $1", [companyId]);
    expect((await api.call(apiKey, "GET", "/v1/posts")).status).toBe(401);
    await env.sql("UPDATE api_keys SET expires_at = NULL, revoked_at = app_now() WHERE company_id = $1", [companyId]);
    expect((await api.call(apiKey, "GET", "/v1/posts")).status).toBe(401);
  });

  test("each scope may do what it names and what the lesser ones may", async () => {
    const tenants = {
      read: await env.createTenant({ scope: "read" }),
      write: await env.createTenant({ scope: "write" }),
    };
    const statuses = async ({ apiKey, socialAccountId }: { apiKey: string; socialAccountId: string }) => [
      (await api.call(apiKey, "GET", "/v1/posts")).status,
      (await api.call(apiKey, "POST", "/v1/posts", { body: { socialAccountId, text: "Hello" } })).status,
      (await api.call(apiKey, "POST", "/v1/social-accounts", { body: {} })).status,
    ];
    expect(await statuses(tenants.read)).toEqual([200, 403, 403]);
    expect(await statuses(tenants.write)).toEqual([200, 201, 403]);
    expect(await statuses(tenant)).toEqual([200, 201, 400]);
    const refused = await api.call(tenants.read.apiKey, "DELETE", "/v1/posts/01a20000-0000-7000-8000-000000000000");
    expect(refused.body.code).toBe("insufficient_scope");
    expect(refused.headers["www-authenticate"]).toContain('scope="write"');
  });
});

describe("the request id", () => {
  test.each([
    ["chosen by the caller is kept", "Order-42_a.b", true],
    ["with white space is replaced", "a b", false],
    ["that is too long is replaced", "x".repeat(129), false],
    ["that could forge a log is replaced", 'a","level":"fatal', false],
  ])("%s", async (_name, given, kept) => {
    const { headers } = await api.callRaw({ method: "GET", url: "/livez", headers: { "x-request-id": given } });
    expect(headers["x-request-id"] === given).toBe(kept);
    expect(headers["x-request-id"]).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
  });
});

test("answers forbid browsers to load, frame, guess or keep anything", async () => {
  const { headers } = await api.call(tenant.apiKey, "GET", "/v1/posts");
  expect(headers).toMatchObject({
    "content-security-policy": "default-src 'none';frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
  expect(headers).not.toHaveProperty("x-powered-by");
});

describe("on a bare socket", () => {
  let port: number;
  beforeAll(async () => {
    await api.app.listen({ host: "127.0.0.1", port: 0, listenTextResolver: () => "" });
    ({ port } = api.app.server.address() as AddressInfo);
  });
  const exchange = (request: string) => text(connect(port, "127.0.0.1").end(request));

  test.each([
    ["is no HTTP", "HELLO\r\n\r\n", 400, "malformed_request"],
    ["has headers without end", `GET / HTTP/1.1\r\nx: ${"a".repeat(20_000)}\r\n\r\n`, 431, "headers_too_large"],
    [
      "lies about its length",
      "POST /v1/posts HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
      400,
      "malformed_request",
    ],
  ])("what %s gets a problem document too", async (_name, request, status, code) => {
    const answer = await exchange(request);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/content-type: application\/problem\+json/i);
    const [, id] = /x-request-id: (\S+)/i.exec(answer) ?? [];
    expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).toMatchObject({ status, code, requestId: id });
  });
});
