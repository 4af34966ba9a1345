/**
 * One installation, every platform: one text with a picture goes to all of them at one instant and is seen once on each,
 * and the quota of one account is nobody else's. Real processes, the sandbox as every network, a real browser as a reader.
 */
import { randomUUID } from "node:crypto";
import { demoApiKey, seedDemo } from "@punctual/db";
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
import { createPlatforms } from "@punctual/platforms";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoAccounts } from "./demo-accounts.ts";

interface Post {
  id: string;
  platform: string;
  status: string;
  attempts: number;
  latenessMs: number | null;
  externalId: string | null;
  nextAttemptAt: string | null;
}

interface LedgerEntry {
  outcome: "accepted" | "repeat" | "refused";
  receivedAt: string;
  externalId: string | null;
  content: { text: string; media: { alt: string | null }[] };
}

const accounts = demoAccounts();
/** Where a picture has to be brought before the instant; a webhook is told its address. */
const preparing = accounts.map(({ platform }) => platform).filter((platform) => platform !== "webhook");
const startTimeoutMs = 120_000;
const testTimeoutMs = 150_000;
const patience = { timeoutMs: 60_000 };
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

let env: TestEnvironment;
let sandbox: LaunchedApp;
let api: LaunchedApp;
let worker: LaunchedApp;
let apiKey: string;

beforeAll(async () => {
  [env, sandbox] = await Promise.all([createTestEnvironment(), launchApp("sandbox", {})]);
  await seedDemo(env.database, env.keyring, accounts);
  ({ key: apiKey } = await demoApiKey(env.database, undefined));
  const settings = {
    DATABASE_URL: env.databaseUrl,
    REDIS_URL: env.redisUrl,
    ENCRYPTION_KEYS: env.encryptionKeys,
    OPERATOR_PASSWORD: "operator-password",
    SANDBOX_URL: sandbox.url,
    ALLOW_PRIVATE_NETWORKS: "true",
  };
  [api, worker] = await Promise.all([launchApp("api", settings), launchApp("worker", settings)]);
}, startTimeoutMs);
afterAll(async () => {
  const apps = [api, worker, sandbox].filter((app) => app !== undefined);
  for (const app of apps) app.kill("SIGTERM");
  await Promise.all(apps.map(({ exited }) => exited));
  await env?.close();
});

describe("one text with a picture, for every platform at one instant", () => {
  const text = `The harvest is in ${randomUUID().slice(0, 8)} #harvest`;
  const alt = "A clock in front of green hills";
  let scheduledAt: Date;
  let posts: Post[];
  let prepared: Map<string, Date>;
  /** When the instant was moved to, by the clock of the ledger, which is never moved. */
  let movedAt: Date;

  beforeAll(async () => {
    // Further ahead than the slowest machine prepares; how long that takes is no matter, since the instant is moved to.
    scheduledAt = new Date((await clock()).getTime() + 5 * minuteMs);
    const media = [{ url: new URL("/_samples/picture.jpg", sandbox.url).href, alt }];
    const drafts = accounts.map(({ id: socialAccountId }) => {
      return { socialAccountId, text, media, scheduledAt: scheduledAt.toISOString(), groupId: "everywhere" };
    });
    await call("POST", "/v1/posts/bulk", { posts: drafts });
    prepared = await until(
      "everything is prepared",
      async () => {
        const times = await preparedTimes();
        return times.size === preparing.length ? times : null;
      },
      patience,
    );
    movedAt = new Date();
    await advance(scheduledAt.getTime() - (await clock()).getTime());
    posts = await until(
      "every post is published",
      async () => {
        const { data } = await call<{ data: Post[] }>("GET", "/v1/posts?groupId=everywhere");
        return data.every(({ status }) => status === "published") ? data : null;
      },
      patience,
    );
  }, testTimeoutMs);

  test("there is an account of every platform there is", async () => {
    const platforms = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
    expect(posts.map(({ platform }) => platform).toSorted()).toEqual([...platforms.byName.keys()].toSorted());
    await platforms.stop();
  });

  test.each(accounts)("$platform shows it once, at the instant", async ({ platform, sandboxAccount }) => {
    const post = posts.find((candidate) => candidate.platform === platform);
    const seen = (await ledger(platform, sandboxAccount)).filter(({ outcome }) => outcome === "accepted");
    expect(seen).toMatchObject([{ externalId: post?.externalId, content: { text, media: [{ alt }] } }]);
    expect(Date.parse(seen[0]?.receivedAt ?? "")).toBeGreaterThanOrEqual(movedAt.getTime());
    expect(post?.latenessMs).toBeGreaterThanOrEqual(0);
  });

  test("and all that needs preparing was prepared before, once, and sent as it was prepared", async () => {
    expect([...prepared.keys()].toSorted()).toEqual(preparing.toSorted());
    for (const time of prepared.values()) expect(time.getTime()).toBeLessThan(scheduledAt.getTime());
    expect(await preparedTimes()).toEqual(prepared);
    expect(posts.map(({ attempts }) => attempts)).toEqual(posts.map(() => 1));
  });

  describe.skipIf(findChromium() === null)("in a browser", () => {
    let browser: TestBrowser;
    beforeAll(async () => {
      browser = await openBrowser();
    }, startTimeoutMs);
    afterAll(() => browser?.close());

    test.each(accounts)(
      "the feed of $platform shows text and picture",
      async ({ platform, sandboxAccount }) => {
        const { page, complaints } = await browser.newPage({ viewport: { width: 800, height: 700 } });
        await page.goto(new URL(`/feed/${platform}/${encodeURIComponent(sandboxAccount)}`, sandbox.url).href);
        const article = page.getByRole("article");
        await article.getByText(text, { exact: true }).waitFor();
        expect(await article.count()).toBe(1);
        // The webhook passes addresses on; networks have the picture itself.
        if (platform === "webhook") await article.getByRole("link", { name: /picture\.jpg$/ }).waitFor();
        else expect(await article.getByRole("img", { name: alt }).evaluate(decodedWidth)).toBeGreaterThan(100);
        expect(complaints).toEqual([]);
        await page.context().close();
      },
      testTimeoutMs,
    );
  });
});

