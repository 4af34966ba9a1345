/** Against the sandbox, which speaks the Graph API from a ledger of its own. */
import type { ConnectedAccount, OutgoingPost, Published } from "@punctual/core";
import { gifSample, pngSample } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRehearsal, type Rehearsal } from "../graph/rehearsal.fixture.ts";

let rehearsal: Rehearsal;
let account: ConnectedAccount;

beforeAll(async () => {
  rehearsal = await openRehearsal("facebook", "pageId");
});
afterAll(() => rehearsal?.close());
beforeEach(() => {
  account = rehearsal.account();
});
afterEach(() => rehearsal.settle());

const kinds: [kind: string, content: () => Partial<OutgoingPost>][] = [
  ["a text", () => ({})],
  ["a link with a text", () => ({ link: "https://example.com/a?b=c" })],
  ["a link alone", () => ({ text: "", link: "https://example.com/alone" })],
  ["a picture", () => ({ media: [rehearsal.jpeg()] })],
  ["a picture without a text", () => ({ text: "", media: [rehearsal.jpeg()] })],
  [
    "several pictures",
    () => ({
      media: [
        rehearsal.jpeg(),
        { url: rehearsal.media.put("/b.png", pngSample()) },
        { url: rehearsal.media.put("/c", gifSample()) },
      ],
    }),
  ],
  ["a video", () => ({ media: [rehearsal.film()] })],
  ["a reel", () => ({ media: [rehearsal.film()], options: { reel: true } })],
];

describe("publishing", () => {
  test.each(kinds)("%s shows it once, as it was given, where the answer says", async (_kind, content) => {
    const post = rehearsal.post(content());
    const { outcome } = await rehearsal.attempt(post, account);
    const entries = await rehearsal.ledger(account);
    expect(entries).toHaveLength(1);
    const [{ externalId, externalUrl, content: shown } = entries[0]!] = entries;
    expect(outcome).toMatchObject({ kind: "published", httpStatus: 200, externalId });
    expect(shown.text).toBe(post.text);
    expect(shown.link).toBe(post.link);
    expect(shown.media.map(({ alt }) => alt)).toEqual(post.media.map(({ alt }) => alt ?? null));
    expect((outcome as Published).externalUrl).toBe(externalUrl);
    expect((await fetch(externalUrl ?? "")).status).toBe(200);
  });

  test.each(kinds)("%s is invisible until it is sent", async (_kind, content) => {
    expect(await rehearsal.prepare(rehearsal.post(content()), account)).toMatchObject({ kind: "ready" });
    expect(await rehearsal.ledger(account)).toEqual([]);
  });

  test("goes on from what an earlier call had uploaded", async () => {
    const post = rehearsal.post({ media: [rehearsal.jpeg("/one.jpg"), rehearsal.jpeg("/two.jpg")] });
    await rehearsal.command({ kind: "delay", ms: 1 }, { stage: "prepare" });
    await rehearsal.command({ kind: "status", status: 500 }, { stage: "prepare" });
    const first = await rehearsal.attempt(post, account);
    expect(first.outcome).toMatchObject({ kind: "retry", category: "platform" });
    const second = await rehearsal.attempt(post, account, first.checkpoint);
    expect(second.outcome).toMatchObject({ kind: "published" });
    const asked = rehearsal.media.requests().filter((path) => path === "/one.jpg" || path === "/two.jpg");
    expect(asked).toEqual(["/one.jpg", "/two.jpg", "/two.jpg"]);
    expect((await rehearsal.ledger(account))[0]?.content.media).toHaveLength(2);
  });

  test("goes on with a video in the middle", async () => {
    const post = rehearsal.post({ media: [rehearsal.film()] });
    await rehearsal.command({ kind: "delay", ms: 1 }, { stage: "prepare", times: 2 });
    await rehearsal.command({ kind: "reset" }, { stage: "prepare" });
    const first = await rehearsal.attempt(post, account);
    expect(first.outcome).toMatchObject({ kind: "retry", category: "network" });
    expect(first.checkpoint).toMatchObject({ video: { offset: 1024 * 1024 } });
    const { outcome } = await rehearsal.attempt(post, account, first.checkpoint);
    expect(outcome).toMatchObject({
      kind: "published",
      externalId: (first.checkpoint as { video: { videoId: string } }).video.videoId,
    });
  });
});

