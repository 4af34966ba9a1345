import { changeCompany } from "@punctual/db";
import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import { returnUrl } from "./connections.fixture.ts";

let env: TestEnvironment;
let api: AppUnderTest;

beforeAll(async () => {
  env = await createTestEnvironment();
  // Nobody is asked before somebody goes on, so there need be nobody.
  const platformsOptions = { sandboxUrl: "http://127.0.0.1:1", allowPrivateNetworks: false };
  api = await openAppUnderTest(env, { platformsOptions });
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});

async function company(): Promise<{ key: string; clientId: string }> {
  const { companyId, clientId, apiKey } = await env.createTenant();
  await changeCompany(env.database, { id: companyId, returnOrigins: [new URL(returnUrl).origin] });
  return { key: apiKey, clientId };
}

describe("starting a connection", () => {
  test.each([
    [{ platform: "webhook" }, "/platform", "no_log_in"],
    [{ platform: "friendface" }, "/platform", "unknown_platform"],
    [{ platform: "linkedin", sandbox: false }, "/platform", "not_configured"],
    [{ returnUrl: "https://evil.example.com/" }, "/returnUrl", "foreign_origin"],
    [{ returnUrl: "https://app.example.com:8443/" }, "/returnUrl", "foreign_origin"],
    [{ returnUrl: "http://app.example.com/" }, "/returnUrl", "foreign_origin"],
    [{ returnUrl: "https://app.example.com@evil.example.com/" }, "/returnUrl", "invalid_url"],
    [{ returnUrl: "javascript:alert(1)" }, "/returnUrl", "invalid_url"],
    [{ returnUrl: "/accounts" }, "/returnUrl", "invalid_url"],
  ])("%o is refused", async (changed, path, code) => {
    const { key } = await company();
    const body = { platform: "linkedin", returnUrl, sandbox: true, ...changed };
    const answer = await api.call(key, "POST", "/v1/connections", { body });
    expect(answer).toMatchObject({ status: 422, body: { code: "invalid_connection", errors: [{ path, code }] } });
  });

  test("another company's client is unknown", async () => {
    const [{ key }, { clientId }] = [await company(), await company()];
    const body = { platform: "linkedin", returnUrl, sandbox: true, clientId };
    const answer = await api.call(key, "POST", "/v1/connections", { body });
    expect(answer).toMatchObject({ status: 404, body: { code: "unknown_client" } });
  });
});
