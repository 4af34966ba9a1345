/**
 * Thousands of requests nobody would send, and some that anybody would, against the API on a real socket. Whatever comes
 * in: an answer comes back, it is no 5xx but a 503 with `Retry-After`, and every refusal is a problem document. The seed
 * is fixed, so that a fault comes again; `FUZZ_SEED` and `FUZZ_REQUESTS` try others.
 */
import { currentEnvironment } from "@punctual/runtime";
import {
  createTestBelongings,
  createTestEnvironment,
  yearAhead,
  type TestCompany,
  type TestEnvironment,
} from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requestFor, type Route } from "../access/route-requests.ts";
import { openAppUnderTest, testOperators, type AppUnderTest } from "../app-under-test.ts";
import { problemMediaType, type Problem } from "../problem.ts";
import { createDice, type Dice } from "./dice.fixture.ts";
import { brokenJson, nonsenseHeaders, nonsensePart, nonsenseQuery, spoilBody } from "./nonsense.fixture.ts";
import { sendBytes, sendRequest, type RawAnswer } from "./raw-request.fixture.ts";

const environment = currentEnvironment();
const seed = Number(environment["FUZZ_SEED"] ?? 4);
const requests = Number(environment["FUZZ_REQUESTS"] ?? 5_000);
/** Things to send requests about are made anew after so many, since some requests delete them. */
const belongingsLast = 250;
const concurrency = 8;
const answerTimeoutMs = 30_000;

let env: TestEnvironment;
let api: AppUnderTest;
let base: string;
let routes: Route[];

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env, { allowPrivateNetworks: true });
  base = await api.app.listen({ host: "127.0.0.1", port: 0, listenTextResolver: () => "" });
  routes = api.app.knownRoutes.all().filter(({ url }) => url.startsWith("/v1/"));
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});

type Kind = "valid" | "body" | "json" | "query" | "path" | "headers" | "method" | "key";
const kinds: readonly Kind[] = [
  "valid",
  "valid",
  "body",
  "body",
  "body",
  "json",
  "query",
  "path",
  "headers",
  "method",
  "key",
];

interface FuzzRequest {
  kind: Kind;
  method: string;
  path: string;
  headers: Record<string, string>;
  payload: string | Buffer | undefined;
}

const basic = `Basic ${Buffer.from(`operator:${testOperators.operatorPassword}`).toString("base64")}`;

