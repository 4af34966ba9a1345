import { openMediaServer, type MediaServer } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHttpClient } from "./http.ts";
import { describePage, readLinkPage } from "./link-page.ts";

const base = "https://a.example/news/today";
const http = createHttpClient({ allowPrivateNetworks: true });
const options = { bytesMax: 65_536, timeoutMs: 10_000, signal: new AbortController().signal };
let server: MediaServer;

beforeAll(async () => {
  server = await openMediaServer();
});
afterAll(async () => {
  await server.close();
  await http.close();
});

describe("a page says of itself", () => {
  test.each([
    [
      `<meta property="og:title" content="Tom &amp; Jerry&#39;s &quot;day&quot;"><meta property='og:description' content='Two &#x1F600;'><meta property=og:image content=/pic.png>`,
      { title: `Tom & Jerry's "day"`, description: "Two 😀", imageUrl: "https://a.example/pic.png" },
    ],
    [
      `<META NAME="Description" CONTENT="plain"><title class="x">\n  A   title &lt;here&gt;\n</title>`,
      { title: "A title <here>", description: "plain", imageUrl: null },
    ],
    [
      `<meta content="late attribute order" name="twitter:title"><meta name="twitter:image" content="https://b.example/i.jpg">`,
      { title: "late attribute order", description: null, imageUrl: "https://b.example/i.jpg" },
    ],
    [
      `<meta property="og:title" content=""><title></title><meta property="og:image" content="http://[">`,
      { title: null, description: null, imageUrl: null },
    ],
    ["", { title: null, description: null, imageUrl: null }],
    ["<title>never closed", { title: null, description: null, imageUrl: null }],
    [`<meta property="og:title" content="never closed`, { title: null, description: null, imageUrl: null }],
  ])("%s", (html, page) => {
    expect(describePage(html, base)).toEqual(page);
  });

  test("in a time that grows with its length and not faster", () => {
    const evil = `<meta ${"a ".repeat(50_000)}`.repeat(4) + "<meta".repeat(100_000) + "<title".repeat(100_000);
    const started = performance.now();
    describePage(evil, base);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

test("what is beyond the cap is not read", async () => {
  const page = `<meta property="og:title" content="First">${" ".repeat(100_000)}<meta property="og:description" content="Last">`;
  const url = server.put("/long", Buffer.from(page));
  expect(await readLinkPage(http, url, options)).toEqual({ title: "First", description: null, imageUrl: null });
});

test("a page that cannot be had tells nothing", async () => {
  expect(await readLinkPage(http, `${server.url}/gone`, options)).toBeNull();
  const guarded = createHttpClient({ allowPrivateNetworks: false });
  expect(await readLinkPage(guarded, server.put("/inside", Buffer.from("<title>x</title>")), options)).toBeNull();
  await guarded.close();
});