describe("a lost answer", () => {
  test("of a post of the feed is never taken for absent, however often the listing does not show it", async () => {
    await rehearsal.command({ kind: "status", status: 400 });
    const { outcome, checkpoint, sent } = await rehearsal.attempt(rehearsal.post(), account);
    expect(outcome).toMatchObject({ kind: "unknown", code: "graph_100", httpStatus: 400 });
    expect(await rehearsal.confirm(sent, account, checkpoint)).toMatchObject({ kind: "cannot_tell" });
    await rehearsal.command({ kind: "lookup_fail", status: 404 });
    expect(await rehearsal.confirm(sent, account, checkpoint)).toMatchObject({ kind: "cannot_tell" });
  });

  test("is looked for until a lagging listing shows it", async () => {
    await rehearsal.command({ kind: "accept_then_reset" });
    await rehearsal.command({ kind: "lookup_lag", ms: 3_600_000 });
    const { checkpoint, sent } = await rehearsal.attempt(rehearsal.post(), account);
    expect(await rehearsal.confirm(sent, account, checkpoint)).toMatchObject({ kind: "cannot_tell" });
    expect(await rehearsal.confirm(sent, account, checkpoint)).toMatchObject({ kind: "published" });
  });

  test("is not taken for another post that looks like it, nor for one of an earlier time", async () => {
    for (let times = 0; times < 2; times += 1) await rehearsal.attempt(rehearsal.post(), account);
    const looked = { ...rehearsal.post(), firstSentAt: new Date() };
    expect(await rehearsal.confirm(looked, account, {})).toMatchObject({
      kind: "cannot_tell",
      message: expect.stringContaining("several") as string,
    });
    const later = { ...looked, firstSentAt: new Date(Date.now() + 600_000) };
    expect(await rehearsal.confirm(later, account, {})).toMatchObject({ kind: "cannot_tell" });
    const withPicture = { ...looked, media: [rehearsal.jpeg()] };
    expect(await rehearsal.confirm(withPicture, account, { photoIds: ["1"] })).toMatchObject({ kind: "cannot_tell" });
  });
});

describe("a video", () => {
  test.each([
    ["of the feed", {}],
    ["as a reel", { reel: true }],
  ])("%s that was not published says so, and is then published", async (_kind, options) => {
    const post = rehearsal.post({ media: [rehearsal.film()], options });
    await rehearsal.command({ kind: "status", status: 500 });
    const first = await rehearsal.attempt(post, account);
    expect(first.outcome).toMatchObject({ kind: "unknown", code: "graph_2" });
    expect(await rehearsal.confirm(first.sent, account, first.checkpoint)).toEqual({ kind: "absent" });
    expect((await rehearsal.attempt(first.sent, account, first.checkpoint)).outcome).toMatchObject({
      kind: "published",
    });
  });

  test("whose upload expired is uploaded anew", async () => {
    const post = rehearsal.post({ media: [rehearsal.film()] });
    const prepared = await rehearsal.prepare(post, account);
    await rehearsal.control("POST", "/_control/clock", { advanceMs: 86_400_000 });
    if (prepared.kind !== "ready") throw new Error("not ready");
    expect(await rehearsal.confirm(post, account, prepared.checkpoint)).toEqual({ kind: "absent" });
    const { outcome, checkpoint } = await rehearsal.attempt(post, account, prepared.checkpoint);
    expect(outcome).toMatchObject({ kind: "published" });
    expect(checkpoint).not.toEqual(prepared.checkpoint);
    await rehearsal.control("DELETE", "/_control/clock");
  });

  test("sent again after it was published shows it once", async () => {
    const post = rehearsal.post({ media: [rehearsal.film()] });
    const { checkpoint, sent } = await rehearsal.attempt(post, account);
    await rehearsal.attempt(sent, account, checkpoint);
    expect((await rehearsal.ledger(account)).map(({ outcome }) => outcome)).toEqual(["accepted", "repeat"]);
  });
});