function makeRequest(dice: Dice, owner: TestCompany): FuzzRequest {
  const kind = dice.pick(kinds);
  const route = dice.pick(routes);
  const operators = route.url.startsWith("/v1/operator");
  const valid = operators
    ? { method: route.method, url: route.url.replaceAll(/:\w+/g, owner.companyId), body: undefined }
    : { body: undefined, ...requestFor(route, owner) };
  const headers: Record<string, string> = { authorization: operators ? basic : `Bearer ${owner.keys.admin}` };
  let { method, url: path, body }: { method: string; url: string; body: unknown } = valid;
  let payload: string | Buffer | undefined;

  if (kind === "path") path = path.replace(/[^/]+$/, () => nonsensePart(dice));
  if (kind === "query") path = path.split("?")[0] + nonsenseQuery(dice);
  if (kind === "method")
    method = dice.pick(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"]);
  if (kind === "key")
    headers["authorization"] = dice.pick(["", "Bearer", "Bearer x", `Basic ${"=".repeat(99)}`, basic, "Bearer \u00ff"]);
  if (kind === "body" && method !== "GET" && method !== "HEAD") body = spoilBody(dice, body ?? {});
  if (body !== undefined) {
    headers["content-type"] = "application/json";
    payload = JSON.stringify(body);
    if (kind === "json") payload = brokenJson(dice, payload);
  }
  if (kind === "headers") Object.assign(headers, nonsenseHeaders(dice));
  return { kind, method, path, headers, payload };
}

const describe = ({ headers, payload }: FuzzRequest) =>
  `${JSON.stringify(headers).slice(0, 500)}\n  ${String(payload).slice(0, 500)}`;

/** What is wrong with an answer; null if nothing is. */
function faultIn({ status, headers, text }: RawAnswer, method: string): string | null {
  if (status >= 500 && !(status === 503 && headers["retry-after"] !== undefined)) return `answered ${status}`;
  if (headers["x-request-id"] === undefined) return "answered without x-request-id";
  if (status < 400 || method === "HEAD") return null;
  if (headers["content-type"]?.toString().startsWith(problemMediaType) !== true)
    return `refused with ${status}, no problem document`;
  const problem = JSON.parse(text) as Partial<Problem>;
  return problem.status === status && typeof problem.code === "string" && problem.requestId === headers["x-request-id"]
    ? null
    : `refused with a document that does not fit: ${text.slice(0, 300)}`;
}

test(
  `${requests} requests, seed ${seed}: each is answered, and none with a fault of ours`,
  { timeout: 300_000 },
  async () => {
    const dice = createDice(seed);
    const counts = new Map<string, Map<string, number>>();
    const faults: string[] = [];
    let made = 0;
    let owner = createTestBelongings(env);

    async function drive(): Promise<void> {
      while (made < requests && faults.length < 20) {
        made += 1;
        if (made % belongingsLast === 0) owner = createTestBelongings(env);
        const wanted = makeRequest(dice, await owner);
        const name = `${wanted.kind} ${wanted.method} ${wanted.path.slice(0, 200)}`;
        try {
          const answer = await sendRequest(base, wanted, answerTimeoutMs);
          const fault = faultIn(answer, wanted.method);
          const ofKind = counts.get(wanted.kind) ?? new Map<string, number>();
          ofKind.set(String(answer.status), (ofKind.get(String(answer.status)) ?? 0) + 1);
          counts.set(wanted.kind, ofKind);
          if (fault !== null)
            faults.push(
              `${name}: ${fault}\n  ${JSON.stringify(wanted.headers)}\n  ${String(wanted.payload).slice(0, 500)}`,
            );
        } catch (error) {
          faults.push(`${name}: ${String(error)}\n  ${describe(wanted)}`);
        }
      }
    }
    await Promise.all(Array.from({ length: concurrency }, drive));

    const table = [...counts].map(([kind, statuses]) => {
      const cells = [...statuses]
        .toSorted(([a], [b]) => Number(a) - Number(b))
        .map(([status, count]) => `${status}: ${count}`);
      return `${kind.padEnd(8)} ${cells.join(", ")}`;
    });
    process.stdout.write(`\n${made} requests with seed ${seed}\n${table.toSorted().join("\n")}\n`);
    expect(faults).toEqual([]);
    expect(made).toBe(requests);
    // Otherwise everything was refused at the door, and nothing was tried.
    const valid = counts.get("valid") ?? new Map<string, number>();
    const taken = (valid.get("200") ?? 0) + (valid.get("201") ?? 0);
    expect(taken).toBeGreaterThan(requests / 20);
    expect(counts.get("body")?.get("400") ?? 0).toBeGreaterThan(requests / 20);
  },
);

const head = "POST /v1/posts HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";

test.each([
  ["two lengths", `${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
  ["a length beside chunks", `${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["a chunk of no size", `${head}transfer-encoding: chunked\r\n\r\nxyz\r\n`],
  ["a length that is none", `${head}content-length: -1\r\n\r\n`],
  ["a zero byte in a header", `${head}x-a: a\0b\r\n\r\n`],
  ["a folded header", `${head}x-a: a\r\n b\r\n\r\n`],
  ["a header without a colon", `${head}nonsense\r\n\r\n`],
  ["headers without end", `${head}x-a: ${"a".repeat(200_000)}\r\n\r\n`],
  ["a thousand headers", `${head}${"x-a: b\r\n".repeat(3_000)}\r\n`],
  ["no version", "GET /v1/posts\r\n\r\n"],
  ["no request at all", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n"],
  ["a space in the path", "GET /v1/ posts HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"],
  ["no host", "GET /v1/posts HTTP/1.1\r\nconnection: close\r\n\r\n"],
  [
    "an absolute address of elsewhere",
    "GET http://evil.example/v1/posts HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
  ],
])("bytes that are no sound request are refused and the connection is closed: %s", async (_name, bytes) => {
  const answer = await sendBytes(base, bytes, answerTimeoutMs);
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(answer).toMatch(/content-type: application\/problem\+json/i);
  expect(answer).not.toMatch(/\n\s+at |node_modules/);
});

test("after all of that it serves as before", async () => {
  const { keys, ...ids } = await createTestBelongings(env);
  const body = {
    socialAccountId: ids.socialAccountId,
    text: "Still here",
    scheduledAt: `${yearAhead}-06-01T00:00:00Z`,
  };
  expect(await api.call(keys.admin, "POST", "/v1/posts", { body })).toMatchObject({
    status: 201,
    body: { text: "Still here" },
  });
});
