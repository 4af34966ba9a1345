import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { findChromium, findInstalledChromium } from "./browser-program.ts";
import { openBrowser } from "./browser.ts";

function directoryWith(...programs: string[]): string {
  const directory = mkdtempSync(path.join(tmpdir(), "punctual-path-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const program of programs) {
    writeFileSync(path.join(directory, program), "#!/bin/sh\n");
    chmodSync(path.join(directory, program), 0o755);
  }
  return directory;
}

test("a browser in PATH is taken, and the one that CHROME names before it", () => {
  const directory = directoryWith("google-chrome", "mine");
  expect(findInstalledChromium({ PATH: `/nowhere:${directory}` })).toBe(path.join(directory, "google-chrome"));
  const CHROME = path.join(directory, "mine");
  expect(findInstalledChromium({ PATH: directory, CHROME })).toBe(CHROME);
  expect(findInstalledChromium({ PATH: directory, CHROME: `${CHROME}-missing` })).toBeNull();
});

describe.skipIf(findChromium() === null)("a page", () => {
  test("notes what it asked for and everything that went wrong", async () => {
    const server = createServer((_request, response) => {
      response
        .setHeader("content-type", "text/html")
        .setHeader("content-security-policy", "default-src 'none'; script-src 'unsafe-inline'; connect-src 'self'")
        .end(
          "<title>A page</title><img src=https://elsewhere.example/picture.png><script>console.error('so it is'); fetch('/data'); nothing();</script>",
        );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = await openBrowser();
    onTestFinished(async () => {
      await browser.close();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    const { page, requests, complaints } = await browser.newPage();
    await page.goto(url, { waitUntil: "networkidle" });

    expect(await page.title()).toBe("A page");
    expect(requests).toContain(`${url}/data`);
    const said = complaints.join("\n");
    expect(said).toContain("so it is");
    expect(said).toContain("nothing is not defined");
    expect(said).toContain("https://elsewhere.example/picture.png");
  });
});
