import {
  createTestEnvironment,
  findChromium,
  openBrowser,
  type TestBrowser,
  type TestEnvironment,
} from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

const policyOf = async (url: string) => {
  const { headers } = await api.callRaw({ method: "GET", url });
  return headers["content-security-policy"] ?? "";
};

test("the page may load from here and run what it holds, and nothing else in the API may anything", async () => {
  const policy = await policyOf("/docs/");
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src 'self'( 'sha256-[A-Za-z0-9+/=]+')+;/);
  expect(policy).not.toMatch(/script-src[^;]*(unsafe|https?:)/);
  expect(policy).toContain("connect-src 'self';");
  for (const url of ["/openapi.json", "/livez", "/docs/nothing"]) {
    expect(await policyOf(url), url).toBe("default-src 'none';frame-ancestors 'none'");
  }
});

test("the address without a slash leads there, wherever it is asked for", async () => {
  const { status, headers } = await api.callRaw({
    method: "GET",
    url: "/docs",
    headers: { host: "elsewhere.example" },
  });
  expect([status, headers["location"]]).toEqual([301, "/docs/"]);
});

describe.skipIf(findChromium() === null)("in a browser", () => {
  let browser: TestBrowser;
  let url: string;
  beforeAll(async () => {
    url = await api.app.listen({ host: "127.0.0.1", port: 0 });
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  test("the page reads the description, tries requests, complains of nothing, and asks nobody but us", async () => {
    const { page, requests, complaints } = await browser.newPage();
    await page.goto(`${url}/docs`);
    await page.getByRole("heading", { name: "Punctual", exact: true }).waitFor();
    await page.getByRole("heading", { name: "Schedule a post", exact: true }).waitFor();
    await page.getByText("Idempotency-Key", { exact: true }).first().waitFor();

    await page.getByRole("button", { name: "Health" }).first().click();
    await page.getByText("Whether the process lives").first().click();
    await page.getByRole("button", { name: /Test Request.*livez/ }).click();
    await page.getByRole("button", { name: /^Send get request/i }).click();
    await page.getByText("200 OK").waitFor();

    expect(complaints).toEqual([]);
    const paths = requests
      .filter((request) => request.startsWith(`${url}/`))
      .map((request) => new URL(request).pathname);
    expect(paths).toEqual(["/docs", "/docs/", "/docs/js/scalar.js", "/openapi.json", "/livez"]);
    expect(requests.filter((request) => !request.startsWith(`${url}/`) && !request.startsWith("data:"))).toEqual([]);
  });

  test("what the page would ask others is refused by the browser, and seen", async () => {
    const { page, complaints } = await browser.newPage();
    await page.goto(`${url}/docs/`);
    const outcome = await page.evaluate("fetch('https://elsewhere.example/').then(() => 'sent', () => 'refused')");
    expect(outcome).toBe("refused");
    expect(complaints.join("\n")).toContain("https://elsewhere.example/");
  });
});
