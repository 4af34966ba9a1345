import { createHmac } from "node:crypto";
import type { ConnectedAccount } from "@punctual/core";
import { openRawServer, type RawServer } from "@punctual/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { facebookVerdicts } from "../facebook/verdicts.ts";
import { createHttpClient, type HttpClient } from "../http.ts";
import { instagramVerdicts } from "../instagram/verdicts.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { readGraphError } from "./error.ts";
import { createFaultReader, graphWaits, type FaultContext } from "./fault.ts";
import { createGraphApi, type GraphApi, type GraphFailure } from "./graph-api.ts";
import { readUsage } from "./usage.ts";
import { graphAddress, graphVersionDefault } from "./version.ts";

const token = "EAAB-very-secret-token";
const noUsage = { limited: null, regainMs: null } as const;
const context: FaultContext = { credentialsVersion: 7, neverShown: [token, "the text of the post"] };
const facebook = createFaultReader("Facebook", facebookVerdicts);
const instagram = createFaultReader("Instagram", instagramVerdicts);

function failure(status: number, code: number, subcode?: number, more: Record<string, unknown> = {}): GraphFailure {
  const error = readGraphError({ error: { code, error_subcode: subcode, message: "(#1) It went wrong", ...more } });
  return { kind: "error", status, error, usage: noUsage };
}

describe("an error of the Graph API, on a call that shows readers nothing", () => {
  test.each<[name: string, code: number, subcode: number | undefined, expected: object]>([
    ["an unknown error", 1, undefined, { kind: "retry", category: "platform" }],
    ["a service that is down", 2, undefined, { kind: "retry", category: "platform" }],
    ["too many calls of the app", 4, undefined, { kind: "wait", scope: "app", waitMs: graphWaits.limitedMs }],
    ["too many calls of the user", 17, undefined, { kind: "wait", scope: "account" }],
    ["too many calls of the Page", 32, undefined, { kind: "wait", scope: "account" }],
    ["a limit of the Page", 80_001, undefined, { kind: "wait", scope: "account" }],
    ["a limit of Instagram", 80_002, undefined, { kind: "wait", scope: "account" }],
    ["a custom limit", 613, undefined, { kind: "wait", scope: "account" }],
    ["a capability the app lacks", 3, undefined, { kind: "reconnect", category: "permission" }],
    ["a permission that is missing", 10, undefined, { kind: "reconnect", category: "permission" }],
    ["a permission that was taken", 200, undefined, { kind: "reconnect", category: "permission" }],
    ["another permission", 299, undefined, { kind: "reconnect", category: "permission" }],
    ["a session that ended", 102, undefined, { kind: "reconnect", category: "auth", credentialsVersion: 7 }],
    ["an app that was removed", 190, 458, { kind: "reconnect", category: "auth" }],
    ["a token that expired", 190, 463, { kind: "reconnect", category: "auth", code: "graph_190_463" }],
    ["a parameter that is wrong", 100, undefined, { kind: "rejected", category: "rejected", code: "graph_100" }],
    ["a thing that cannot be found", 100, 33, { kind: "retry", category: "platform" }],
    ["a blocked content", 368, undefined, { kind: "rejected", category: "rejected" }],
    ["posting too fast", 368, 1_390_008, { kind: "wait", scope: "account", waitMs: graphWaits.blockedMs }],
    ["an identity to confirm", 368, 4_854_002, { kind: "reconnect", category: "permission" }],
    ["a text posted already", 506, undefined, { kind: "rejected", category: "duplicate" }],
    ["photos posted already", 1, 1_366_051, { kind: "rejected", category: "duplicate" }],
    ["a photo too large", 1, 1_366_046, { kind: "rejected", category: "rejected" }],
    ["a link that cannot be read", 1_609_005, undefined, { kind: "rejected", category: "rejected" }],
    ["a code nobody knows", 987_654, undefined, { kind: "retry", category: "platform" }],
  ])("%s on Facebook", (_name, code, subcode, expected) => {
    expect(facebook.proven(failure(400, code, subcode), context)).toMatchObject({ ...expected, httpStatus: 400 });
  });

  test.each<[name: string, code: number, subcode: number | undefined, expected: object]>([
    ["media that took too long to fetch", -2, 2_207_003, { kind: "retry", category: "platform" }],
    ["media that could not be fetched", 9_004, 2_207_052, { kind: "retry", category: "platform" }],
    ["a container not ready", 9_007, 2_207_027, { kind: "retry", category: "platform" }],
    ["a container not found", 24, 2_207_006, { kind: "retry", category: "platform" }],
    ["too many actions", 4, 2_207_051, { kind: "wait", scope: "account", waitMs: graphWaits.blockedMs }],
    ["the quota of the day", 9, 2_207_042, { kind: "wait", scope: "account" }],
    ["a restricted account", 25, 2_207_050, { kind: "reconnect", category: "permission" }],
    ["a picture too large", 36_000, 2_207_004, { kind: "rejected" }],
    ["a picture of a wrong aspect", 36_003, 2_207_009, { kind: "rejected" }],
    ["a video format", 352, 2_207_026, { kind: "rejected" }],
    ["a carousel of one", 100, 2_207_028, { kind: "rejected" }],
    ["a revoked token", 190, 460, { kind: "reconnect", category: "auth" }],
  ])("%s on Instagram", (_name, code, subcode, expected) => {
    expect(instagram.proven(failure(400, code, subcode), context)).toMatchObject(expected);
  });

  test("its numbers decide before what it says of itself, and that before its status", () => {
    const transient = { is_transient: true };
    expect(facebook.proven(failure(400, 190, 463, transient), context)).toMatchObject({ kind: "reconnect" });
    expect(facebook.proven(failure(400, 555, undefined, transient), context)).toMatchObject({ kind: "retry" });
    expect(facebook.proven(failure(500, 222), context)).toMatchObject({ kind: "retry" });
  });

  test.each([
    ["it says that it will pass", 400, { is_transient: true }],
    ["the server is in trouble", 500, {}],
  ])("no content is refused for good while %s", (_why, status, more) => {
    expect(facebook.proven(failure(status, 100, undefined, more), context)).toMatchObject({ kind: "retry" });
    expect(instagram.proven(failure(status, 36_003, 2_207_009, more), context)).toMatchObject({ kind: "retry" });
    expect(instagram.isDecision(failure(status, 36_003, 2_207_009, more))).toBe(false);
  });

  test("an answer of something in between says only that it went wrong", () => {
    const html = (status: number): GraphFailure => ({ kind: "error", status, error: null, usage: noUsage });
    expect(facebook.proven(html(502), context)).toMatchObject({
      kind: "retry",
      category: "platform",
      code: "http_502",
    });
    expect(facebook.proven(html(429), context)).toMatchObject({ kind: "wait", scope: "account" });
    // A proxy that wants a log-in is no reason to disconnect an account.
    expect(facebook.proven(html(401), context)).toMatchObject({ kind: "retry" });
  });

  test("a limit is waited for as long as the usage header says", () => {
    const limited = { ...failure(400, 80_001), usage: { limited: "account", regainMs: 660_000 } } as GraphFailure;
    expect(facebook.proven(limited, context)).toMatchObject({ kind: "wait", waitMs: 660_000, scope: "account" });
  });

  test("the message tells the platform's reason, unless that repeats the post or the token", () => {
    expect(facebook.proven(failure(400, 100), context)).toMatchObject({
      message: "Facebook answered 400 (code 100): (#1) It went wrong",
    });
    for (const message of [`bad: The text of the post`, `no such token ${token}`]) {
      expect(facebook.proven(failure(400, 100, 33, { message }), context)).toMatchObject({
        message: "Facebook answered 400 (code 100/33)",
      });
    }
  });
});

