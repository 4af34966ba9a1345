/**
 * Every route there is, against everybody who may come: without a key, with a bad, revoked or expired one, with each
 * scope, and with another company's ids. The routes come from the app itself, so a new one is in the matrix, or fails it.
 */
import {
  createTestBelongings,
  createTestEnvironment,
  pictureOf,
  type TestCompany,
  type TestEnvironment,
} from "@punctual/testing";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAppUnderTest, type Answer, type AppUnderTest } from "../app-under-test.ts";
import type { Problem } from "../problem.ts";
import { nounOf, requestFor, type Belongings, type Route, type RouteRequest } from "./route-requests.ts";

let env: TestEnvironment;
let api: AppUnderTest;
let routes: Route[];
/** Whose ids others try. */
let victim: TestCompany;
let pictureBefore: string;
const matrix = new Map<string, Map<string, string>>();

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
  await api.app.ready();
  routes = api.app.knownRoutes
    .all()
    // Logging in is for those without a key; it has tests of its own.
    .filter(({ url, method }) => url.startsWith("/v1/") && url !== "/v1/session" && method !== "OPTIONS")
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  victim = await createTestBelongings(env);
  pictureBefore = await pictureOf(env, victim.companyId);
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});

const nameOf = ({ method, url }: Route) => `${url} ${method}`;
const isOperators = ({ url }: Route) => url.startsWith("/v1/operator/");
const clientRoutes = () => routes.filter((route) => !isOperators(route));
const scopes = ["read", "write", "admin"] as const;

/** From the contract, not from the routes: looking, posting, everything else. */
function scopeFor({ method, url }: Route): (typeof scopes)[number] {
  if (method === "GET" || method === "HEAD") return "read";
  return url === "/v1/posts" || url.startsWith("/v1/posts/") ? "write" : "admin";
}

