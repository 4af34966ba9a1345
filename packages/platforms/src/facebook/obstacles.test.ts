/** What is found out before anything is sent, against the sandbox. */
import type { ConnectedAccount, OutgoingPost } from "@punctual/core";
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

describe("what stands in the way is found before anything is sent", () => {
  const commanded = (code: number, subcode?: number, status = 400) => {
    return { kind: "lookup_fail", status, body: { error: { code, error_subcode: subcode, message: "No" } } };
  };
  test.each<[what: string, fault: Record<string, unknown>, expected: object]>([
    ["a revoked token", commanded(190, 460, 401), { kind: "reconnect", category: "auth", credentialsVersion: 3 }],
    ["a missing permission", commanded(10), { kind: "reconnect", category: "permission" }],
    [
      "a limit, until the told time",
      { kind: "lookup_fail", status: 429, retryAfter: 660 },
      { kind: "wait", scope: "account", waitMs: 660_000 },
    ],
    ["the app's limit", commanded(4), { kind: "wait", scope: "app" }],
    ["trouble at Facebook", commanded(2, undefined, 503), { kind: "retry", category: "platform" }],
    ["a Page that cannot be seen", commanded(100, 33), { kind: "retry", category: "platform" }],
  ])("%s", async (_what, fault, expected) => {
    await rehearsal.command(fault);
    expect(await rehearsal.prepare(rehearsal.post(), account)).toMatchObject(expected);
    expect(await rehearsal.ledger(account)).toEqual([]);
  });

  test("a token revoked at Facebook, and a newer one works", async () => {
    const handle = `handle-${String(account.settings["pageId"])}`;
    await rehearsal.prepare(rehearsal.post(), account);
    await rehearsal.control("POST", "/_control/tokens/revoke", { platform: "facebook", handle });
    expect(await rehearsal.prepare(rehearsal.post(), account)).toMatchObject({ kind: "reconnect", category: "auth" });
    const limits = { timeoutMs: 10_000, signal: AbortSignal.timeout(10_000) };
    expect(await rehearsal.platform.check!(account, limits)).toMatchObject({ kind: "refused" });
    const fresh = { ...account, credentials: { accessToken: `sandbox.${handle}.2` } };
    expect(await rehearsal.prepare(rehearsal.post(), fresh)).toMatchObject({ kind: "ready" });
    expect(await rehearsal.platform.check!(fresh, limits)).toEqual({ kind: "works" });
  });

  test("being told to stop while Facebook does not answer", async () => {
    await rehearsal.command({ kind: "hang" }, { stage: "read" });
    const stop = new AbortController();
    const preparing = rehearsal.prepare(rehearsal.post(), account, { signal: stop.signal });
    stop.abort();
    expect(await preparing).toMatchObject({ kind: "retry", category: "network" });
  });

  test("no answer in the time there is", async () => {
    await rehearsal.command({ kind: "hang" }, { stage: "read" });
    expect(await rehearsal.prepare(rehearsal.post(), account, { timeoutMs: 200 })).toMatchObject({
      kind: "retry",
      code: "timeout",
    });
  });

  test.each<[what: string, content: () => Partial<OutgoingPost>, code: string]>([
    [
      "media that are no media",
      () => ({ media: [{ url: rehearsal.media.put("/x.jpg", Buffer.from("<html>")) }] }),
      "media_type",
    ],
    ["media that are not there", () => ({ media: [{ url: `${rehearsal.media.url}/missing` }] }), "media_http_404"],
    ["a video beside a picture", () => ({ media: [rehearsal.film(), rehearsal.jpeg()] }), "media_mixed"],
    ["a picture as a reel", () => ({ media: [rehearsal.jpeg()], options: { reel: true } }), "media_type"],
    [
      "a reel that is too short",
      () => ({ media: [rehearsal.film({ durationMs: 1_000 })], options: { reel: true } }),
      "media_duration",
    ],
  ])("%s", async (_what, content, code) => {
    const post = rehearsal.post(content());
    expect(await rehearsal.prepare(post, account)).toMatchObject({ kind: "rejected", category: "rejected", code });
    expect((await rehearsal.inspect(post, account)).map((issue) => issue.code)).toContain(code);
  });
});

test("nothing is sent without what was to be prepared, nor once sending is forbidden", async () => {
  const context = {
    account,
    checkpoint: null,
    timeoutMs: 10_000,
    signal: AbortSignal.timeout(10_000),
    beforeSend: () => {},
  };
  const { platform } = rehearsal;
  const withPicture = rehearsal.post({ media: [rehearsal.jpeg()] });
  expect(await platform.send(withPicture, context)).toMatchObject({
    kind: "retry",
    category: "internal",
    code: "not_prepared",
  });
  const beforeSend = () => {
    throw Object.assign(new Error("too late"), { code: "send_forbidden" });
  };
  expect(await platform.send(rehearsal.post(), { ...context, beforeSend })).toMatchObject({
    kind: "retry",
    code: "send_forbidden",
  });
  expect(await rehearsal.ledger(account)).toEqual([]);
});
