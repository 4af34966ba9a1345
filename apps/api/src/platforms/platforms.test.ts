import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";

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

test("each platform tells its limits, its fields and its guarantee", async () => {
  const { apiKey } = await env.createTenant({ scope: "read" });
  const { status, body } = await api.call<{ data: Record<string, unknown>[] }>(apiKey, "GET", "/v1/platforms");
  expect(status).toBe(200);
  expect(body.data.find(({ platform }) => platform === "webhook")).toMatchObject({
    displayName: "Webhook",
    limits: { textCharactersMax: expect.any(Number) as number, mediaItemsMax: expect.any(Number) as number },
    settings: [{ name: "url", required: true }],
    credentials: [{ name: "secret", required: true }],
    delivery: { guarantee: "idempotent" },
  });
});
