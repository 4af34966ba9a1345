/** What is special about Bluesky, beside what every adapter is held to. */
import type { Platform, PostContent } from "@punctual/core";
import {
  attemptOnce,
  type ContractWorld,
  openContractWorld,
  prepareOnce,
  rehearse,
  runToEnd,
  sendOnce,
  timesVisible,
} from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { blueskyFixture } from "./contract.fixture.ts";
import { recordKey } from "./record-key.ts";

const content: PostContent = { text: "Apples", media: [], link: null, options: {}, metadata: {} };
const [did, otherDid] = ["did:plc:kim", "did:plc:sam"];
const limits = { timeoutMs: 20_000, signal: new AbortController().signal };
let world: ContractWorld;
let bluesky: Platform;

beforeAll(async () => {
  world = await openContractWorld();
  bluesky = world.platform("bluesky");
});
afterAll(() => world?.close());
beforeEach(() => world.clearFaults());

describe("a post is refused before anything is promised", () => {
  test.each<[string, Partial<PostContent>, string]>([
    ["with 301 characters", { text: "é".repeat(301) }, "/text"],
    ["with 3,001 bytes", { text: "👨‍👩‍👧‍👦".repeat(121) }, "/text"],
    [
      "with a link written out that makes it too long",
      { text: "x".repeat(290), link: "https://a.example", media: [{ url: "https://a.example/1" }] },
      "/text",
    ],
    ["with nothing in it", { text: " \n" }, "/text"],
    ["with four languages", { options: { languages: ["en", "de", "fr", "it"] } }, "/options/languages"],
    ["in no language", { options: { languages: ["English"] } }, "/options/languages"],
    ["with a tag that is written as in a text", { options: { tags: ["#apples"] } }, "/options/tags"],
    ["with a label nobody knows", { options: { labels: ["boring"] } }, "/options/labels"],
    ["with a card's title and no link", { options: { linkTitle: "Apples" } }, "/options/linkTitle"],
  ])("%s", (_what, changes, path) => {
    expect(bluesky.validatePost({ ...content, ...changes }).map((issue) => issue.path)).toEqual([path]);
  });

  test.each<[string, Partial<PostContent>]>([
    ["with 300 characters of many bytes", { text: "é".repeat(300) }],
    ["with families", { text: "👨‍👩‍👧‍👦".repeat(100) }],
    ["with a link alone", { text: "", link: "https://a.example" }],
    [
      "with every option",
      {
        link: "https://a.example",
        options: {
          languages: ["en", "pt-BR"],
          tags: ["apples"],
          labels: ["nudity"],
          linkTitle: "A",
          linkDescription: "B",
        },
      },
    ],
  ])("but not %s", (_what, changes) => {
    expect(bluesky.validatePost({ ...content, ...changes })).toEqual([]);
  });
});

test.each([
  [{ serviceUrl: "https://a.example/path" }, {}, "/settings/serviceUrl"],
  [{ serviceUrl: "bsky.social" }, {}, "/settings/serviceUrl"],
  [{ server: "https://a.example" }, {}, "/settings/server"],
  [{}, { identifier: "@name.example.com" }, "/credentials/identifier"],
  [{}, { identifier: "name" }, "/credentials/identifier"],
  [{}, { appPassword: "with spaces" }, "/credentials/appPassword"],
  [{}, { token: "x" }, "/credentials/token"],
])("an account with %j and %j is refused", (settings, credentials, path) => {
  const draft = {
    settings,
    credentials: { identifier: "name.example.com", appPassword: "x", ...credentials },
    sandbox: false,
  };
  expect(bluesky.validateAccount(draft).map((issue) => issue.path)).toEqual([path]);
});

