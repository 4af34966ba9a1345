/** Against the sandbox, which speaks the Graph API from a ledger of its own and really fetches the media. */
import type { ConnectedAccount, OutgoingPost, Published } from "@punctual/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRehearsal, type Rehearsal } from "../graph/rehearsal.fixture.ts";

let rehearsal: Rehearsal;
let account: ConnectedAccount;

beforeAll(async () => {
  rehearsal = await openRehearsal("instagram", "userId");
});
afterAll(() => rehearsal?.close());
beforeEach(() => {
  account = rehearsal.account();
});
afterEach(() => rehearsal.settle());

function timeline(statuses: string[], times = 1) {
  return rehearsal.control("POST", "/_control/instagram/timelines", { account: id(), times, statuses });
}

const id = () => String(account.settings["userId"]);
const picture = () => rehearsal.post({ media: [rehearsal.jpeg()] });

const kinds: [kind: string, content: () => Partial<OutgoingPost>][] = [
  ["a picture", () => ({ media: [rehearsal.jpeg()] })],
  ["a picture without a text", () => ({ text: "", media: [rehearsal.jpeg()] })],
  ["a reel", () => ({ media: [rehearsal.film()], options: { shareToFeed: true, coverAtMs: 1_000 } })],
  ["a carousel", () => ({ media: [rehearsal.jpeg("/1.jpg"), rehearsal.film(), rehearsal.jpeg("/3.jpg")] })],
];

describe("publishing", () => {
  test.each(kinds)("%s shows it once, as it was given, where the answer says", async (_kind, content) => {
    const post = rehearsal.post(content());
    const { outcome } = await rehearsal.attempt(post, account);
    const entries = await rehearsal.ledger(account);
    expect(entries).toHaveLength(1);
    const [entry] = entries;
    expect(outcome).toMatchObject({ kind: "published", httpStatus: 200, externalId: entry?.externalId });
    expect((outcome as Published).externalUrl).toBe(entry?.externalUrl);
    expect(entry?.content.text).toBe(post.text);
    expect(entry?.content.media.map(({ alt }) => alt)).toEqual(post.media.map(({ alt }) => alt ?? null));
    expect((await fetch(entry?.externalUrl ?? "")).status).toBe(200);
  });

  test.each(kinds)("%s is invisible until it is sent", async (_kind, content) => {
    expect(await rehearsal.prepare(rehearsal.post(content()), account)).toMatchObject({ kind: "ready" });
    expect(await rehearsal.ledger(account)).toEqual([]);
  });

  test("waits until a container is processed", async () => {
    await timeline(["IN_PROGRESS", "IN_PROGRESS", "FINISHED"]);
    expect((await rehearsal.attempt(picture(), account)).outcome).toMatchObject({ kind: "published" });
  });

  test("is put off where processing takes longer than there is time, and goes on with the same container", async () => {
    await timeline([...Array.from({ length: 20 }, () => "IN_PROGRESS"), "FINISHED"]);
    let kept = null;
    const saveCheckpoint = (checkpoint: object) => Promise.resolve(void (kept = checkpoint));
    const context = {
      account,
      checkpoint: null,
      timeoutMs: 3_000,
      signal: AbortSignal.timeout(30_000),
      saveCheckpoint,
    };
    const post = picture();
    expect(await rehearsal.platform.prepare!(post, context)).toMatchObject({ kind: "wait", code: "still_processing" });
    const asked = rehearsal.media.requests().length;
    expect(await rehearsal.prepare(post, account, { checkpoint: kept, timeoutMs: 3_000 })).toMatchObject({
      kind: "wait",
    });
    expect(rehearsal.media.requests()).toHaveLength(asked);
  });

  test("goes on with the pictures of a carousel that were taken already", async () => {
    const post = rehearsal.post({ media: [rehearsal.jpeg("/one.jpg"), rehearsal.jpeg("/two.jpg")] });
    await rehearsal.command({ kind: "delay", ms: 1 }, { stage: "prepare" });
    await rehearsal.command({ kind: "status", status: 500 }, { stage: "prepare" });
    const first = await rehearsal.attempt(post, account);
    expect(first.outcome).toMatchObject({ kind: "retry", category: "platform" });
    expect(first.checkpoint).toMatchObject({ childIds: [expect.any(String) as string] });
    const before = rehearsal.media.requests().length;
    expect((await rehearsal.attempt(post, account, first.checkpoint)).outcome).toMatchObject({ kind: "published" });
    expect(rehearsal.media.requests().slice(before)).not.toContain("/one.jpg");
  });

  test("finds a container that cannot be seen at first", async () => {
    const body = { error: { code: 100, error_subcode: 33, message: "Object does not exist" } };
    await rehearsal.command({ kind: "delay", ms: 1 }, { stage: "read" });
    await rehearsal.command({ kind: "lookup_fail", status: 400, body });
    expect((await rehearsal.attempt(picture(), account)).outcome).toMatchObject({ kind: "published" });
  });
});

