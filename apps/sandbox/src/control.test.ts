/** What can be commanded besides faults: tokens and the clock; and what uploads become. */
import { createLogger } from "@punctual/runtime";
import { pngSample } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClock } from "./clock/clock.ts";
import { createSandbox } from "./sandbox.ts";
import { createTokens } from "./tokens/tokens.ts";
import { createUploads, kindOf } from "./uploads/uploads.ts";

const sandbox = createSandbox({ host: "127.0.0.1", port: 0 }, { logger: createLogger("sandbox", "silent") });

beforeAll(() => sandbox.start());
afterAll(() => sandbox.stop());

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  const answer = await fetch(new URL(path, sandbox.url()), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: answer.status, json: await answer.json() };
}

describe("tokens", () => {
  test("work until they are revoked; newer ones still do", () => {
    const tokens = createTokens({ handlesMax: 10 });
    expect(tokens.read("a", "sandbox.shop.example.3")).toEqual({ kind: "valid", handle: "shop.example", serial: 3 });
    tokens.revoke("a", "shop.example");
    for (const serial of [1, 2, 3]) expect(tokens.read("a", `sandbox.shop.example.${serial}`).kind).toBe("revoked");
    expect(tokens.read("a", "sandbox.shop.example.4").kind).toBe("valid");
    expect(tokens.read("b", "sandbox.shop.example.3").kind).toBe("valid");
    expect(tokens.issue("a", "shop.example")).toBe("sandbox.shop.example.5");
  });

  test("of any shape stand for an account of their own", () => {
    const tokens = createTokens({ handlesMax: 10 });
    const one = tokens.read("a", "EAAB1234");
    expect(one).toMatchObject({ kind: "valid", handle: expect.stringMatching(/^[0-9a-f]{12}$/) as string });
    expect(tokens.read("a", "EAAB1235").handle).not.toBe(one.handle);
    tokens.revoke("a", one.handle);
    expect(tokens.read("a", "EAAB1234").kind).toBe("revoked");
  });

  test("that were never seen are revoked as well: the first one at least", () => {
    const tokens = createTokens({ handlesMax: 10 });
    tokens.revoke("a", "shop");
    expect(tokens.read("a", "sandbox.shop.1").kind).toBe("revoked");
    expect(tokens.read("a", tokens.issue("a", "shop")).kind).toBe("valid");
  });

  test("are revoked, listed without a token, and forgiven over HTTP", async () => {
    const revoked = await call("POST", "/_control/tokens/revoke", { platform: "webhook", handle: "shop" });
    expect(revoked).toEqual({
      status: 200,
      json: { platform: "webhook", handle: "shop", issued: 0, revokedThrough: 1 },
    });
    expect((await call("GET", "/_control/tokens")).json).toEqual({ data: [revoked.json] });
    expect((await call("POST", "/_control/tokens/revoke", { platform: "none", handle: "shop" })).status).toBe(400);
    expect((await call("POST", "/_control/tokens/revoke", { platform: "webhook" })).status).toBe(400);
    expect((await call("DELETE", "/_control/tokens")).json).toEqual({ cleared: 1 });
  });
});

describe("the clock", () => {
  test("is moved ahead, and brought back", async () => {
    const before = Date.now();
    const moved = (await call("POST", "/_control/clock", { advanceMs: 3_600_000 })).json as { now: string };
    expect(Date.parse(moved.now)).toBeGreaterThanOrEqual(before + 3_600_000);
    expect((await call("GET", "/_control/clock")).json).toMatchObject({ aheadMs: 3_600_000 });
    expect((await call("POST", "/_control/clock", { advanceMs: -1 })).status).toBe(400);
    expect((await call("DELETE", "/_control/clock")).json).toMatchObject({ aheadMs: 0 });
  });

  test("adds what it is moved by", () => {
    const clock = createClock();
    clock.advance(1_000);
    clock.advance(500);
    expect(clock.ahead()).toBe(1_500);
  });
});

describe("uploads", () => {
  test("are served as what their bytes say, and can run nothing", async () => {
    const uploads = createUploads({ bytesMax: 1_000_000 }, { baseUrl: () => "http://sandbox.test" });
    const address = uploads.keep(pngSample());
    expect(address).toMatch(/^http:\/\/sandbox\.test\/_uploads\/[0-9a-f]{24}\.png$/);
    expect(uploads.get(address.split("/").at(-1) ?? "")).toMatchObject({ type: "image/png" });
    expect(kindOf(Buffer.from("<script>alert(1)</script>"))).toEqual({
      type: "application/octet-stream",
      ending: "bin",
    });
    const missing = await call("GET", "/_uploads/000000000000000000000000.png");
    expect(missing).toMatchObject({ status: 404, json: { error: "not_found" } });
  });

  test("give way to newer ones when there are too many, but never the newest", () => {
    const uploads = createUploads({ bytesMax: 10 }, { baseUrl: () => "http://sandbox.test" });
    const nameOf = (bytes: number) => uploads.keep(Buffer.alloc(bytes)).split("/").at(-1) ?? "";
    const [first, second, third] = [nameOf(6), nameOf(4), nameOf(1)];
    expect(uploads.get(first)).toBeUndefined();
    expect(uploads.get(second)?.bytes.length).toBe(4);
    expect(uploads.get(third)?.bytes.length).toBe(1);
    expect(uploads.get(nameOf(50))?.bytes.length).toBe(50);
  });
});
