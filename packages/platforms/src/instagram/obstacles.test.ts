/** What is found out before anything is sent, against the sandbox. */
import type { ConnectedAccount, OutgoingPost } from "@punctual/core";
import { pngSample } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRehearsal, type Rehearsal } from "../graph/rehearsal.fixture.ts";
import { createPlatforms } from "../registry.ts";

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

describe("what stands in the way is found before anything is sent", () => {
  test.each<[what: string, fault: Record<string, unknown>, expected: object]>([
    ["a revoked token", { status: 401 }, { kind: "reconnect", category: "auth", credentialsVersion: 3 }],
    ["a missing permission", { status: 403 }, { kind: "reconnect", category: "permission" }],
    [
      "a limit, until the told time",
      { status: 429, retryAfter: 660 },
      { kind: "wait", scope: "account", waitMs: 660_000 },
    ],
    ["trouble at Instagram", { status: 503 }, { kind: "retry", category: "platform" }],
  ])("%s", async (_what, fault, expected) => {
    await rehearsal.command({ kind: "lookup_fail", ...fault });
    expect(await rehearsal.prepare(picture(), account)).toMatchObject(expected);
  });

  test("being told to stop while a container is processed", async () => {
    await timeline(["IN_PROGRESS"]);
    const stop = new AbortController();
    // Nothing else ends it in the time of a test.
    const prepared = await rehearsal.platform.prepare?.(picture(), {
      account,
      checkpoint: null,
      timeoutMs: 600_000,
      signal: stop.signal,
      async saveCheckpoint(checkpoint) {
        if ("container" in checkpoint) setImmediate(() => stop.abort());
      },
    });
    expect(prepared?.kind).toMatch(/^wait$|^retry$/);
  });

  test.each<[what: string, content: () => Partial<OutgoingPost>, code: string]>([
    ["a PNG", () => ({ media: [{ url: rehearsal.media.put("/x.jpg", pngSample()) }] }), "media_type"],
    [
      "a picture that is too wide",
      () => ({ media: [rehearsal.jpeg("/w.jpg", { width: 800, height: 400 })] }),
      "media_aspect",
    ],
    [
      "a picture that is too narrow",
      () => ({ media: [rehearsal.jpeg("/n.jpg", { width: 200, height: 200 })] }),
      "media_dimensions",
    ],
    ["a reel that is too short", () => ({ media: [rehearsal.film({ durationMs: 1_000 })] }), "media_duration"],
    ["media that are not there", () => ({ media: [{ url: `${rehearsal.media.url}/missing` }] }), "media_http_404"],
  ])("%s", async (_what, content, code) => {
    const post = rehearsal.post(content());
    expect(await rehearsal.prepare(post, account)).toMatchObject({ kind: "rejected", category: "rejected", code });
    expect((await rehearsal.inspect(post, account)).map((issue) => issue.code)).toContain(code);
  });

  test("an option of reels on a picture", async () => {
    const post = rehearsal.post({ media: [rehearsal.jpeg()], options: { shareToFeed: true } });
    expect(await rehearsal.prepare(post, account)).toMatchObject({ kind: "rejected", code: "option_needs_reel" });
  });
});

describe("credentials", () => {
  const limits = () => ({ timeoutMs: 10_000, signal: AbortSignal.timeout(10_000) });

  test("are checked, and renewed as long as they work", async () => {
    const { platform } = rehearsal;
    expect(await platform.check!(account, limits())).toEqual({ kind: "works" });
    const refreshed = await platform.refresh!(account, limits());
    expect(refreshed).toMatchObject({
      kind: "refreshed",
      credentials: { accessToken: expect.stringMatching(/^sandbox\..*\.2$/) as string },
    });
    if (refreshed.kind !== "refreshed") return;
    const renewed = { ...account, credentials: refreshed.credentials };
    const expiry = platform.credentialsExpireAt!(renewed)?.getTime() ?? 0;
    expect((expiry - Date.now()) / 86_400_000).toBeCloseTo(60, 0);
    expect(platform.credentialsExpireAt!(account)).toBeNull();
    expect(platform.validateAccount({ ...renewed, sandbox: true })).toEqual([]);

    await rehearsal.control("POST", "/_control/tokens/revoke", { platform: "instagram", handle: `handle-${id()}` });
    expect(await platform.check!(renewed, limits())).toMatchObject({ kind: "refused" });
    expect(await platform.refresh!(renewed, limits())).toMatchObject({ kind: "refused", code: "graph_190_460" });
  });

  test("are not given up because Instagram is in trouble", async () => {
    for (const fault of [
      { kind: "lookup_fail", status: 503 },
      { kind: "lookup_fail", status: 429 },
      { kind: "reset" },
    ]) {
      await rehearsal.command(fault, { stage: "read" });
      expect(await rehearsal.platform.refresh!(account, limits())).toMatchObject({ kind: "unavailable" });
      await rehearsal.command(fault, { stage: "read" });
      expect(await rehearsal.platform.check!(account, limits())).toMatchObject({ kind: "cannot_tell" });
    }
  });

  test("of Facebook's log-in are not renewed", async () => {
    const apps = { instagram: { apiUrl: "https://graph.facebook.com/v25.0" } };
    const platforms = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false, apps });
    expect(platforms.byName.get("instagram")?.refresh).toBeUndefined();
    await platforms.stop();
  });
});
