/**
 * One installation, every platform: one text with a picture goes to all of them at one instant and is seen once on each,
 * a video is there before its instant and goes out at it, and the quota of one account is nobody else's. Real processes, the sandbox as every network, a real browser as a reader.
 */
import { randomUUID } from "node:crypto";
import {
  findChromium,
  mp4Sample,
  openBrowser,
  openMediaServer,
  until,
  type MediaServer,
  type TestBrowser,
} from "@punctual/testing";
import { createPlatforms } from "@punctual/platforms";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAllPlatforms, type AllPlatforms, type LedgerEntry } from "./all-platforms.fixture.ts";
import { demoAccounts, type DemoNetworkAccount } from "./demo-accounts.ts";

interface Post {
  id: string;
  platform: string;
  status: string;
  attempts: number;
  latenessMs: number | null;
  externalId: string | null;
  nextAttemptAt: string | null;
}

const accounts = demoAccounts();
/** Where a picture has to be brought before the instant; a webhook is told its address. */
const preparing = accounts.map(({ platform }) => platform).filter((platform) => platform !== "webhook");
const startTimeoutMs = 120_000;
const testTimeoutMs = 150_000;
const patience = { timeoutMs: 60_000 };
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

let all: AllPlatforms;

beforeAll(async () => {
  all = await openAllPlatforms();
}, startTimeoutMs);
afterAll(() => all?.close());

