/** The page when something it stands on is gone, and when there is too much of everything. */
import { findChromium, until } from "@punctual/testing";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openHands, type Hands } from "./hands.fixture.ts";
import { unexpected } from "./page-check.fixture.ts";
import { openSite, type Site } from "./site.fixture.ts";

describe.skipIf(findChromium() === null)("the operators' page on bad days", () => {
  let site: Site;
  let page: Page;
  let hands: Hands;

  beforeAll(async () => {
    site = await openSite();
    ({ page } = await site.open("operator", "/"));
    hands = openHands(page, site.url);
  }, 180_000);
  afterAll(() => site?.close());

  test("stays quick with 100,000 posts, page by page", async () => {
    await site.insertEndedPosts(100_000);
    await hands.view("/posts");
    await until("a page of rows", async () => (await hands.rows().count()) === 50);
    const newest = () => hands.rows().first().getByRole("link").first().getAttribute("href");
    const seen = [await newest()];
    for (const turn of [2, 3]) {
      await page.getByRole("link", { name: "Older »" }).click();
      seen.push(await until(`page ${turn}`, async () => [await newest()].find((href) => !seen.includes(href))));
      await expect.poll(() => hands.rows().count()).toBe(50);
    }
    await page.getByRole("link", { name: "« Newest" }).click();
    await until("the first page", async () => (await newest()) === seen[0]);
  });

  test("leads to a post's job on the board and back", async () => {
    const id = await site.post("On the board");
    const board = await site.open("operator", `/posts/${id}`);
    const job = board.page.getByRole("link", { name: `${id}_1_0` });
    await job.first().click();
    await board.page.waitForURL(/\/queues\/queue\/publish-webhook\//);
    const back = await board.page.getByRole("link", { name: "The post" }).getAttribute("href");
    await board.page.goto(new URL(back ?? "", site.url).href);
    await board.page.locator("blockquote").getByText("On the board").waitFor();
    // That something was loaded ahead for nothing is its library's affair.
    expect(unexpected(board).filter((complaint) => !complaint.startsWith("warning:"))).toEqual([]);
    const elsewhere = board.requests.filter((url) => !url.startsWith(`${site.url}/`) && !url.startsWith("data:"));
    expect(elsewhere).toEqual([]);
    await board.page.context().close();
  });

  test("keeps its frame when a view cannot be shown", async () => {
    const accounts = "**/v1/operator/social-accounts?*";
    await page.route(accounts, (route) => route.fulfill({ json: { data: [{ id: "an answer of another version" }] } }));
    await hands.view("/accounts?q=any");
    await hands.heading("This view cannot be shown").waitFor();
    await page.unroute(accounts);
    await hands.press("Try again");
    await page.getByText("No account fits").waitFor();
    expect(await hands.heading("Accounts").count()).toBe(1);
  });

  test("reconnects an account by its own log-in and no other, and what was held goes out", async () => {
    const { socialAccountId, apiKey } = await site.env.createTenant({
      platform: "linkedin",
      settings: { author: "urn:li:person:robin" },
      credentials: { accessToken: "sandbox.robin.1" },
    });
    await site.env.sql("UPDATE social_accounts SET status = 'needs_reconnect' WHERE id = $1", [socialAccountId]);
    const held = await site.publishNow("Held until then", { socialAccountId, apiKey });
    await hands.view("/accounts?state=needs_reconnect");
    await hands.press("Reconnect Test account");
    await page.getByRole("dialog").getByText("Its 1 held post is released").waitFor();
    await hands.agree("Make the link");
    const link = await page.getByLabel("The link").inputValue();

    const owner = await site.newPage();
    await owner.page.goto(link);
    await owner.page.getByRole("heading", { name: "Reconnect Test account to Test company?" }).waitFor();
    await logInAt(owner.page, "kim");
    await owner.page.getByText(/as somebody who has .*kim.*Nothing was changed/).waitFor();
    await owner.page.getByRole("link", { name: /^Back to/ }).click();
    await owner.page.getByText(/The account was not reconnected.*You can close this page/).waitFor();
    expect(await site.statusOf(held)).toBe("held");
    await owner.page.context().close();

    await hands.press("Reconnect Test account");
    await hands.agree("Make the link");
    await page.getByRole("link", { name: "Open it here" }).click();
    await logInAt(page, "robin");
    await hands.told().getByText("the account is reconnected").waitFor();
    await page.getByRole("row", { name: /Test account.*linkedin.*open/ }).waitFor();
    expect(page.url()).toBe(`${site.url}/accounts?q=${socialAccountId}`);
    expect(await site.isPublished(held)).toBe(true);
    await hands.view("/accounts?platform=webhook");
    await page.getByRole("button", { name: "Check Test account" }).waitFor();
    await expect.poll(() => page.getByRole("button", { name: "Reconnect Test account" }).count()).toBe(0);
  });

  test("goes on while Redis is down, and says what is not known", async () => {
    await hands.view("/");
    await site.redis.kill();
    await page.getByText("Unknown while Redis does not answer").waitFor();
    await hands.heading(/^degraded/).waitFor();
    const id = await site.publishNow("Without Redis");
    expect(await site.isPublished(id)).toBe(true);
    await hands.view(`/posts/${id}`);
    await hands.heading(/published/).waitFor();
    await page.getByText("no job is to be seen").waitFor();
    await site.redis.restart();
    await hands.view("/");
    await page.getByRole("table", { name: "Queues" }).waitFor();
  });

  test("says that posts do not go out when the last worker is dead, and that they do again", async () => {
    site.worker.kill("SIGKILL");
    await site.worker.exited;
    const id = await site.publishNow("Nobody takes it");
    await site.env.advanceClock(60_000);
    await hands.heading(/^down/).waitFor();
    await page
      .locator(".reasons")
      .getByText(/worker/)
      .first()
      .waitFor();
    await until("the tab to say it", async () => (await page.title()).includes("down"));
    await site.startWorker();
    expect(await site.isPublished(id)).toBe(true);
    await hands.heading(/^(healthy|degraded)/).waitFor();
  });

  test("says how old its figures are when the server is gone, and goes on when it is back", async () => {
    const own = await site.newPage();
    await own.page.clock.install();
    await site.logIn(own.page, "operator", "/");
    await openHands(own.page, site.url).heading(/Posts/).waitFor();
    await site.killApi();
    await own.page.clock.fastForward(20_000);
    await own.page.getByText(/These figures are \d+ s old. The server does not answer/).waitFor();
    await site.startApi();
    const isNew = await until("new figures", async () => {
      await own.page.clock.fastForward(5_000);
      return (await own.page.getByText(/These figures are/).count()) === 0;
    });
    expect(isNew).toBe(true);
  });
});

/** From our page to the sandbox's log-in, as one of its people, and back. */
async function logInAt(page: Page, handle: string): Promise<void> {
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Somebody else:").fill(handle);
  await page.getByRole("button", { name: "Allow", exact: true }).click();
}