describe("an error of the Graph API, on the call that publishes", () => {
  test.each([
    [400, 190],
    [400, 100],
    [403, 4],
    [500, 2],
    [400, 80_001],
  ])("%i with code %i proves nothing", (status, code) => {
    expect(facebook.ofSend(failure(status, code), context)).toMatchObject({ kind: "unknown", code: `graph_${code}` });
  });

  test("what never left is retried, what left is unknown", () => {
    const fault = { code: "connection_reset", message: "the connection was reset" };
    expect(facebook.ofSend({ kind: "not_sent", ...fault }, context)).toMatchObject({
      kind: "retry",
      category: "network",
    });
    expect(facebook.ofSend({ kind: "lost", ...fault }, context)).toEqual({ kind: "unknown", ...fault });
  });

  test("an answer is a decision unless the server was in trouble", () => {
    expect(instagram.isDecision(failure(403, 4, 2_207_051))).toBe(true);
    expect(instagram.isDecision(failure(400, 190))).toBe(true);
    expect(instagram.isDecision(failure(500, 2))).toBe(false);
    expect(instagram.isDecision(failure(400, -1, 2_207_001))).toBe(false);
    expect(instagram.isDecision({ kind: "error", status: 502, error: null, usage: noUsage })).toBe(false);
    expect(instagram.isDecision({ kind: "lost", code: "timeout", message: "" })).toBe(false);
  });
});

describe("usage headers", () => {
  const business = (use: object) => ({ "x-business-use-case-usage": JSON.stringify({ "4711": [use] }) });
  test.each([
    ["nothing", {}, noUsage],
    ["what is no JSON", { "x-app-usage": "{", "x-business-use-case-usage": "[]" }, noUsage],
    ["half of a limit", business({ type: "pages", call_count: 50, total_time: 12 }), noUsage],
    [
      "minutes until access is regained",
      business({ estimated_time_to_regain_access: 11 }),
      { limited: "account", regainMs: 660_000 },
    ],
    ["a limit used up", business({ call_count: 100 }), { limited: "account", regainMs: null }],
    [
      "the app's limit used up",
      { "x-app-usage": '{"call_count":3,"total_time":101}' },
      { limited: "app", regainMs: null },
    ],
  ])("%s", (_name, headers, expected) => {
    expect(readUsage(headers as Record<string, string>)).toEqual(expected);
  });
});