describe("a record", () => {
  test("is the same on every attempt, and so is what the network makes of it", async () => {
    const rehearsal = await rehearse(world, blueskyFixture, "several images");
    await prepareOnce(rehearsal);
    const [first, second] = [await sendOnce(rehearsal), await sendOnce(rehearsal)];
    expect(second).toEqual(first);
    const lines = (await world.ledger("bluesky", rehearsal.ledgerAccount)) as unknown as {
      outcome: string;
      body: string;
    }[];
    expect(lines.map(({ outcome }) => outcome)).toEqual(["accepted", "repeat"]);
    expect(lines[1]?.body).toBe(lines[0]?.body);
  });

  test("never takes the place of another one under its key", async () => {
    const rehearsal = await rehearse(world, blueskyFixture);
    await attemptOnce(rehearsal);
    rehearsal.post = { ...rehearsal.post, text: `${rehearsal.post.text}, and something else` };
    const refused = await attemptOnce(rehearsal);
    const uri = expect.stringMatching(new RegExp(`/app\\.bsky\\.feed\\.post/${recordKey(rehearsal.post)}$`)) as string;
    expect(refused).toMatchObject({ kind: "rejected", category: "duplicate", code: "InvalidSwap", externalId: uri });
    expect(await timesVisible(rehearsal)).toBe(1);
    const look = await bluesky.confirm?.(rehearsal.post, { ...limits, account: rehearsal.account, checkpoint: null });
    expect(look).toEqual({ kind: "cannot_tell", message: "another record is under the key of this post" });
  });

  test("says the time it was scheduled for, in its languages, with its labels", async () => {
    const rehearsal = await rehearse(world, blueskyFixture);
    const scheduledAt = new Date("2026-01-01T12:00:00Z");
    const options = { languages: ["en"], labels: ["nudity"], tags: ["apples"] };
    rehearsal.post = { ...rehearsal.post, scheduledAt, options };
    await attemptOnce(rehearsal);
    const [line] = (await world.ledger("bluesky", rehearsal.ledgerAccount)) as unknown as { body: string }[];
    expect(JSON.parse(line?.body ?? "")).toMatchObject({
      rkey: recordKey(rehearsal.post),
      swapRecord: null,
      record: {
        createdAt: "2026-01-01T12:00:00.000Z",
        langs: ["en"],
        tags: ["apples"],
        labels: { $type: "com.atproto.label.defs#selfLabels", values: [{ val: "nudity" }] },
      },
    });
  });

  test("writes its link out beside images, and makes a card of it without", async () => {
    const rehearsal = await rehearse(world, blueskyFixture, "one image");
    rehearsal.post = { ...rehearsal.post, link: "https://shop.example/apples" };
    await attemptOnce(rehearsal);
    const [line] = await world.ledger("bluesky", rehearsal.ledgerAccount);
    expect(line?.content.text).toBe(`${rehearsal.post.text}\n\nhttps://shop.example/apples`);
  });
});

describe("preparing", () => {
  test("leaves a name nobody has as plain text", async () => {
    const rehearsal = await rehearse(world, blueskyFixture);
    rehearsal.post = { ...rehearsal.post, text: `${rehearsal.marker} @nobody.example.com and @some.example.com` };
    await attemptOnce(rehearsal);
    const [line] = (await world.ledger("bluesky", rehearsal.ledgerAccount)) as unknown as { body: string }[];
    const { record } = JSON.parse(line?.body ?? "") as { record: { facets: { features: unknown[] }[] } };
    expect(record.facets.map(({ features }) => features)).toEqual([
      [{ $type: "app.bsky.richtext.facet#mention", did: expect.stringMatching(/^did:plc:/) as string }],
    ]);
  });

  test("makes a plain card of a page that cannot be had, and takes the post's own words before the page's", async () => {
    const gone = await rehearse(world, blueskyFixture, "link");
    gone.post = { ...gone.post, link: "http://127.0.0.1:9/gone" };
    await attemptOnce(gone);
    const said = await rehearse(world, blueskyFixture, "link");
    said.post = { ...said.post, options: { linkTitle: "Our own title" } };
    await attemptOnce(said);
    const card = async (account: string) => {
      const [line] = (await world.ledger("bluesky", account)) as unknown as { content: { card: object } }[];
      return line?.content.card;
    };
    expect(await card(gone.ledgerAccount)).toEqual({ title: "127.0.0.1:9", description: "", imageUrl: null });
    expect(await card(said.ledgerAccount)).toMatchObject({
      title: "Our own title",
      imageUrl: expect.stringContaining("/_uploads/") as string,
    });
  });

  test("uploads again what the server may have collected by now", async () => {
    const rehearsal = await rehearse(world, blueskyFixture, "one image");
    await prepareOnce(rehearsal);
    const first = rehearsal.checkpoint as { uploadedAt: string; images: unknown[] };
    const uploadedAt = new Date(Date.now() - 31 * 60_000).toISOString();
    rehearsal.checkpoint = { ...first, uploadedAt };
    await prepareOnce(rehearsal);
    expect(rehearsal.checkpoint).not.toMatchObject({ uploadedAt });
    // The same bytes: the same reference.
    expect(rehearsal.checkpoint).toMatchObject({ images: first.images });
  });

  test("refuses what the bytes show not to be a picture, ahead as well", async () => {
    const rehearsal = await rehearse(world, blueskyFixture, "one image");
    const media = [{ url: world.samples.mp4() }];
    rehearsal.post = { ...rehearsal.post, media };
    expect(await prepareOnce(rehearsal)).toMatchObject({ kind: "rejected", code: "media_type" });
    const issues = await bluesky.inspect?.(rehearsal.post, { ...limits, account: rehearsal.account });
    expect(issues).toMatchObject([{ path: "/media/0", code: "media_type" }]);
  });
});