describe("in two steps", () => {
  beforeEach(() => {
    account = rehearsal.account({ twoStepPublish: true });
  });

  test.each(kinds)("%s is shown once", async (_kind, content) => {
    const { outcome } = await rehearsal.attempt(rehearsal.post(content()), account);
    const [entry] = await rehearsal.ledger(account);
    const { externalId, externalUrl } = entry ?? {};
    expect(outcome).toMatchObject({ kind: "published", externalId, externalUrl });
    expect(await rehearsal.ledger(account)).toHaveLength(1);
  });

  const losses: [how: string, fault: Record<string, unknown>][] = [
    ["a reset", { kind: "accept_then_reset" }],
    ["a server error", { kind: "accept_then_status", status: 500 }],
    ["a limit", { kind: "accept_then_status", status: 429 }],
  ];

  // In one step they are among the cases of the contract.
  describe.each(kinds)("a lost answer of %s", (_kind, content) => {
    test.each(losses)("behind %s is found again, and nothing is doubled", async (_how, fault) => {
      await rehearsal.command(fault);
      const { outcome, checkpoint, sent } = await rehearsal.attempt(rehearsal.post(content()), account);
      const [entry] = await rehearsal.ledger(account);
      const found = { kind: "published", externalId: entry?.externalId, externalUrl: entry?.externalUrl };
      if (outcome.kind !== "published") {
        expect(outcome).toMatchObject({ kind: "unknown" });
        // A video tells that it is under way before it tells that it is there.
        const looks = [
          await rehearsal.confirm(sent, account, checkpoint),
          await rehearsal.confirm(sent, account, checkpoint),
        ];
        expect(looks.at(-1)).toEqual(found);
        expect(looks.some(({ kind }) => kind === "absent")).toBe(false);
      }
      expect(await rehearsal.ledger(account)).toHaveLength(1);
    });
  });

  test("pictures of a post that was made without an answer are uploaded anew", async () => {
    const post = rehearsal.post({ media: [rehearsal.jpeg("/anew.jpg")] });
    await rehearsal.command({ kind: "delay", ms: 1 }, { stage: "prepare" });
    await rehearsal.command({ kind: "accept_then_reset" }, { stage: "prepare" });
    const first = await rehearsal.attempt(post, account);
    expect(first.outcome).toMatchObject({ kind: "retry", category: "network" });
    const { outcome } = await rehearsal.attempt(post, account, first.checkpoint);
    expect(outcome).toMatchObject({ kind: "published" });
    expect(await rehearsal.ledger(account)).toHaveLength(1);
  });

  test("a refusal that is proved by reading is believed", async () => {
    await rehearsal.command({ kind: "status", status: 403 });
    const { outcome } = await rehearsal.attempt(rehearsal.post(), account);
    expect(outcome).toMatchObject({ kind: "reconnect", category: "permission", credentialsVersion: 3 });
  });

  test("a refusal behind which the post is there is none", async () => {
    await rehearsal.command({ kind: "accept_then_status", status: 403 });
    const { outcome } = await rehearsal.attempt(rehearsal.post(), account);
    expect(outcome).toMatchObject({ kind: "published" });
  });

  test("a refusal that cannot be checked is unknown", async () => {
    const prepared = await rehearsal.prepare(rehearsal.post(), account);
    await rehearsal.command({ kind: "accept_then_status", status: 403 });
    await rehearsal.command({ kind: "lookup_fail", status: 500 });
    if (prepared.kind !== "ready") throw new Error("not ready");
    const outcome = await rehearsal.platform.send(rehearsal.post(), {
      account,
      checkpoint: prepared.checkpoint,
      timeoutMs: 10_000,
      signal: AbortSignal.timeout(10_000),
      beforeSend: () => {},
    });
    expect(outcome).toMatchObject({ kind: "unknown" });
  });

  test("a server in trouble is asked later, and then tells that nothing is there", async () => {
    await rehearsal.command({ kind: "status", status: 500 });
    const first = await rehearsal.attempt(rehearsal.post(), account);
    expect(first.outcome).toMatchObject({ kind: "unknown" });
    expect(await rehearsal.confirm(first.sent, account, first.checkpoint)).toEqual({ kind: "absent" });
    expect((await rehearsal.attempt(first.sent, account, first.checkpoint)).outcome).toMatchObject({
      kind: "published",
    });
    await rehearsal.attempt(first.sent, account, first.checkpoint);
    expect((await rehearsal.ledger(account)).map(({ outcome }) => outcome)).toEqual(["refused", "accepted", "repeat"]);
  });
});

test("only what is read by its own id is promised to be confirmable", () => {
  const { platform } = rehearsal;
  const now = new Date();
  expect(platform.guarantee(rehearsal.post(), now, account.settings)).toBe("at_most_once");
  expect(platform.guarantee(rehearsal.post(), now, { ...account.settings, twoStepPublish: true })).toBe("confirmable");
  expect(platform.guarantee(rehearsal.post({ options: { reel: true } }), now, account.settings)).toBe("confirmable");
  expect(platform.accountIdentity!(account)).toBe(account.settings["pageId"]);
});