describe("a call", () => {
  const account: ConnectedAccount = {
    id: "a",
    settings: {},
    credentials: { accessToken: token },
    credentialsVersion: 1,
    sandbox: false,
  };
  let server: RawServer;
  let http: HttpClient;
  let warnings: unknown[];
  let head: string;

  beforeEach(async () => {
    head = "";
    warnings = [];
    const body = '{"id":"1"}';
    server = await openRawServer({
      onRequest: (socket) =>
        void socket.write(`HTTP/1.1 200 OK\r\n${head}content-length: ${body.length}\r\n\r\n${body}`),
    });
    http = createHttpClient({ allowPrivateNetworks: true });
  });
  afterEach(async () => {
    await http.close();
    await server.close();
  });

  function api(app: PlatformDeps["app"], sandboxUrl?: string): GraphApi {
    const logger = { warn: (facts: object) => void warnings.push(facts) };
    const deps = { http, sandboxHttp: http, sandboxUrl, allowPrivateNetworks: true, app, logger, media: null };
    return createGraphApi(deps as unknown as PlatformDeps, { platform: "facebook", usualUrl: "http://127.0.0.1:9" });
  }
  const limits = { timeoutMs: 10_000, signal: new AbortController().signal };
  const read = { method: "GET", path: "/4711", query: { fields: "id,name" } } as const;
  const write = { method: "POST", path: "/4711/feed", parameters: { message: "x" } } as const;

  test("carries the token in its header, and nowhere else", async () => {
    await api({ apiUrl: server.url }).call(account, read, limits);
    await api({ apiUrl: server.url }).call(account, write, limits);
    const [first = "", second = ""] = server.requests();
    expect(first).toMatch(new RegExp(`^GET /${graphVersionDefault}/4711\\?fields=id%2Cname HTTP/1.1\r\n`));
    for (const request of [first, second]) {
      expect(request).toContain(`authorization: Bearer ${token}\r\n`);
      expect(request.split(token)).toHaveLength(2);
    }
    expect(second.split("\r\n\r\n")[1]).toBe('{"message":"x"}');
  });

  test("proves that it comes from the app, if the app's secret is known", async () => {
    const proof = createHmac("sha256", "app-secret").update(token).digest("hex");
    const withSecret = api({ apiUrl: server.url, clientSecret: "app-secret" });
    await withSecret.call(account, read, limits);
    await withSecret.call(account, write, limits);
    const [first = "", second = ""] = server.requests();
    expect(first).toContain(`&appsecret_proof=${proof} HTTP/1.1`);
    expect(second).toContain(`"appsecret_proof":"${proof}"`);
    expect(first + second).not.toContain('app-secret"');
  });

  test("asks for the version in the configured address", async () => {
    await api({ apiUrl: `${server.url}/v26.0/` }).call(account, read, limits);
    expect(server.requests()[0]).toMatch(/^GET \/v26\.0\/4711\?/);
    expect(graphAddress("https://graph.facebook.com", "")).toEqual({
      base: "https://graph.facebook.com",
      version: graphVersionDefault,
    });
  });

  test("goes to the sandbox for an account of the sandbox", async () => {
    await api({ apiUrl: "http://127.0.0.1:9" }, server.url).call({ ...account, sandbox: true }, read, limits);
    expect(server.requests()[0]).toMatch(/^GET \/facebook\/v25\.0\/4711\?/);
    expect(await api({}).call({ ...account, sandbox: true }, read, limits)).toMatchObject({ kind: "misconfigured" });
  });

  test("warns once if another version answers than was asked for", async () => {
    head = "facebook-api-version: v24.0\r\n";
    const one = api({ apiUrl: server.url });
    await one.call(account, read, limits);
    await one.call(account, read, limits);
    expect(warnings).toEqual([{ platform: "facebook", asked: graphVersionDefault, served: "v24.0" }]);
  });

  test("sends uploads only to Meta's hosts and to where the API is", async () => {
    const body = { bytes: 1, read: () => [Buffer.from("x")] as unknown as AsyncIterable<Uint8Array> };
    const one = api({ apiUrl: server.url });
    const elsewhere = { url: "http://127.0.0.1:9/upload", headers: {}, body };
    expect(await one.upload(account, elsewhere, limits)).toMatchObject({ kind: "misconfigured" });
    const lookalike = { ...elsewhere, url: "https://rupload.facebook.com.example/x" };
    expect(await one.upload(account, lookalike, limits)).toMatchObject({ kind: "misconfigured" });
    expect(await one.upload(account, { ...elsewhere, url: `${server.url}/up` }, limits)).toMatchObject({
      kind: "answer",
    });
    expect(server.requests()[0]).toContain(`authorization: OAuth ${token}`);
  });
});