describe("a session", () => {
  test("that is over or was never made refuses to send, which has it renewed", async () => {
    const rehearsal = await rehearse(world, blueskyFixture);
    const { credentials, credentialsVersion } = rehearsal.account;
    const { identifier, appPassword } = credentials;
    rehearsal.account = { ...rehearsal.account, credentials: { identifier, appPassword } };
    expect(bluesky.credentialsExpireAt?.(rehearsal.account)).toEqual(new Date(0));
    const outcome = await sendOnce(rehearsal);
    expect(outcome).toMatchObject({ kind: "reconnect", category: "auth", code: "no_session", credentialsVersion });
    expect(await runToEnd(rehearsal)).toMatchObject({ status: "published" });
  });

  test("lives two hours and is renewed by its refresh token, or else by the password", async () => {
    const { account } = await rehearse(world, blueskyFixture);
    const expiresAt = bluesky.credentialsExpireAt?.(account)?.getTime() ?? 0;
    expect(expiresAt - Date.now()).toBeGreaterThan(7_000_000);
    expect(expiresAt - Date.now()).toBeLessThanOrEqual(7_200_000);
    const spoiled = { ...account, credentials: { ...account.credentials, refreshJwt: "aaaa.bbbb.cccc" } };
    expect(await bluesky.refresh?.(spoiled, limits)).toMatchObject({
      kind: "refreshed",
      credentials: { identifier: account.credentials["identifier"], appPassword: account.credentials["appPassword"] },
    });
  });

  test("is not given up for a fault that passes", async () => {
    const { account, ledgerAccount } = await rehearse(world, blueskyFixture);
    const rule = { platform: "bluesky", account: ledgerAccount, stage: "prepare", times: 1 };
    for (const fault of [
      { kind: "status", status: 503 },
      { kind: "reset" },
      { kind: "status", status: 429, retryAfter: 60 },
    ]) {
      await world.fault({ ...rule, fault });
      expect(await bluesky.refresh?.(account, limits)).toMatchObject({ kind: "unavailable" });
    }
  });

  test.each<[string, object, object, boolean]>([
    ["a handle, however written", { identifier: "Kim.Example" }, { identifier: "kim.example" }, true],
    ["another handle", { identifier: "kim.example" }, { identifier: "sam.example" }, false],
    [
      "a handle whose DID is known of one only",
      { identifier: "kim.example", did },
      { identifier: "kim.example" },
      true,
    ],
    ["a handle that changed", { identifier: "kim.example", did }, { identifier: "kim.net", did }, true],
    [
      "a handle that is somebody else's now",
      { identifier: "kim.example", did },
      { identifier: "kim.example", did: otherDid },
      false,
    ],
    ["a DID in a handle's place", { identifier: did }, { identifier: "kim.example", did }, true],
    ["another DID in a handle's place", { identifier: otherDid }, { identifier: "kim.example", did }, false],
    [
      "an e-mail address whose DID is known",
      { identifier: "kim@mail.example", did },
      { identifier: "kim.example", did },
      true,
    ],
    ["an e-mail address", { identifier: "kim@mail.example" }, { identifier: "kim.example", did }, false],
  ])("is recognised by %s", (_what, one, other, same) => {
    const [first, second] = [one, other].map((credentials) => ({ settings: {}, credentials: { ...credentials } }));
    expect(bluesky.isSameAccount!(first!, second!)).toBe(same);
    expect(bluesky.isSameAccount!(second!, first!)).toBe(same);
  });

  test("tells whose it is once there is one, whatever the account was given by", async () => {
    const { account } = await rehearse(world, blueskyFixture);
    const credentials = { identifier: "kim@mail.example", appPassword: "x" };
    expect(bluesky.accountIdentity!({ settings: {}, credentials })).toBeNull();
    expect(bluesky.accountIdentity!(account)).toBe(account.credentials["did"]);
  });
});
