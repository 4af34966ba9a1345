/**
 * What a client team would do: generate types from the running API's description, compile a client against them, and
 * drive the API through it. The client is docs/examples/typed-client; whatever in it must not compile is marked so.
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import openapiTypes, { astToString } from "openapi-typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const example = path.join(root, "docs", "examples", "typed-client");
const run = promisify(execFile);

let env: TestEnvironment;
let api: AppUnderTest;

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});

test("a generated client compiles, and schedules, lists, edits, cancels and reads what happened", async () => {
  const url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  const types = await openapiTypes(new URL("/openapi.json", url));
  await writeFile(path.join(example, "api-types.ts"), astToString(types));
  await run(path.join(root, "node_modules", ".bin", "tsc"), ["--project", example]);

  const { apiKey, socialAccountId } = await env.createTenant();
  const { stdout } = await run(process.execPath, [path.join(example, "client.ts")], {
    env: { API_URL: url, API_KEY: apiKey, ACCOUNT_ID: socialAccountId },
  });

  expect(stdout.trim().split("\n")).toEqual([
    "scheduled scheduled, repeated",
    "listed",
    "edited once",
    "cancelled",
    "refused as typed",
    "events read",
  ]);
  expect(await env.sql("SELECT status::text FROM posts")).toEqual([{ status: "cancelled" }]);
});
