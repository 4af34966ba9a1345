import { createLogger } from "@punctual/runtime";
import Fastify, { type FastifyInstance } from "fastify";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dashboard, dashboardPaths } from "./dashboard.ts";
import { errors } from "./errors.ts";
import { requestId } from "./request-id.ts";
import { security } from "./security.ts";

let directory: string;
let app: FastifyInstance;

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "punctual-dashboard-"));
  app = Fastify({ loggerInstance: createLogger("test", "silent") }) as unknown as FastifyInstance;
  for (const plugin of [errors, requestId, security]) await app.register(plugin);
  await app.register(dashboard, { directory });
});
afterEach(async () => {
  await app.close();
  rmSync(directory, { recursive: true });
});

function build(): void {
  mkdirSync(path.join(directory, "assets"));
  writeFileSync(path.join(directory, "index.html"), "<title>The page</title>");
  writeFileSync(path.join(directory, "assets", "index-1a2b.js"), "plain");
  writeFileSync(path.join(directory, "assets", "index-1a2b.js.br"), "squeezed");
}

test("every address of the page answers with it, never kept and allowed nothing from elsewhere", async () => {
  build();
  for (const url of dashboardPaths) {
    const answer = await app.inject({ url: url.replace(":id", "01a20000-0000-7000-8000-000000000000") });
    expect(answer).toMatchObject({ statusCode: 200, payload: "<title>The page</title>" });
    expect(answer.headers["cache-control"]).toBe("no-store");
    const policy = String(answer.headers["content-security-policy"]).split(";");
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'"]));
    expect(policy.join()).not.toContain("unsafe");
  }
});

test("assets are kept for a year, and come compressed to whoever can read that", async () => {
  build();
  const plain = await app.inject({ url: "/assets/index-1a2b.js" });
  expect(plain).toMatchObject({ statusCode: 200, payload: "plain" });
  expect(plain.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  const squeezed = await app.inject({ url: "/assets/index-1a2b.js", headers: { "accept-encoding": "gzip, br" } });
  expect(squeezed).toMatchObject({ statusCode: 200, payload: "squeezed" });
  expect(squeezed.headers).toMatchObject({ "content-encoding": "br", vary: "accept-encoding" });
  expect(squeezed.headers["content-type"]).toContain("javascript");
});

test("an asset that is gone is not found, and nobody keeps that", async () => {
  build();
  const answer = await app.inject({ url: "/assets/index-0000.js" });
  expect(answer.statusCode).toBe(404);
  expect(answer.headers["cache-control"]).toBe("no-store");
  expect((await app.inject({ url: "/assets/..%2findex.html" })).statusCode).not.toBe(200);
});

test("without a build the page says which command makes one, and appears once that ran", async () => {
  const answer = await app.inject({ url: "/posts" });
  expect(answer.statusCode).toBe(503);
  expect(answer.payload).toContain("npm run dashboard");
  expect(answer.headers["content-type"]).toContain("text/html");
  build();
  expect((await app.inject({ url: "/posts" })).statusCode).toBe(200);
  expect((await app.inject({ url: "/assets/index-1a2b.js" })).statusCode).toBe(200);
});
