/** What is special about Mastodon, beside what every adapter is held to. */
import { randomUUID } from "node:crypto";
import type { OutgoingPost, Platform, PostContent } from "@punctual/core";
import {
  attemptOnce,
  type ContractWorld,
  lookOnce,
  openContractWorld,
  prepareOnce,
  rehearse,
  runToEnd,
  timesVisible,
} from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { mastodonFixture, mastodonUntrustedFixture } from "./contract.fixture.ts";
import { idempotencyKey } from "./idempotency-key.ts";
import { readLimits } from "./instance.ts";
import { comparableHtml, comparableText, countCharacters } from "./status-text.ts";

const content: PostContent = { text: "Apples", media: [], link: null, options: {}, metadata: {} };
const minuteMs = 60_000;
let world: ContractWorld;
let mastodon: Platform;

beforeAll(async () => {
  world = await openContractWorld();
  mastodon = world.platform("mastodon");
});
afterAll(() => world?.close());
beforeEach(() => world.clearFaults());

function outgoing(changes: Partial<OutgoingPost> = {}): OutgoingPost {
  const ids = { id: "post-1", socialAccountId: "account-1", revision: 1, requestId: null };
  return { ...content, ...ids, scheduledAt: new Date(), firstSentAt: null, ...changes };
}

describe("a repeat is harmless", () => {
  const now = new Date("2026-01-01T12:00:00Z");
  const since = (minutes: number) => outgoing({ firstSentAt: new Date(now.getTime() - minutes * minuteMs) });

  test("for 55 minutes after the first attempt", () => {
    expect(mastodon.guarantee(outgoing(), now, {})).toBe("idempotent");
    expect(mastodon.guarantee(since(54.9), now, {})).toBe("idempotent");
    expect(mastodon.guarantee(since(55), now, {})).toBe("at_most_once");
  });

  test("never on a server that does not honour keys, and not where the server is unknown", () => {
    expect(mastodon.guarantee(outgoing(), now, { trustIdempotencyKey: false })).toBe("at_most_once");
    expect(mastodon.guarantee(outgoing(), now)).toBe("at_most_once");
    expect(mastodon.guarantee(outgoing(), now, { trustIdempotencyKey: true })).toBe("idempotent");
  });

  test("since the key is that of the content, whatever else changes", () => {
    const key = idempotencyKey(outgoing({ options: { language: "en", visibility: "public" } }));
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    const again = outgoing({
      options: { visibility: "public", language: "en" },
      revision: 2,
      scheduledAt: now,
      firstSentAt: now,
    });
    expect(idempotencyKey(again)).toBe(key);
    for (const changes of [
      { id: "post-2" },
      { text: "Pears" },
      { link: "https://a.example" },
      { media: [{ url: "https://a.example/1" }] },
      { options: { visibility: "private" } },
    ]) {
      expect(idempotencyKey(outgoing({ options: { language: "en", visibility: "public" }, ...changes }))).not.toBe(key);
    }
  });
});

describe("a lost answer", () => {
  test("is found by looking where a repeat of its key is answered with 500", async () => {
    const rehearsal = await rehearse(world, { ...mastodonFixture, toldToSandbox: { idempotencyKeys: "failing" } });
    const { ledgerAccount: account } = rehearsal;
    await world.fault({ platform: "mastodon", account, times: 1, fault: { kind: "accept_then_reset" } });
    const ending = await runToEnd(rehearsal);
    expect(ending.status).toBe("published");
    expect(ending.outcomes.at(-1)).toMatchObject({ kind: "unknown", code: "http_500" });
    expect(ending.confirmations.at(-1)).toMatchObject({ kind: "published" });
    expect(await timesVisible(rehearsal)).toBe(1);
  });

  test("would be a double where keys are ignored, were they trusted: the setting is needed", async () => {
    const trusting = { ...mastodonUntrustedFixture, account: mastodonFixture.account };
    const rehearsal = await rehearse(world, trusting);
    const { ledgerAccount: account } = rehearsal;
    await world.fault({ platform: "mastodon", account, times: 1, fault: { kind: "accept_then_reset" } });
    await runToEnd(rehearsal);
    expect(await timesVisible(rehearsal)).toBe(2);
  });

  test("is nobody's to tell where several of the account's posts look like it", async () => {
    const rehearsal = await rehearse(world, mastodonFixture);
    await attemptOnce(rehearsal);
    const { firstSentAt } = rehearsal.post;
    rehearsal.post = { ...rehearsal.post, id: randomUUID() };
    await attemptOnce(rehearsal);
    expect(await timesVisible(rehearsal)).toBe(2);
    rehearsal.post = { ...rehearsal.post, firstSentAt };
    const message = "several of the account's posts look like it";
    expect(await lookOnce(rehearsal)).toEqual({ kind: "cannot_tell", message });
  });

  test("is not taken for another post of the same account", async () => {
    const rehearsal = await rehearse(world, mastodonFixture);
    await attemptOnce(rehearsal);
    const { post } = rehearsal;
    for (const other of [
      { ...post, text: `${post.text}!` },
      { ...post, options: { spoilerText: "Fruit" } },
      { ...post, firstSentAt: new Date(Date.now() + 10 * minuteMs) },
    ]) {
      expect(await lookOnce({ ...rehearsal, post: other })).toMatchObject({ kind: "cannot_tell" });
    }
    expect(await lookOnce({ ...rehearsal, post: { ...post, firstSentAt: null } })).toMatchObject({
      kind: "cannot_tell",
    });
  });

  test("is not seen while the listing lags", async () => {
    const rehearsal = await rehearse(world, mastodonFixture);
    await attemptOnce(rehearsal);
    const { ledgerAccount: account } = rehearsal;
    await world.fault({ platform: "mastodon", account, times: 1, fault: { kind: "lookup_lag", ms: 60_000 } });
    expect(await lookOnce(rehearsal)).toMatchObject({ kind: "cannot_tell" });
    expect(await lookOnce(rehearsal)).toMatchObject({ kind: "published" });
  });
});