async function send(key: string | null, { method, url, body }: RouteRequest): Promise<Answer<Problem>> {
  if (key !== null) return api.call(key, method, url, body === undefined ? {} : { body });
  return api.callRaw({
    method,
    url,
    ...(body === undefined ? {} : { payload: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
}

function note(route: Route, who: string, status: number | string): void {
  const row = matrix.get(nameOf(route)) ?? new Map<string, string>();
  row.set(who, String(status));
  matrix.set(nameOf(route), row);
}

/** Ids of no one. */
const nobodys = (): Belongings => ({
  postId: randomUUID(),
  clientId: randomUUID(),
  socialAccountId: randomUUID(),
  endpointId: randomUUID(),
  deliveryId: randomUUID(),
  connectionId: randomUUID(),
  platform: victim.platform,
  webhookSecret: victim.webhookSecret,
  connectable: victim.connectable,
  returnUrl: victim.returnUrl,
});

/** What the caller learns, besides the id it sent itself and the request's. */
function learned({ status, body, text }: Answer<Problem>, ids: Belongings): string {
  let seen = `${status} ${text.replaceAll(body.requestId ?? "no request id", "request")}`;
  const { postId, clientId, socialAccountId, endpointId, deliveryId, connectionId } = ids;
  for (const id of [postId, clientId, socialAccountId, endpointId, deliveryId, connectionId])
    seen = seen.replaceAll(id, "id");
  return seen;
}

test("there are routes to try", () => {
  expect(clientRoutes().length).toBeGreaterThan(40);
  expect(routes.filter(isOperators).length).toBeGreaterThan(5);
});

test("without a key that works nobody gets anywhere, whatever the ids", async () => {
  const { keys } = victim;
  const bad = { "no key": null, "bad key": `pk_${"A".repeat(43)}`, revoked: keys.revoked, expired: keys.expired };
  for (const route of routes) {
    const request = isOperators(route)
      ? { method: route.method as RouteRequest["method"], url: route.url.replaceAll(/:\w+/g, victim.companyId) }
      : requestFor(route, victim);
    for (const [who, key] of Object.entries(bad)) {
      const { status } = await send(key, request);
      note(route, who, status);
      expect(status, `${nameOf(route)} with ${who}`).toBe(401);
    }
  }
});

test("each scope opens what the contract says and no more", async () => {
  for (const route of routes) {
    for (const scope of scopes) {
      if (isOperators(route)) {
        const url = route.url.replaceAll(/:\w+/g, victim.companyId);
        const { status } = await send(victim.keys[scope], { method: route.method as RouteRequest["method"], url });
        note(route, scope, status);
        expect(status, `${nameOf(route)} with ${scope}`).toBe(401);
        continue;
      }
      const own = await createTestBelongings(env);
      const { status } = await send(own.keys[scope], requestFor(route, own));
      note(route, scope, status);
      const mayEnter = scopes.indexOf(scope) >= scopes.indexOf(scopeFor(route));
      if (mayEnter) expect([200, 201, 204, 409], `${nameOf(route)} with ${scope}: ${status}`).toContain(status);
      else expect(status, `${nameOf(route)} with ${scope}`).toBe(403);
    }
  }
});

test("another company's ids in a path are as unknown as ids of no one", async () => {
  const own = await createTestBelongings(env);
  for (const route of clientRoutes().filter(({ url }) => url.includes(":"))) {
    const noun = nounOf(route.url);
    const naming = (theirs: Belongings) => ({ ...own, [noun]: theirs[noun], deliveryId: theirs.deliveryId });
    const foreign = naming(victim);
    const unknown = naming(nobodys());
    const answer = await send(own.keys.admin, requestFor(route, foreign));
    note(route, "foreign id", answer.status);
    expect(answer.status, nameOf(route)).toBe(404);
    const baseline = await send(own.keys.admin, requestFor(route, unknown));
    expect(learned(answer, foreign), nameOf(route)).toBe(learned(baseline, unknown));
  }
});

test("another company's delivery is unknown at one's own endpoint", async () => {
  const own = await createTestBelongings(env);
  const url = `/v1/webhook-endpoints/${own.endpointId}/deliveries/${victim.deliveryId}/replay`;
  expect((await send(own.keys.admin, { method: "POST", url })).status).toBe(404);
});

test("another company's ids in a body or a filter are as unknown as ids of no one", async () => {
  const own = await createTestBelongings(env);
  const naming = (route: Route, ids: Belongings): RouteRequest[] => {
    const request = requestFor(route, own);
    if (route.method === "GET" && !route.url.includes(":")) {
      const filters = ["socialAccountId", "clientId"].map((name) => `${name}=${ids[name as "clientId"]}`);
      return [request, ...filters.map((filter) => ({ ...request, url: `${request.url}?${filter}` }))];
    }
    const body = requestFor(route, { ...own, socialAccountId: ids.socialAccountId, clientId: ids.clientId }).body;
    const named = JSON.stringify(body) !== JSON.stringify(request.body);
    return named && body !== undefined ? [{ ...request, body }] : [];
  };
  let tried = 0;
  for (const route of clientRoutes()) {
    const unknown = nobodys();
    const baselines = naming(route, unknown);
    for (const [index, request] of naming(route, victim).entries()) {
      const answer = await send(own.keys.admin, request);
      const baseline = await send(own.keys.admin, baselines[index] as RouteRequest);
      tried += 1;
      for (const id of [victim.postId, victim.endpointId, victim.deliveryId, victim.connectionId, victim.companyId]) {
        expect(answer.text, nameOf(route)).not.toContain(id);
      }
      if (request.body !== undefined) {
        note(route, "foreign id", answer.status);
        expect(learned(answer, victim), nameOf(route)).toBe(learned(baseline, unknown));
        expect([404, 200], nameOf(route)).toContain(answer.status);
        expect(answer.status === 404 || answer.text.includes('"valid":false'), nameOf(route)).toBe(true);
      } else {
        expect(answer.status, request.url).toBe(baseline.status);
        expect(answer.text, nameOf(route)).not.toContain(victim.clientId);
        expect(answer.text, nameOf(route)).not.toContain(victim.socialAccountId);
      }
    }
  }
  expect(tried).toBeGreaterThan(10);
});

test("after all of that the other company has what it had, and the matrix is this", async () => {
  expect(await pictureOf(env, victim.companyId)).toBe(pictureBefore);
  const columns = ["no key", "bad key", "revoked", "expired", ...scopes, "foreign id"];
  const width = Math.max(...[...matrix.keys()].map((name) => name.length));
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(width)}  ${cells.map((cell, index) => cell.padEnd(columns[index]?.length ?? 0)).join("  ")}`;
  const rows = [...matrix].map(([name, row]) =>
    line(
      name,
      columns.map((column) => row.get(column) ?? "-"),
    ),
  );
  process.stdout.write(`\n${[line("route", columns), ...rows].join("\n")}\n`);
  expect(matrix.size).toBe(routes.length);
});
