/** The page in a real browser, on a whole installation: everything an operator does with it. */
import { findChromium, until, type TestPage } from "@punctual/testing";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localTime, openHands, type Hands } from "./hands.fixture.ts";
import { overflowPx, seriousFindings, unexpected, viewPaths } from "./page-check.fixture.ts";
import { failed, openSite, passwords, unconfirmed, type Site } from "./site.fixture.ts";

describe.skipIf(findChromium() === null)("the operators' page", () => {
  let site: Site;
  let operator: TestPage;
  let page: Page;
  let hands: Hands;

  beforeAll(async () => {
    site = await openSite();
    operator = await site.newPage();
    page = operator.page;
    hands = openHands(page, site.url);
  }, 180_000);
  afterAll(() => site?.close());

  test("asks who one is, says when the password is wrong, and then shows what was asked for", async () => {
    await page.goto(`${site.url}/accounts`);
    await page.getByLabel("Password").fill("not the password");
    await page.getByLabel("Password").press("Enter");
    await page.getByRole("alert").getByText("do not fit").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.evaluate(() => document.querySelector("main")?.append(document.createElement("button")));
    expect((await seriousFindings(page)).join(), "the checker looks").toContain("button-name");

    await page.getByLabel("Password").fill(passwords.operator);
    await page.getByLabel("Password").press("Enter");
    await hands.heading("Accounts").waitFor();
    const cookies = await page.context().cookies();
    expect(cookies).toMatchObject([{ httpOnly: true, sameSite: "Strict" }]);

    await hands.press("Log out");
    await page.getByLabel("Password").waitFor();
    await page.reload();
    await page.getByLabel("Password").fill(passwords.operator);
    await hands.press("Log in");
    await hands.heading("Accounts").waitFor();
  });

  test("says in every view that there is nothing yet", async () => {
    const said: [path: string, text: RegExp][] = [
      ["/posts", /There are no posts yet/],
      ["/unconfirmed", /Nothing to do here/],
      ["/redrive", /No post fits/],
      ["/audit", /No operator has done anything yet/],
      ["/", /No attempt failed/],
    ];
    for (const [path, text] of said) {
      await hands.view(path);
      await page.getByText(text).waitFor();
    }
    await hands.heading(/Posts go out on time/).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  test("changes by itself while posts publish, and asks nobody else", async () => {
    await hands.view("/");
    await hands.tileShows("Published", "0");
    await page.getByText("live", { exact: true }).first().waitFor();
    const { socialAccountId } = site.tenant;
    const drafts = Array.from({ length: 12 }, (_, index) => ({ socialAccountId, text: `Going out ${index}` }));
    await site.call("POST", "/v1/posts/bulk", { posts: drafts });
    await hands.tileShows("Published", "12");
    await page.getByText(/99 of 100 posts started within/).waitFor();
    await until("the chart to know when told to look", async () => {
      await hands.press("Refresh");
      return (await page.getByRole("img", { name: /12 posts published, 0 failed/ }).count()) === 1;
    });
    expect(operator.requests.filter((url) => !url.startsWith(`${site.url}/`))).toEqual([]);
  });

  test("draws light and dark charts that tell their values to the pointer and to readers", async () => {
    const chart = page.getByRole("img", { name: /^Published and failed posts/ });
    const ink = () => chart.locator("canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const light = await ink();
    await page.emulateMedia({ colorScheme: "dark" });
    await until("it to be drawn anew", async () => (await ink()) !== light);
    await page.emulateMedia({ colorScheme: "light" });
    await chart.hover();
    await chart.getByText(/^published: \d+$/).waitFor();
    await page.getByText("As a table").click();
    const rows = page.getByRole("region", { name: /as a table/ }).locator("tbody tr");
    await expect.poll(() => rows.count(), { timeout: 30_000 }).toBeGreaterThan(50);
  });

  test("finds posts, and keeps what was looked for in the address", async () => {
    const wanted = await site.post("The one that is wanted");
    const broken = await site.post("The broken one");
    await site.force([broken], `${failed("rejected")}, external_id = 'x-4711'`);
    await hands.view("/posts");
    await page.getByLabel("Id").fill("x-4711");
    await page.getByLabel("Id").press("Enter");
    await until("one row", async () => (await hands.rows().count()) === 1);
    await hands.rows().getByText("The broken one").waitFor();
    await page.getByRole("link", { name: "Clear" }).click();
    await page.getByRole("checkbox", { name: "failed" }).check();
    await page.getByLabel("Failure").selectOption("rejected");
    await until("one row", async () => (await hands.rows().count()) === 1);
    await page.reload();
    await page.getByText("The broken one").waitFor();
    await expect.poll(() => page.getByRole("checkbox", { name: "failed" }).isChecked()).toBe(true);
    await page.goBack();
    await page.getByRole("link", { name: "Clear" }).click();
    await page.getByLabel("Account").fill("Test acc");
    await page.locator("datalist option").first().waitFor({ state: "attached" });
    await page.getByLabel("Account").fill(site.tenant.socialAccountId);
    await page.getByRole("checkbox", { name: "scheduled" }).check();
    await page.getByRole("link", { name: "The one that is wanted" }).click();
    await page.getByText(wanted).first().waitFor();
    await page.locator(".timeline li").first().waitFor();
  });

  test("asks once before it does something, and tells what came of it", async () => {
    const id = await site.post("To be repaired");
    await hands.view(`/posts/${id}`);
    await hands.press("Cancel");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await site.statusOf(id)).toBe("scheduled");
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Cancel");

    await hands.press("Reschedule");
    await page.getByLabel("New time").fill("2031-03-04T05:06:07");
    await hands.agree("Reschedule");
    await hands
      .told()
      .getByText(/goes out at .*2031/)
      .waitFor();
    await hands.press("Cancel");
    await hands.agree("Cancel the post");
    await hands.told().getByText("It will not be published").waitFor();
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.textContent))
      .toContain("It will not be published");
    expect(await site.statusOf(id)).toBe("cancelled");

    const again = await site.post("To be tried again");
    await site.force([again], failed());
    await hands.view(`/posts/${again}`);
    await hands.press("Reschedule");
    await page.getByRole("dialog").getByText("It stays failed until it is tried again").waitFor();
    await page.getByLabel("New time").fill(localTime(Date.now()));
    await hands.agree("Reschedule");
    await hands.told().getByText("the post stays failed until it is tried again").waitFor();
    await hands.press("Try again");
    await hands.agree("Try again");
    await hands.told().getByText("The post is due now").waitFor();
    await hands.heading(/published/).waitFor();
    await page.getByText("post.retry").first().waitFor();
    await page.getByText(/attempt 6 ended/).waitFor();
  });

  test("tells when it was too late", async () => {
    const id = await site.post("A post");
    await hands.view(`/posts/${id}`);
    await hands.press("Cancel");
    await site.force([id], failed());
    await hands.agree("Cancel the post");
    await hands
      .told()
      .getByText(/Nothing was changed.*too late|Nothing was changed.*cannot be cancelled/)
      .waitFor();
    expect(await site.statusOf(id)).toBe("failed");
  });

  test("lets a person decide about unconfirmed posts", async () => {
    const [there = "", gone = ""] = await site.posts(2, "Perhaps out");
    await site.force([there, gone], unconfirmed);
    await hands.view("/unconfirmed");
    await page.getByRole("link", { name: /Unconfirmed\s+2/ }).waitFor();
    const box = (id: string) => page.locator(`li.box:has(a[href="/posts/${id}"])`);
    await box(there).getByRole("button", { name: "It is there" }).click();
    await page.getByLabel(/Its id on the platform/).fill("ext-1");
    await hands.agree("It is there");
    await hands.told().getByText("the post is published").waitFor();
    await box(gone).getByRole("button", { name: "It is not there" }).click();
    await hands.agree("It is not there");
    await hands.told().getByText("was not published").waitFor();
    await page.getByText("Nothing to do here").waitFor();
    expect([await site.statusOf(there), await site.statusOf(gone)]).toEqual(["published", "failed"]);
  });

  test("sends many posts again: shows how many and which, and notices when that changed", async () => {
    const ids = await site.posts(30, "A campaign");
    await site.force(ids, failed("auth"));
    await hands.view("/redrive?category=auth");
    await page.getByRole("heading", { name: "30 posts of 1 account" }).waitFor();
    await page
      .getByRole("row", { name: /A campaign/ })
      .first()
      .waitFor();
    await site.force(ids.slice(0, 5), "status = 'cancelled', failure_category = NULL");
    await hands.press("Send 30 posts again …");
    await hands.agree("Send again");
    await hands.told().getByText("another number of posts fits").waitFor();
    await page.getByRole("heading", { name: "25 posts of 1 account" }).waitFor();
    await page.getByLabel("Posts per account and minute").fill("5");
    await hands.press("Send 25 posts again …");
    await hands.agree("Send again");
    await hands.told().getByText("25 posts wait again").waitFor();
    await page.getByRole("heading", { name: "No post fits" }).waitFor();
    const [spread] = await site.env.sql<{ minutes: number }>(
      `SELECT extract(epoch FROM max(next_attempt_at) - min(next_attempt_at)) / 60 AS minutes FROM posts
       WHERE id = ANY($1::uuid[]) AND status IN ('scheduled', 'publishing', 'published')`,
      [ids],
    );
    expect(Number(spread?.minutes)).toBeGreaterThan(4);
  });

  test("pauses, resumes and checks accounts, and remembers who did what", async () => {
    await hands.view("/accounts");
    await hands.press("Pause Test account");
    await hands.agree("Pause");
    await hands.told().getByText("is paused").waitFor();
    await hands.press("Resume Test account");
    await hands.agree("Resume");
    await hands.told().getByText("is open again").waitFor();
    await hands.press("Check Test account");
    await hands
      .told()
      .getByText(/Test account (works|cannot be checked|does not work)/)
      .waitFor();
    await page.getByRole("link", { name: "Audit" }).click();
    await hands.heading("Audit").waitFor();
    const audit = () => page.locator(".sheet").innerText();
    for (const action of ["pause", "resume", "redrive", "resolve", "cancel", "reschedule", "too late"])
      await expect.poll(audit).toContain(action);
  });

  test("shows a viewer everything and no button", async () => {
    const id = await site.post("A post");
    const viewer = await site.open("viewer", `/posts/${id}`);
    await viewer.page.locator(".timeline li").first().waitFor();
    await viewer.page.locator(".facts").first().waitFor();
    await viewer.page.getByText("looking only").waitFor();
    expect(await viewer.page.locator("main button").count()).toBe(0);
    await viewer.page.getByRole("link", { name: "Send again" }).click();
    await viewer.page.getByText("A viewer looks and changes nothing").waitFor();
    await viewer.page.context().close();
  });

  test("works by the keyboard alone, with the focus always to be seen", async () => {
    const id = await site.post("By keyboard");
    const own = await site.newPage();
    const keys = openHands(own.page, site.url);
    await own.page.goto(`${site.url}/posts`);
    await keys.tabTo("User");
    await keys.tabTo("Password");
    await own.page.keyboard.type(passwords.operator);
    await own.page.keyboard.press("Enter");
    await keys.heading("Posts").waitFor();
    await keys.tabTo("By keyboard");
    await own.page.keyboard.press("Enter");
    await keys.heading(/^Post/).waitFor();
    await keys.tabTo("Cancel");
    await own.page.keyboard.press("Enter");
    await keys.tabTo("Cancel the post");
    await own.page.keyboard.press("Enter");
    await keys.told().getByText("It will not be published").waitFor();
    expect(await site.statusOf(id)).toBe("cancelled");
    expect(unexpected(own)).toEqual([]);
    await own.page.context().close();
  });

  test("fits a phone and a desk, light and dark, and no checker finds anything serious", async () => {
    const id = await site.post("A long word: " + "unbreakable".repeat(12));
    await site.force([await site.post("To decide")], unconfirmed);
    const own = await site.open("operator", "/", { colorScheme: "light", reducedMotion: "reduce" });
    for (const path of viewPaths(id)) {
      await openHands(own.page, site.url).follow(path);
      await own.page.waitForFunction(() => !/Loading …|Counting …|Reading the/.test(document.body.innerText));
      await own.page.setViewportSize({ width: 1280, height: 780 });
      expect(await seriousFindings(own.page), path).toEqual([]);
      expect(await overflowPx(own.page), path).toBe(0);
      // What a view is made of does not change with its width; its colours and what overflows do.
      await own.page.setViewportSize({ width: 360, height: 780 });
      await own.page.emulateMedia({ colorScheme: "dark" });
      expect(await seriousFindings(own.page, ["color-contrast"]), path).toEqual([]);
      expect(await overflowPx(own.page), path).toBe(0);
      await own.page.emulateMedia({ colorScheme: "light" });
    }
    expect(unexpected(own)).toEqual([]);
    await own.page.context().close();
  });

  test("complains of nothing in its console", () => {
    expect(unexpected(operator)).toEqual([]);
  });
});