describe("characters are counted as the instance counts them", () => {
  test.each([
    ["plain", 5],
    ["é👨‍👩‍👧‍👦🇯🇵", 3],
    [`https://a.example/${"x".repeat(200)}`, 23],
    ["see http://b.example.", 4 + 23],
    ["hi @friend@other.example!", 3 + 7 + 1],
    ["hi @friend", 10],
    ["mail me@other.example", 21],
  ])("%s", (text, characters) => {
    expect(countCharacters(text)).toBe(characters);
  });

  test.each([
    ["Apples & <pears>\n\n“quoted”", "<p>Apples &amp; &lt;pears&gt;</p><p>“quoted”</p>"],
    [
      "to https://a.example/long and @friend@other.example #tag",
      '<p>to <a href="https://a.example/long"><span class="invisible">https://</span><span class="ellipsis">a.example</span><span class="invisible">/long</span></a> and <span class="h-card"><a href="https://other.example/@friend">@<span>friend</span></a></span> <a href="/tags/tag">#<span>tag</span></a></p>',
    ],
    ["one\ntwo", "<p>one<br />two</p>"],
  ])("and %j is told in the HTML it becomes", (text, html) => {
    expect(comparableHtml(html)).toBe(comparableText(text));
  });
});

describe("a post is refused before anything is promised", () => {
  test.each<[string, Partial<PostContent>, string]>([
    ["with 501 characters", { text: "x".repeat(501) }, "/text"],
    [
      "with a warning that makes it too long",
      { text: "x".repeat(490), options: { spoilerText: "x".repeat(11) } },
      "/text",
    ],
    ["with a link that makes it too long", { text: "x".repeat(476), link: "https://a.example" }, "/text"],
    ["with nothing in it", { text: " " }, "/text"],
    ["for readers nobody knows", { options: { visibility: "friends" } }, "/options/visibility"],
    ["with a warning of nothing", { options: { spoilerText: "" } }, "/options/spoilerText"],
    ["with a sensitivity that is none", { options: { sensitive: "yes" } }, "/options/sensitive"],
    ["in no language", { options: { language: "English" } }, "/options/language"],
    ["with a limit that is none", { options: { charactersMax: "many" } }, "/options/charactersMax"],
    [
      "with a description that is too long",
      { media: [{ url: "https://a.example/1", alt: "é".repeat(1_501) }] },
      "/media/0/alt",
    ],
  ])("%s", (_what, changes, path) => {
    expect(mastodon.validatePost({ ...content, ...changes }).map((issue) => issue.path)).toEqual([path]);
  });

  test("not if its instance takes more, and the client knows", () => {
    expect(mastodon.validatePost({ ...content, text: "x".repeat(5_000), options: { charactersMax: 5_000 } })).toEqual(
      [],
    );
    const issues = mastodon.validatePost({ ...content, text: "x".repeat(5_001), options: { charactersMax: 5_000 } });
    expect(issues).toMatchObject([{ path: "/text", code: "text_too_long" }]);
  });
});

test.each([
  [{}, "/settings/instanceUrl"],
  [{ instanceUrl: "https://a.example/path" }, "/settings/instanceUrl"],
  [{ instanceUrl: "mastodon.social" }, "/settings/instanceUrl"],
  [{ instanceUrl: "https://a.example", trustIdempotencyKey: "no" }, "/settings/trustIdempotencyKey"],
  [{ instanceUrl: "https://a.example", account: "me" }, "/settings/account"],
  [{ instanceUrl: "https://a.example", server: "x" }, "/settings/server"],
])("an account with settings %j is refused", (settings, path) => {
  const draft = { settings, credentials: { accessToken: "a-token" }, sandbox: false };
  expect(mastodon.validateAccount(draft).map((issue) => issue.path)).toEqual([path]);
});