test(
  "an account that used up its quota of 24 hours waits for the next day, and delays nobody else",
  async () => {
    const [full, free] = await Promise.all([
      instagramAccount("17841499999999901"),
      instagramAccount("17841499999999902"),
    ]);
    await control(`accounts/${full.userId}`, "PUT", { publishingQuota: 2 });
    for (const text of ["The first of the day", "The second of the day"]) await published(await post(full, text));

    const tooMany = await post(full, "One too many");
    await until("the quota to be met", async () => isWaiting(await read(tooMany)), patience);
    await published(await post(free, "Nobody's quota but its own"));
    expect(await isWaiting(await read(tooMany))).toBe(true);

    // It is asked about again now and then, and nothing is tried against it.
    await advance(16 * minuteMs);
    await until("the quota to be met again", async () => isWaiting(await read(tooMany)), patience);
    await published(await post(free, "Still its own"));
    expect((await seenOn(full)).map(({ outcome }) => outcome)).toEqual(["accepted", "accepted"]);

    await advance(dayMs);
    const late = await read(await published(tooMany));
    expect(late.latenessMs).toBeGreaterThan(dayMs);
    expect((await seenOn(full)).map(({ content }) => content.text)).toEqual([
      "The first of the day",
      "The second of the day",
      "One too many",
    ]);
  },
  testTimeoutMs,
);

/** Runs in the page: of the picture itself, not of what stands for it. */
async function decodedWidth(element: unknown): Promise<number> {
  const image = element as { decode(): Promise<void>; naturalWidth: number };
  await image.decode();
  return image.naturalWidth;
}

async function instagramAccount(userId: string): Promise<{ id: string; userId: string }> {
  const account = { platform: "instagram", name: userId, settings: { userId }, sandbox: true };
  const credentials = { accessToken: `sandbox.${userId}.1` };
  const { id } = await call<{ id: string }>("POST", "/v1/social-accounts", { ...account, credentials });
  return { id, userId };
}

async function post({ id }: { id: string }, text: string): Promise<string> {
  const media = [{ url: new URL("/_samples/picture.jpg", sandbox.url).href }];
  const scheduled = await call<Post>("POST", "/v1/posts", { socialAccountId: id, text, media });
  return scheduled.id;
}

function read(id: string): Promise<Post> {
  return call<Post>("GET", `/v1/posts/${id}`);
}

async function published(id: string): Promise<string> {
  await until("the post is published", async () => (await read(id)).status === "published", patience);
  return id;
}

/** Until long after what a fault would be waited for. */
async function isWaiting({ status, nextAttemptAt }: Post): Promise<boolean> {
  const inMs = Date.parse(nextAttemptAt ?? "") - (await clock()).getTime();
  return status !== "published" && inMs > 10 * minuteMs;
}

/** Whose preparing was done, and when, by our clock. */
async function preparedTimes(): Promise<Map<string, Date>> {
  const rows = await env.sql<{ platform: string; doneAt: Date }>(
    `SELECT preparation.platform, preparation.updated_at AS "doneAt"
     FROM preparations AS preparation JOIN posts AS post ON post.id = preparation.post_id
     WHERE post.group_id = 'everywhere' AND preparation.next_attempt_at IS NULL
       AND preparation.attempts = 1 AND preparation.failure_code IS NULL`,
  );
  return new Map(rows.map(({ platform, doneAt }) => [platform, doneAt]));
}

async function clock(): Promise<Date> {
  const [row] = await env.sql<{ now: Date }>("SELECT app_now() AS now");
  if (row === undefined) throw new Error("Postgres told no time");
  return row.now;
}

/** Our time, and the network's. */
async function advance(ms: number): Promise<void> {
  await Promise.all([env.advanceClock(ms), control("clock", "POST", { advanceMs: ms })]);
}

function seenOn({ userId }: { userId: string }): Promise<LedgerEntry[]> {
  return ledger("instagram", userId);
}

async function ledger(platform: string, account: string): Promise<LedgerEntry[]> {
  const query = new URLSearchParams({ platform, account });
  const answer = await fetch(new URL(`/_ledger?${query.toString()}`, sandbox.url));
  return ((await answer.json()) as { data: LedgerEntry[] }).data;
}

async function control(path: string, method: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(new URL(`/_control/${path}`, sandbox.url), {
    method,
    headers,
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
}

async function call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(new URL(path, api.url), {
    method,
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}
