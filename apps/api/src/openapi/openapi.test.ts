/**
 * The document against the API itself: every route is in it, with all that a client must know, and what the API really
 * answers is what it says. `app-under-test.ts` holds every answer of every other test to it too.
 */
import { createTestBelongings, createTestEnvironment, type TestCompany, type TestEnvironment } from "@punctual/testing";
import { randomUUID } from "node:crypto";
import { Compile } from "typebox/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestFor, type Route, type RouteRequest } from "../access/route-requests.ts";
import { openAppUnderTest, testOperators, type AppUnderTest } from "../app-under-test.ts";
import { createAnswerCheck } from "./answer-check.ts";
import type { Json, JsonObject } from "./schema-components.ts";

interface Media {
  schema: JsonObject;
  example?: Json;
  examples?: Record<string, { $ref?: string; value?: Json }>;
}

interface Response {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, Media>;
}

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters: { name: string; in: string; schema: JsonObject; $ref?: string }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Response & { $ref?: string }>;
}

/** What programs call; everything else is a page for people. */
const interfaces = /^\/(v1\/|livez$|readyz$|healthz$|metrics$)/;

let env: TestEnvironment;
let api: AppUnderTest;
let document: JsonObject;
let routes: Route[];
let operations: { route: Route; operation: Operation }[];

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env, { publicUrl: "https://punctual.example.com" });
  const { body, status, headers } = await api.callRaw<JsonObject>({ method: "GET", url: "/openapi.json" });
  expect(status).toBe(200);
  expect(headers["content-type"]).toBe("application/json; charset=utf-8");
  document = body;
  routes = api.app.knownRoutes
    .all()
    .filter(({ method, url }) => method !== "HEAD" && method !== "OPTIONS" && interfaces.test(url));
  operations = routes.map((route) => ({ route, operation: operationOf(route) }));
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});