describe("a lost answer", () => {
  test.each(kinds)(
    "of %s behind being taken for spam is found again, and nothing is doubled",
    async (_kind, content) => {
      const body = { error: { code: 4, error_subcode: 2_207_051, message: "blocked" } };
      await rehearsal.command({ kind: "accept_then_status", status: 403, body });
      const { outcome, checkpoint, sent } = await rehearsal.attempt(rehearsal.post(content()), account);
      const [entry, ...others] = await rehearsal.ledger(account);
      expect(others).toEqual([]);
      const found = { kind: "published", externalId: entry?.externalId, externalUrl: entry?.externalUrl };
      expect(outcome).toEqual(found);
      expect(await rehearsal.confirm(sent, account, checkpoint)).toEqual(found);
    },
  );

  test("of a post that was not published is proved, and the same container is published", async () => {
    await rehearsal.command({ kind: "status", status: 500 });
    const first = await rehearsal.attempt(picture(), account);
    expect(first.outcome).toMatchObject({ kind: "unknown", code: "graph_2" });
    expect(await rehearsal.confirm(first.sent, account, first.checkpoint)).toEqual({ kind: "absent" });
    const second = await rehearsal.attempt(first.sent, account, first.checkpoint);
    expect(second.outcome).toMatchObject({ kind: "published" });
    expect(second.checkpoint).toEqual(first.checkpoint);
    expect((await rehearsal.ledger(account)).map(({ outcome }) => outcome)).toEqual(["refused", "accepted"]);
  });

  test("of a post that was published is not answered by publishing again, even if somebody tries", async () => {
    const first = await rehearsal.attempt(picture(), account);
    const again = await rehearsal.attempt(first.sent, account, first.checkpoint);
    expect(again.outcome).toMatchObject({ kind: "published", externalId: (first.outcome as Published).externalId });
    expect(await rehearsal.ledger(account)).toHaveLength(1);
  });

  test("is not settled by a container that cannot be read", async () => {
    await rehearsal.command({ kind: "accept_then_reset" });
    const { checkpoint, sent } = await rehearsal.attempt(picture(), account);
    for (const status of [400, 404, 500]) {
      await rehearsal.command({ kind: "lookup_fail", status });
      expect(await rehearsal.confirm(sent, account, checkpoint)).toMatchObject({ kind: "cannot_tell" });
    }
  });

  test("names no post where two look alike, or none is listed, and is published all the same", async () => {
    const first = await rehearsal.attempt(picture(), account);
    await rehearsal.attempt(picture(), account);
    expect(await rehearsal.confirm(first.sent, account, first.checkpoint)).toEqual({ kind: "published" });
    await rehearsal.command({ kind: "lookup_fail", status: 500 }, { stage: "list" });
    expect(await rehearsal.confirm(first.sent, account, first.checkpoint)).toEqual({ kind: "published" });
  });
});

