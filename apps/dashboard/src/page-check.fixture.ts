/** What every view must do, whatever it shows. */
import type { TestPage } from "@punctual/testing";
import axe from "axe-core";
import type { Page } from "playwright-core";

/** Every view, with little in its lists: a checker looks at each row. */
export const viewPaths = (postId: string): string[] => [
  "/",
  "/posts?status=unconfirmed",
  `/posts/${postId}`,
  "/unconfirmed",
  "/redrive?category=rejected",
  "/accounts",
  `/audit?postId=${postId}`,
];

/**
 * What an accessibility checker finds serious or worse, each as a line.
 *
 * @param rules the names of those to go by; default: all
 */
export async function seriousFindings(page: Page, rules: string[] | null = null): Promise<string[]> {
  // Large, and stays as long as the page is not loaded anew.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  return page.evaluate(async (only) => {
    const checker = (globalThis as unknown as { axe: typeof axe }).axe;
    const runOnly = only === null ? {} : { runOnly: { type: "rule" as const, values: only } };
    const { violations } = await checker.run(document, { resultTypes: ["violations"], ...runOnly });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, help, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html} ${failureSummary ?? ""}`),
      );
  }, rules);
}

/** By how much the page is wider than its window, in pixels. */
export function overflowPx(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/**
 * What a page complained about that it should not have. A browser notes every answer that is a refusal, also where it
 * is the very thing that is tested, and every request that is cut off by leaving the page.
 */
export function unexpected({ complaints }: TestPage): string[] {
  const expected = /the server responded with a status of (401|409)|net::ERR_ABORTED/;
  return complaints.filter((complaint) => !expected.test(complaint));
}