function operationOf({ method, url }: Route): Operation {
  const paths = document["paths"] as unknown as Record<string, Record<string, Operation> | undefined>;
  const operation = paths[url.replaceAll(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
  if (operation === undefined) throw new Error(`${method} ${url} is not documented: see answer.ts`);
  return operation;
}

function resolve<Target>(value: Target & { $ref?: string }): Target {
  if (value.$ref === undefined) return value;
  return value.$ref
    .split("/")
    .slice(1)
    .reduce<unknown>((target, step) => (target as Record<string, unknown>)[step], document) as Target;
}

const nameOf = ({ method, url }: Route) => `${method} ${url}`;
const isClients = ({ url }: Route) => /^\/v1\/(?!operator\/|session$)/.test(url);
const responsesOf = ({ responses }: Operation) =>
  Object.entries(responses).map(([status, response]) => ({ status, response: resolve<Response>(response) }));
const samplesOf = ({ example, examples = {} }: Media): Json[] => [
  ...(example === undefined ? [] : [example]),
  ...Object.values(examples).map((sample) => resolve<{ value?: Json }>(sample).value ?? null),
];

test("it is OpenAPI 3.1, for this address, and has no operation that is no route", () => {
  expect(document).toMatchObject({ openapi: "3.1.1", servers: [{ url: "https://punctual.example.com" }] });
  const documented = Object.entries(document["paths"] as JsonObject).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
  );
  expect(documented.toSorted((a, b) => a.localeCompare(b))).toEqual(
    routes.map(nameOf).toSorted((a, b) => a.localeCompare(b)),
  );
  expect(routes.length).toBeGreaterThan(40);
});

test("every operation has a name of its own, a summary, and a tag that is explained", () => {
  const tags = new Set((document["tags"] as unknown as { name: string }[]).map(({ name }) => name));
  const names = operations.map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
  for (const { route, operation } of operations) {
    expect(operation.operationId, nameOf(route)).toMatch(/^[a-z]+([A-Z][a-z0-9]*)+$/);
    expect(operation.summary.length, nameOf(route)).toBeGreaterThan(5);
    expect(operation.tags.every((tag) => tags.has(tag)) && operation.tags.length === 1, nameOf(route)).toBe(true);
  }
});

test("every operation says who may call it", () => {
  const forClients = operations.filter(({ route }) => isClients(route));
  const forOperators = operations.filter(({ route }) => route.url.startsWith("/v1/operator/"));
  expect(forClients.length).toBeGreaterThan(30);
  for (const { route, operation } of forClients) expect(operation.security, nameOf(route)).toEqual([{ apiKey: [] }]);
  for (const { route, operation } of forOperators)
    expect(operation.security, nameOf(route)).toContainEqual({ operatorPassword: [] });
});

test("every parameter of a path is described, and every body has a named schema and a sample", () => {
  for (const { route, operation } of operations) {
    const inPath = operation.parameters.filter((parameter) => parameter.in === "path").map(({ name }) => `:${name}`);
    expect(inPath, nameOf(route)).toEqual(route.url.match(/:\w+/g) ?? []);
    for (const media of Object.values(operation.requestBody?.content ?? {})) {
      expect(media.schema["$ref"], nameOf(route)).toMatch(/^#\/components\/schemas\//);
      expect(samplesOf(media).length, nameOf(route)).toBeGreaterThan(0);
    }
  }
});

test("every answer has a description, a request id, and, if it has a body, a named schema and samples", () => {
  for (const { route, operation } of operations) {
    for (const { status, response } of responsesOf(operation)) {
      const what = `${nameOf(route)} ${status}`;
      expect(response.description.length, what).toBeGreaterThan(2);
      expect(response.headers, what).toHaveProperty("X-Request-Id");
      for (const [type, media] of Object.entries(response.content ?? {})) {
        expect(samplesOf(media).length, what).toBeGreaterThan(0);
        if (type === "application/json") expect(media.schema["$ref"], what).toMatch(/^#\/components\/schemas\//);
        if (type === "application/problem+json")
          expect(JSON.stringify(media.schema), what).toContain("#/components/schemas/Problem");
      }
      if (status !== "204" && status !== "304") expect(response.content, what).toBeDefined();
    }
  }
});

test("every operation has the answers that any request of its kind may get", () => {
  for (const { route, operation } of operations) {
    const statuses = Object.keys(operation.responses);
    const needed = ["400", "500", "503"];
    if (route.method !== "GET") needed.push("413", "415");
    if (operation.security.length > 0) needed.push("401", "429");
    if (operation.security.length > 0 && route.method !== "GET") needed.push("403");
    if (route.url.includes(":")) needed.push("404");
    expect(statuses, nameOf(route)).toEqual(expect.arrayContaining(needed));
    expect(
      statuses.some((status) => status.startsWith("2")),
      nameOf(route),
    ).toBe(true);
    for (const status of statuses.filter(
      (status) => status === "429" || (status === "503" && route.url !== "/readyz"),
    )) {
      expect(resolve<Response>(operation.responses[status]!).headers, nameOf(route)).toHaveProperty("Retry-After");
    }
  }
});

test("headers of single operations, the stream and the events for webhook endpoints are in it", () => {
  const schedule = operationOf({ method: "POST", url: "/v1/posts" });
  expect(schedule.parameters.map(({ name }) => name)).toContain("Idempotency-Key");
  const created = resolve<Response>(schedule.responses["201"]!).headers;
  for (const name of ["Location", "Idempotent-Replayed", "RateLimit", "RateLimit-Policy"]) {
    expect(created).toHaveProperty(name);
  }
  const edit = operationOf({ method: "PATCH", url: "/v1/posts/:id" });
  expect(edit.parameters.map(({ name }) => name)).toContain("If-Match");
  const events = operationOf({ method: "GET", url: "/v1/events" });
  expect(events.parameters.map(({ name }) => name)).toContain("Last-Event-ID");
  expect(Object.keys(resolve<Response>(events.responses["200"]!).content ?? {})).toContain("text/event-stream");
  expect(Object.keys(document["webhooks"] as object)).toContain("account.needs_reconnect");
  expect(Object.keys(document["webhooks"] as object)).toHaveLength(13);
});

test("every sample fits the schema it stands beside", () => {
  const { components } = document;
  let tried = 0;
  const tryAll = (what: string, content: Record<string, Media> = {}) => {
    for (const media of Object.values(content)) {
      const validator = Compile({ components, ...media.schema });
      for (const sample of samplesOf(media)) {
        tried += 1;
        expect(validator.Errors(sample)[1], `a sample of ${what}`).toEqual([]);
      }
    }
  };
  for (const { route, operation } of operations) {
    tryAll(nameOf(route), operation.requestBody?.content);
    for (const { status, response } of responsesOf(operation)) tryAll(`${nameOf(route)} ${status}`, response.content);
  }
  for (const [type, { post }] of Object.entries(
    document["webhooks"] as unknown as Record<string, { post: Operation }>,
  )) {
    tryAll(type, post.requestBody?.content);
  }
  expect(tried).toBeGreaterThan(300);
});

test("it says nothing of pages, of secrets, or of what schemas are to the program", () => {
  const text = JSON.stringify(document);
  const { operatorPassword, viewerPassword } = testOperators;
  for (const leak of [
    "/queues/api",
    "$id",
    "~kind",
    operatorPassword,
    viewerPassword,
    "codesAreOpen",
    "answerHeaders",
  ]) {
    expect(text).not.toContain(leak);
  }
});

describe("what the API answers is what the document says", () => {
  let own: TestCompany;
  const send = (key: string | null, { method, url, body }: RouteRequest, type = "application/json") =>
    api.callRaw({
      method,
      url,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": type }),
      },
      ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
    });

  // Each answer is checked where it arrives, in app-under-test.ts.
  test("for whatever is done well or badly with every route", async () => {
    const mine = operations.filter(({ route: { url } }) => !url.startsWith("/v1/operator/") && url !== "/v1/session");
    const answered = new Map<number, number>();
    const note = ({ status }: { status: number }) => answered.set(status, (answered.get(status) ?? 0) + 1);
    for (const { route } of mine) {
      own = await createTestBelongings(env);
      const request = route.url.startsWith("/v1/")
        ? requestFor(route, own)
        : { method: "GET" as const, url: route.url };
      const unknown = { ...request, url: request.url.replaceAll(/[0-9a-f-]{36}/g, () => randomUUID()) };
      note(await send(null, request));
      note(await send(own.keys.read, request));
      note(await send(own.keys.admin, unknown));
      const unheardOf = `${request.url}${request.url.includes("?") ? "&" : "?"}unheardOf=1`;
      const refused = await send(own.keys.admin, { ...request, url: unheardOf });
      note(refused);
      if (route.url.startsWith("/v1/")) expect(refused.status, unheardOf).toBe(400);
      if (request.method !== "GET") {
        note(await send(own.keys.admin, { ...request, body: "{" as unknown as object }));
        note(await send(own.keys.admin, { ...request, body: { unheardOf: true } }));
        note(await send(own.keys.admin, { ...request, body: "x" as unknown as object }, "text/plain"));
      }
      note(await send(own.keys.admin, request));
      note(await send(own.keys.admin, request));
    }
    expect([...answered.keys()]).toEqual(expect.arrayContaining([200, 201, 204, 400, 401, 403, 404, 409, 415]));
    expect(api.documented().seen().size).toBeGreaterThan(150);
  });

  test("for operators too", async () => {
    const authorization = `Basic ${Buffer.from(`operator:${testOperators.operatorPassword}`).toString("base64")}`;
    const paths = operations.filter(({ route }) => route.url.startsWith("/v1/operator/") && route.method === "GET");
    for (const { route } of paths) {
      for (const id of [own.companyId, randomUUID(), "nonsense"]) {
        const url = route.url.replaceAll(/:\w+/g, id);
        // A stream that is let in does not end by itself.
        if (!url.endsWith("/stream")) await api.callRaw({ method: "GET", url, headers: { authorization } });
        await api.callRaw({ method: "GET", url });
      }
      expect(api.documented().seen(), nameOf(route)).toContain(`${operationOf(route).operationId} 401`);
    }
  });

  test("and an answer that differs is told from one that fits", async () => {
    const { keys, postId } = await createTestBelongings(env);
    const url = `/v1/posts/${postId}`;
    const answer = await api.call<JsonObject>(keys.read, "GET", url);
    const check = createAnswerCheck(document);
    const faults = (changes: object) => check.faults("GET", url, { ...answer, ...changes }).join("\n");

    expect(faults({})).toBe("");
    expect(faults({ status: 202 })).toContain("getPost 202 is not documented");
    expect(faults({ body: { ...answer.body, secret: "x" } })).toContain("additional");
    expect(faults({ body: { ...answer.body, status: "lost" } })).toContain("/status");
    expect(faults({ headers: { ...answer.headers, location: "/" } })).toContain("location");
    expect(faults({ headers: { ...answer.headers, "content-type": "text/html" } })).toContain("text/html");
    const refusal = await api.call<JsonObject>(keys.read, "GET", `/v1/posts/${randomUUID()}`);
    const refused = (code: string) => check.faults("GET", url, { ...refusal, body: { ...refusal.body, code } });
    expect(refused("not_found")).toEqual([]);
    expect(refused("gone_fishing")).not.toEqual([]);
  });
});