describe("a refusal to publish", () => {
  test.each<[what: string, code: number, subcode: number | undefined, expected: object]>([
    ["a revoked token", 190, 460, { kind: "reconnect", category: "auth" }],
    ["a missing permission", 10, undefined, { kind: "reconnect", category: "permission" }],
    ["the quota of the day", 9, 2_207_042, { kind: "wait", scope: "account" }],
    ["being taken for spam", 4, 2_207_051, { kind: "wait", scope: "account" }],
    ["a blocked content", 368, undefined, { kind: "rejected" }],
  ])("%s is believed once the container shows that nothing was published", async (_what, code, subcode, expected) => {
    const body = { error: { code, error_subcode: subcode, message: "No" } };
    await rehearsal.command({ kind: "status", status: 400, body });
    const { outcome, checkpoint, sent } = await rehearsal.attempt(picture(), account);
    expect(outcome).toMatchObject(expected);
    // And what was refused can go out later.
    expect((await rehearsal.attempt(sent, account, checkpoint)).outcome).toMatchObject({ kind: "published" });
  });
});

describe("a container", () => {
  test("that expired is made anew", async () => {
    const post = picture();
    const prepared = await rehearsal.prepare(post, account);
    await rehearsal.control("POST", "/_control/clock", { advanceMs: 86_400_000 });
    if (prepared.kind !== "ready") throw new Error("not ready");
    expect(await rehearsal.confirm(post, account, prepared.checkpoint)).toEqual({ kind: "absent" });
    const second = await rehearsal.attempt({ ...post, firstSentAt: new Date() }, account, prepared.checkpoint);
    expect(second.outcome).toMatchObject({ kind: "published" });
    expect(second.checkpoint).not.toEqual(prepared.checkpoint);
  });

  test("that failed is refused with the reason", async () => {
    await timeline(["IN_PROGRESS", "ERROR"]);
    expect((await rehearsal.attempt(picture(), account)).outcome).toMatchObject({
      kind: "rejected",
      code: "graph_2207026",
    });
  });

  test("of a carousel that failed is refused with the reason", async () => {
    await timeline(["ERROR"]);
    const post = rehearsal.post({ media: [rehearsal.jpeg("/1.jpg"), rehearsal.jpeg("/2.jpg")] });
    expect((await rehearsal.attempt(post, account)).outcome).toMatchObject({ kind: "rejected", code: "graph_2207026" });
  });

  test("that was sent is not replaced only because it cannot be found", async () => {
    const post = { ...picture(), firstSentAt: new Date() };
    const checkpoint = { childIds: [], container: { id: "17", kind: "image", createdAtMs: Date.now() } };
    expect(await rehearsal.prepare(post, account, { checkpoint })).toMatchObject({
      kind: "retry",
      code: "container_missing",
    });
    expect(await rehearsal.prepare({ ...post, firstSentAt: null }, account, { checkpoint })).toMatchObject({
      kind: "ready",
    });
  });
});

describe("the quota", () => {
  test("is read before anything is sent, and holds up that account alone until a day has passed", async () => {
    await rehearsal.control("PUT", `/_control/accounts/${id()}`, { publishingQuota: 1 });
    expect((await rehearsal.attempt(picture(), account)).outcome).toMatchObject({ kind: "published" });
    expect(await rehearsal.prepare(picture(), account)).toMatchObject({
      kind: "wait",
      code: "publishing_quota",
      scope: "account",
    });
    expect((await rehearsal.attempt(picture(), rehearsal.account())).outcome).toMatchObject({ kind: "published" });
    await rehearsal.control("POST", "/_control/clock", { advanceMs: 86_400_000 });
    expect((await rehearsal.attempt(picture(), account)).outcome).toMatchObject({ kind: "published" });
  });

  test("hit by another program meanwhile is waited for", async () => {
    const prepared = await rehearsal.prepare(picture(), account);
    await rehearsal.control("PUT", `/_control/accounts/${id()}`, { publishingQuota: 0 });
    if (prepared.kind !== "ready") throw new Error("not ready");
    const limits = { timeoutMs: 20_000, signal: AbortSignal.timeout(20_000), beforeSend: () => {} };
    const outcome = await rehearsal.platform.send(picture(), { account, checkpoint: prepared.checkpoint, ...limits });
    expect(outcome).toMatchObject({ kind: "wait", code: "graph_9_2207042", scope: "account" });
  });
});
