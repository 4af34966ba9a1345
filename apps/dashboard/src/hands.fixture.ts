/** What a person does at the page, in a person's words. */
import type { Locator, Page } from "playwright-core";

export interface Hands {
  /** Opens a view by its address, logged in already. */
  view(path: string): Promise<void>;
  /** Goes there as a link does, without loading the page. */
  follow(path: string): Promise<void>;
  heading(name: string | RegExp): Locator;
  /** Waits until a tile shows a figure. */
  tileShows(title: string, value: string): Promise<void>;
  /** What the page says came of an action. */
  told(): Locator;
  rows(): Locator;
  press(button: string): Promise<void>;
  /** Presses a button of the dialog. */
  agree(button: string): Promise<void>;
  /** Presses Tab until something of that name has the focus, which must be visible. */
  tabTo(name: string): Promise<void>;
}

const tabsMax = 120;

export function openHands(page: Page, url: string): Hands {
  return {
    view: async (path) => {
      await page.goto(url + path);
      await page.getByRole("button", { name: "Log out" }).waitFor();
    },
    follow: (path) =>
      page.evaluate((to) => {
        history.pushState(null, "", to);
        dispatchEvent(new PopStateEvent("popstate"));
      }, path),
    heading: (name) => page.getByRole("heading", { level: 1, name }),
    tileShows: (title, value) =>
      page
        .locator(".tile")
        .filter({ hasText: new RegExp(`^${title}${value}$`) })
        .waitFor(),
    told: () => page.getByRole("status").locator(".told"),
    rows: () => page.locator(".sheet tbody tr"),
    press: (name) => page.getByRole("button", { name, exact: true }).click(),
    agree: (name) => page.getByRole("dialog").getByRole("button", { name, exact: true }).click(),
    tabTo: async (name) => {
      const seen: string[] = [];
      for (let tabs = 0; tabs < tabsMax; tabs += 1) {
        await page.keyboard.press("Tab");
        const focus = await page.evaluate(lookAtFocus);
        if (!focus.isVisible) throw new Error(`the focus on "${focus.name}" cannot be seen`);
        if (focus.name === name) return;
        seen.push(focus.name);
      }
      throw new Error(`Tab does not lead to "${name}", but to ${seen.join(", ")}`);
    },
  };
}

/** Runs in the page. */
function lookAtFocus(): { name: string; isVisible: boolean } {
  const element = document.activeElement ?? document.body;
  const label =
    element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? element.labels?.[0] : null;
  const name = (label?.firstChild ?? element).textContent?.trim() ?? "";
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return { name, isVisible: element === document.body || (outlineStyle !== "none" && outlineWidth !== "0px") };
}

/** As a field for local time takes it. */
export function localTime(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