describe("one text with a picture, for every platform at one instant", () => {
  const text = `The harvest is in ${randomUUID().slice(0, 8)} #harvest`;
  const alt = "A clock in front of green hills";
  let out: WentOut;

  beforeAll(async () => {
    const media = [{ url: new URL("/_samples/picture.jpg", all.sandboxUrl).href, alt }];
    out = await goOutAtOnce("everywhere", accounts, { text, media });
  }, testTimeoutMs);

  test("there is an account of every platform there is", async () => {
    const platforms = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
    expect(out.posts.map(({ platform }) => platform).toSorted()).toEqual([...platforms.byName.keys()].toSorted());
    await platforms.stop();
  });

  test.each(accounts)("$platform shows it once, at the instant", async ({ platform, sandboxAccount }) => {
    const post = out.posts.find((candidate) => candidate.platform === platform);
    const seen = (await all.ledger(platform, sandboxAccount)).filter(({ outcome }) => outcome === "accepted");
    expect(seen).toMatchObject([{ externalId: post?.externalId, content: { text, media: [{ alt }] } }]);
    expect(Date.parse(seen[0]?.receivedAt ?? "")).toBeGreaterThanOrEqual(out.movedAt.getTime());
    expect(post?.latenessMs).toBeGreaterThanOrEqual(0);
  });

  test("and all that needs preparing was prepared before, once, and sent as it was prepared", () =>
    expectPreparedBefore("everywhere", out));

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
        await page.goto(new URL(`/feed/${platform}/${encodeURIComponent(sandboxAccount)}`, all.sandboxUrl).href);
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

describe("one video, for every network that takes one", () => {
  const filming = accounts.filter(({ platform }) =>
    ["facebook", "instagram", "linkedin", "mastodon"].includes(platform),
  );
  const text = `The harvest in motion ${randomUUID().slice(0, 8)}`;
  let films: MediaServer;
  let out: WentOut;

  beforeAll(async () => {
    films = await openMediaServer();
    const film = mp4Sample({ width: 540, height: 960, durationMs: 5_000 });
    const media = [{ url: films.put("/harvest.mp4", film, { "content-type": "video/mp4" }) }];
    // By then it must be there already: whoever came for it now would find nothing.
    const withdraw = () => films.handle("/harvest.mp4", (_request, response) => response.writeHead(410).end());
    out = await goOutAtOnce("films", filming, { text, media }, withdraw);
  }, testTimeoutMs);
  afterAll(() => films?.close());

  test("it was brought there and processed before the instant, once", () => expectPreparedBefore("films", out));

  test.each(filming)("$platform shows it once, at the instant", async ({ platform, sandboxAccount }) => {
    const post = out.posts.find((candidate) => candidate.platform === platform);
    const seen = (await all.ledger(platform, sandboxAccount)).filter(({ content }) => content.text === text);
    expect(seen).toMatchObject([{ outcome: "accepted", externalId: post?.externalId, content: { media: [{}] } }]);
    expect(Date.parse(seen[0]?.receivedAt ?? "")).toBeGreaterThanOrEqual(out.movedAt.getTime());
  });
});

test(
  "an account that used up its quota of 24 hours waits for the next day, and delays nobody else",
  async () => {
    const [full, free] = await Promise.all([
      instagramAccount("17841499999999901"),
      instagramAccount("17841499999999902"),
    ]);
    await all.control(`accounts/${full.userId}`, "PUT", { publishingQuota: 2 });
    for (const text of ["The first of the day", "The second of the day"]) await published(await post(full, text));

    const tooMany = await post(full, "One too many");
    await until("the quota to be met", async () => isWaiting(await read(tooMany)), patience);
    await published(await post(free, "Nobody's quota but its own"));
    expect(await isWaiting(await read(tooMany))).toBe(true);

    // It is asked about again now and then, and nothing is tried against it.
    await all.advance(16 * minuteMs);
    await until("the quota to be met again", async () => isWaiting(await read(tooMany)), patience);
    await published(await post(free, "Still its own"));
    expect((await seenOn(full)).map(({ outcome }) => outcome)).toEqual(["accepted", "accepted"]);

    await all.advance(dayMs);
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

interface WentOut {
  scheduledAt: Date;
  /** When the instant was moved to, by the clock of the ledger, which is never moved. */
  movedAt: Date;
  posts: Post[];
  /** By platform. */
  prepared: Map<string, Date>;
}

/** Schedules for all of these accounts, and lets the instant come once everything is prepared. */
async function goOutAtOnce(
  groupId: string,
  to: readonly DemoNetworkAccount[],
  content: object,
  onPrepared: () => unknown = () => {},
): Promise<WentOut> {
  // Further ahead than the slowest machine prepares; how long that takes is no matter, since the instant is moved to.
  const scheduledAt = new Date((await all.clock()).getTime() + 5 * minuteMs);
  const drafts = to.map(({ id: socialAccountId }) => {
    return { socialAccountId, ...content, scheduledAt: scheduledAt.toISOString(), groupId };
  });
  await all.call("POST", "/v1/posts/bulk", { posts: drafts });
  const count = to.filter(({ platform }) => preparing.includes(platform)).length;
  const prepared = await until(
    "everything is prepared",
    async () => {
      const times = await preparedTimes(groupId);
      return times.size === count ? times : null;
    },
    patience,
  );
  onPrepared();
  const movedAt = new Date();
  await all.advance(scheduledAt.getTime() - (await all.clock()).getTime());
  const posts = await until(
    "every post is published",
    async () => {
      const { data } = await all.call<{ data: Post[] }>("GET", `/v1/posts?groupId=${groupId}`);
      return data.every(({ status }) => status === "published") ? data : null;
    },
    patience,
  );
  return { scheduledAt, movedAt, posts, prepared };
}

async function expectPreparedBefore(groupId: string, { scheduledAt, posts, prepared }: WentOut): Promise<void> {
  const expected = posts.map(({ platform }) => platform).filter((platform) => preparing.includes(platform));
  expect([...prepared.keys()].toSorted()).toEqual(expected.toSorted());
  for (const time of prepared.values()) expect(time.getTime()).toBeLessThan(scheduledAt.getTime());
  expect(await preparedTimes(groupId)).toEqual(prepared);
  expect(posts.map(({ attempts }) => attempts)).toEqual(posts.map(() => 1));
}

/** Runs in the page: of the picture itself, not of what stands for it. */
async function decodedWidth(element: unknown): Promise<number> {
  const image = element as { decode(): Promise<void>; naturalWidth: number };
  await image.decode();
  return image.naturalWidth;
}

async function instagramAccount(userId: string): Promise<{ id: string; userId: string }> {
  const account = { platform: "instagram", name: userId, settings: { userId }, sandbox: true };
  const credentials = { accessToken: `sandbox.${userId}.1` };
  const { id } = await all.call<{ id: string }>("POST", "/v1/social-accounts", { ...account, credentials });
  return { id, userId };
}

async function post({ id }: { id: string }, text: string): Promise<string> {
  const media = [{ url: new URL("/_samples/picture.jpg", all.sandboxUrl).href }];
  const scheduled = await all.call<Post>("POST", "/v1/posts", { socialAccountId: id, text, media });
  return scheduled.id;
}

function read(id: string): Promise<Post> {
  return all.call<Post>("GET", `/v1/posts/${id}`);
}

async function published(id: string): Promise<string> {
  await until("the post is published", async () => (await read(id)).status === "published", patience);
  return id;
}

/** Until long after what a fault would be waited for. */
async function isWaiting({ status, nextAttemptAt }: Post): Promise<boolean> {
  const inMs = Date.parse(nextAttemptAt ?? "") - (await all.clock()).getTime();
  return status !== "published" && inMs > 10 * minuteMs;
}

/** Whose preparing was done, and when, by our clock. */
async function preparedTimes(groupId: string): Promise<Map<string, Date>> {
  const rows = await all.env.sql<{ platform: string; doneAt: Date }>(
    `SELECT preparation.platform, preparation.updated_at AS "doneAt"
     FROM preparations AS preparation JOIN posts AS post ON post.id = preparation.post_id
     WHERE post.group_id = $1 AND preparation.next_attempt_at IS NULL
       AND preparation.attempts = 1 AND preparation.failure_code IS NULL`,
    [groupId],
  );
  return new Map(rows.map(({ platform, doneAt }) => [platform, doneAt]));
}

function seenOn({ userId }: { userId: string }): Promise<LedgerEntry[]> {
  return all.ledger("instagram", userId);
}