test("an account that was given by token tells who it is when it is asked whether it works", async () => {
  const { account, handle } = await rehearse(world, mastodonFixture);
  expect(mastodon.accountIdentity?.(account)).toBeNull();
  const check = await mastodon.check?.(account, { timeoutMs: 20_000, signal: new AbortController().signal });
  const settings = { account: `${handle}@sandbox` };
  expect(check).toEqual({ kind: "works", learned: { settings, credentialsVersion: account.credentialsVersion } });
  const known = { ...account, settings: { ...account.settings, ...settings } };
  expect(mastodon.validateAccount(known)).toEqual([]);
  expect(mastodon.accountIdentity?.(known)).toBe(`${handle}@sandbox`);
});

describe("an instance's own limits", () => {
  test("are read, and the usual ones hold where it says nothing", () => {
    const said = readLimits({
      configuration: {
        statuses: { max_characters: 5_000, max_media_attachments: 8, characters_reserved_per_url: 30 },
        media_attachments: {
          supported_mime_types: ["image/png", "video/mp4", "audio/ogg"],
          image_size_limit: 1_000,
          image_matrix_limit: 100,
          description_limit: 10,
        },
      },
    });
    expect(said).toMatchObject({ textCharactersMax: 5_000, charactersPerUrl: 30, mediaItemsMax: 8 });
    expect(said.media).toMatchObject({
      altCharactersMax: 10,
      rules: [
        { kind: "image", types: ["image/png"], bytesMax: 1_000, pixelsMax: 100 },
        { kind: "video", types: ["video/mp4"], bytesMax: 103_809_024 },
      ],
    });
    expect(readLimits({})).toMatchObject({ textCharactersMax: 500, mediaItemsMax: 4 });
    expect(readLimits({ max_toot_chars: 1_024 })).toMatchObject({ textCharactersMax: 1_024 });
    expect(readLimits({ configuration: { statuses: { max_characters: "many" } } })).toMatchObject({
      textCharactersMax: 500,
    });
  });

  test("are told ahead of the instant", async () => {
    const { account } = await rehearse(world, mastodonFixture);
    const context = { account, timeoutMs: 20_000, signal: new AbortController().signal };
    const inspect = (changes: Partial<PostContent>) => mastodon.inspect?.({ ...content, ...changes }, context);
    expect(await inspect({ media: [{ url: world.samples.png() }] })).toEqual([]);
    expect(await inspect({ text: "x".repeat(501), options: { charactersMax: 1_000 } })).toMatchObject([
      { path: "/text", code: "text_too_long" },
    ]);
    const mixed = [{ url: world.samples.png() }, { url: world.samples.mp4() }];
    expect(await inspect({ media: mixed })).toMatchObject([{ path: "/media/1", code: "media_mixed" }]);
    expect(await inspect({ media: [{ url: world.samples.page() }] })).toMatchObject([
      { path: "/media/0", code: "media_type" },
    ]);
  });
});

describe("uploads", () => {
  test("that the instance may have removed by now are made again", async () => {
    const rehearsal = await rehearse(world, mastodonFixture, "one image");
    await prepareOnce(rehearsal);
    const first = rehearsal.checkpoint as { media: { id: string }[]; uploadedAt: string };
    rehearsal.checkpoint = { ...first, uploadedAt: new Date(Date.now() - 7 * 60 * minuteMs).toISOString() };
    await prepareOnce(rehearsal);
    const again = rehearsal.checkpoint as { media: { id: string }[] };
    expect(again.media).toHaveLength(1);
    expect(again.media[0]?.id).not.toBe(first.media[0]?.id);
  });

  test("that were made are kept when something fails after them", async () => {
    const waiting = await rehearse(world, mastodonFixture, "video");
    const { ledgerAccount: account } = waiting;
    // The second call while preparing is the first look at the upload.
    await world.fault({ platform: "mastodon", account, stage: "prepare", times: 1, fault: { kind: "delay", ms: 1 } });
    await world.fault({
      platform: "mastodon",
      account,
      stage: "prepare",
      times: 1,
      fault: { kind: "status", status: 503 },
    });
    expect(await prepareOnce(waiting)).toMatchObject({ kind: "retry", category: "platform" });
    const kept = waiting.checkpoint as { media: { id: string; ready: boolean }[] };
    expect(kept.media).toMatchObject([{ ready: false }]);
    expect(await prepareOnce(waiting)).toMatchObject({
      kind: "ready",
      checkpoint: { media: [{ id: kept.media[0]?.id, ready: true }] },
    });
  });
});
