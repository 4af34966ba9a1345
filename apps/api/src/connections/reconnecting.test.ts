/** A token that was revoked, all the way: posts held, the account reconnected in a real browser, posts published. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { changeCompany } from "@punctual/db";
import {
  createTestEnvironment,
  findChromium,
  launchApp,
  openBrowser,
  until,
  type LaunchedApp,
  type TestBrowser,
  type TestEnvironment,
} from "@punctual/testing";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PostOut } from "../posts/schemas.ts";
import type { SocialAccountOut } from "../social-accounts/schemas.ts";

/** A slow machine starts three processes and a browser. */
const startTimeoutMs = 120_000;
const patience = { timeoutMs: 60_000 };
const testTimeoutMs = 150_000;

describe.skipIf(findChromium() === null)("in a browser", () => {
  let env: TestEnvironment;
  let apps: LaunchedApp[];
  let api: LaunchedApp;
  let sandbox: LaunchedApp;
  let browser: TestBrowser;
  let application: Server;

  beforeAll(async () => {
    [env, sandbox, browser, application] = await Promise.all([
      createTestEnvironment(),
      launchApp("sandbox", {}),
      openBrowser(),
      openApplication(),
    ]);
    const settings = {
      ...env.settings,
      SANDBOX_URL: sandbox.url,
    };
    const started = await Promise.all([launchApp("api", settings), launchApp("worker", settings)]);
    [api] = started;
    apps = [sandbox, ...started];
  }, startTimeoutMs);
  afterAll(async () => {
    await browser?.close();
    application?.close();
    for (const app of apps ?? []) app.kill("SIGTERM");
    await Promise.all((apps ?? []).map(({ exited }) => exited));
    await env?.close();
  });

  test(
    "an account whose token was revoked is reconnected, and its held posts go out",
    async () => {
      const { companyId, clientId, apiKey, socialAccountId } = await env.createTenant({
        platform: "linkedin",
        settings: { author: "urn:li:person:robin" },
        credentials: { accessToken: "sandbox.robin.1" },
      });
      const { port } = application.address() as AddressInfo;
      const origin = `http://127.0.0.1:${port}`;
      await changeCompany(env.database, { id: companyId, returnOrigins: [origin] });
      const call = async <Body>(method: string, url: string, body?: unknown): Promise<Body> => {
        const json = body === undefined ? {} : { body: JSON.stringify(body) };
        const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
        const answer = await fetch(new URL(url, api.url), { method, headers, ...json });
        if (!answer.ok) throw new Error(`${method} ${url}: ${await answer.text()}`);
        return (await answer.json()) as Body;
      };
      const post = (id: string) => call<PostOut>("GET", `/v1/posts/${id}`);
      const account = () => call<SocialAccountOut>("GET", `/v1/social-accounts/${socialAccountId}`);
      await fetch(new URL("/_control/tokens/revoke", sandbox.url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ platform: "linkedin", handle: "robin" }),
      });

      const due = await call<PostOut>("POST", "/v1/posts", { socialAccountId, text: "Held for a while" });
      await until("the post is held", async () => (await post(due.id)).status === "held", patience);
      expect(await account()).toMatchObject({ status: "needs_reconnect" });
      const late = await call<PostOut>("POST", "/v1/posts", { socialAccountId, text: "Held from the start" });
      expect(late.status).toBe("held");

      const request = { platform: "linkedin", clientId, sandbox: true, returnUrl: `${origin}/accounts` };
      const { id, authorizeUrl } = await call<{ id: string; authorizeUrl: string }>("POST", "/v1/connections", request);
      const { page, complaints } = await browser.newPage({ javaScriptEnabled: false });
      await page.goto(authorizeUrl);
      await page.getByRole("heading", { name: "Connect your LinkedIn account to Test company?" }).waitFor();
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByRole("button", { name: "Allow as robin" }).click();
      await page.getByRole("heading", { name: "Which accounts may Test company publish to?" }).waitFor();
      await page.getByLabel("robin", { exact: true }).check();
      await page.getByRole("button", { name: "Connect" }).click();
      await page.waitForURL(`${origin}/accounts?connection=${id}&status=connected`);
      expect(complaints).toEqual([]);

      expect(await account()).toMatchObject({ status: "active" });
      for (const { id: postId } of [due, late]) {
        await until("the post is published", async () => (await post(postId)).status === "published", patience);
      }
      const feed = await fetch(new URL("/feed/linkedin/urn:li:person:robin", sandbox.url));
      expect(await feed.text()).toMatch(
        /Held from the start[^]*Held for a while|Held for a while[^]*Held from the start/,
      );
    },
    testTimeoutMs,
  );

  test("the pages can be read and used by everybody", async () => {
    const { companyId, apiKey } = await env.createTenant();
    await changeCompany(env.database, { id: companyId, returnOrigins: ["https://app.example.com"] });
    const answer = await fetch(new URL("/v1/connections", api.url), {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ platform: "bluesky", sandbox: true, returnUrl: "https://app.example.com/" }),
    });
    const { authorizeUrl } = (await answer.json()) as { authorizeUrl: string };
    const { page } = await browser.newPage();
    await page.goto(authorizeUrl);
    expect(await faultsIn(page)).toEqual([]);
    await page.getByLabel("Handle").fill("robin.example");
    await page.getByLabel("App password").fill("sandbox.robin.example.1");
    await page.goto(new URL("/connect/nothing", api.url).href);
    expect(await faultsIn(page)).toEqual([]);
  });
});

/** The company's own application, as far as a browser comes back to it. */
function openApplication(): Promise<Server> {
  const server = createServer((_request, response) => {
    response
      .writeHead(200, { "content-type": "text/html" })
      .end("<!doctype html><title>Accounts</title><h1>Accounts</h1>");
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function faultsIn(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations.map(({ id, help }) => `${id}: ${help}`);
}
