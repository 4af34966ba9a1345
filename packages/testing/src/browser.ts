/**
 * A real browser for tests of pages. Each page notes what it asked the network for and what it complained about, so
 * that a test can prove that nothing went elsewhere and nothing went wrong unseen.
 */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { findChromium } from "./browser-program.ts";

export interface TestBrowser {
  /** A page of its own: no cookies, no cache, no history of the others. */
  newPage(options?: BrowserContextOptions): Promise<TestPage>;
  close(): Promise<void>;
}

export interface TestPage {
  page: Page;
  /** The address of everything it asked for, refused requests included, in order. */
  requests: readonly string[];
  /**
   * Errors and warnings of its console (what the content security policy refused is one), errors nobody caught,
   * requests that failed. Empty is what a test wants.
   */
  complaints: readonly string[];
}

/** Of a page to do what it is waited for; only the end of one that never does. */
const pageTimeoutMs = 45_000;

/** @throws where there is no browser: skip such tests by `findChromium` */
export async function openBrowser(): Promise<TestBrowser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error("there is no Chromium here, see findChromium");
  // Loaded here, because the rest of this package also serves programs that drive no browser.
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"],
  });
  return { newPage: (options) => newPage(browser, options), close: () => browser.close() };
}

async function newPage(browser: Browser, options?: BrowserContextOptions): Promise<TestPage> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(pageTimeoutMs);
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("requestfailed", (request) =>
    complaints.push(`${request.method()} ${request.url()} failed: ${request.failure()?.errorText ?? "no answer"}`),
  );
  page.on("pageerror", (error) => complaints.push(`uncaught ${error.stack ?? error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  return { page, requests, complaints };
}
