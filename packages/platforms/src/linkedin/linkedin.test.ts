import { jpegSample, mp4Sample } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPlatforms } from "../registry.ts";
import { callContext, linkedInOf, member, openLinkedIn, post, type LinkedInUnderTest } from "./linkedin.fixture.ts";

let linkedin: LinkedInUnderTest;

beforeAll(async () => {
  linkedin = await openLinkedIn();
});
afterAll(() => linkedin.close());
beforeEach(async () => {
  for (const path of ["/_ledger", "/_control/faults", "/_control/tokens"]) await linkedin.control("DELETE", path);
});

const organization = "urn:li:organization:4711";
const limits = { timeoutMs: 10_000, signal: new AbortController().signal };

describe("publishing", () => {
  test("a text goes out as people wrote it, and its id and address come back", async () => {
    const account = member();
    const outcome = await linkedin.send(account, post({ options: { visibility: "CONNECTIONS" } }));
    const [entry] = await linkedin.visible(account);
    expect(entry?.content).toMatchObject({ text: "Hello (world) #Launch", media: [], link: null });
    expect(JSON.parse(entry?.body ?? "")).toMatchObject({
      commentary: "Hello \\(world\\) #Launch",
      visibility: "CONNECTIONS",
      lifecycleState: "PUBLISHED",
    });
    expect(outcome).toEqual({
      kind: "published",
      httpStatus: 201,
      externalId: entry?.externalId,
      externalUrl: expect.stringContaining(`/feed/linkedin/urn%3Ali%3Aperson%3A`) as string,
    });
    expect(entry?.externalId).toMatch(/^urn:li:share:\d+$/);
  });

  test("a link is an article that is called what the options say, or after its host, with a picture if there is one", async () => {
    const account = member({ author: organization });
    const link = "https://example.com/story";
    await linkedin.send(account, post({ link, options: { linkTitle: "The story", linkDescription: "All of it" } }));
    await linkedin.publish(account, post({ link, media: [{ url: linkedin.server.put("/a.jpg", jpegSample()) }] }));
    const [plain, pictured] = await linkedin.visible(account);
    expect(JSON.parse(plain?.body ?? "")).toHaveProperty("content", {
      article: { source: link, title: "The story", description: "All of it" },
    });
    expect(JSON.parse(pictured?.body ?? "")).toHaveProperty("content.article", {
      source: link,
      title: "example.com",
      thumbnail: expect.stringMatching(/^urn:li:image:/) as string,
    });
  });

  test("one picture and several are uploaded ahead, with their descriptions", async () => {
    const account = member();
    const url = linkedin.server.put("/picture.jpg", jpegSample());
    const saved: unknown[] = [];
    const several = post({ media: [{ url, alt: "First" }, { url }] });
    const prepared = await linkedin.prepare(account, several, saved);
    expect(saved).toHaveLength(4);
    expect(prepared).toEqual({ kind: "ready", checkpoint: saved.at(-1) });
    expect(await linkedin.visible(account)).toEqual([]);
    await linkedin.send(account, several, saved.at(-1) as Record<string, unknown>);
    await linkedin.publish(account, post({ text: "One", media: [{ url, alt: "Only" }] }));

    const [first, second] = await linkedin.visible(account);
    expect(first?.content.media.map(({ alt }) => alt)).toEqual(["First", null]);
    expect(second?.content.media.map(({ alt }) => alt)).toEqual(["Only"]);
    const shown = await fetch(first?.content.media[0]?.url ?? "");
    expect(Buffer.from(await shown.arrayBuffer()).equals(jpegSample())).toBe(true);
  });

  test("a video goes in parts without the token, and is waited for until it is processed", async () => {
    const account = member();
    const padding = Buffer.alloc(5 * 1024 * 1024, 7);
    const head = Buffer.from([0, 0, 0, 0, ...Buffer.from("free")]);
    head.writeUInt32BE(padding.length + 8);
    const video = Buffer.concat([mp4Sample(), head, padding]);
    const outcome = await linkedin.publish(
      account,
      post({ media: [{ url: linkedin.server.put("/film.mp4", video), alt: "A film" }] }),
    );
    expect(outcome).toMatchObject({ kind: "published" });
    const [entry] = await linkedin.visible(account);
    const shown = await fetch(entry?.content.media[0]?.url ?? "");
    expect(Buffer.from(await shown.arrayBuffer()).equals(video)).toBe(true);
  });

  test("preparing goes on from what an earlier one handed over", async () => {
    const account = member();
    const url = linkedin.server.put("/kept.jpg", jpegSample());
    const given = post({ media: [{ url }, { url: linkedin.server.put("/later.jpg", jpegSample()) }] });
    const saved: Record<string, unknown>[] = [];
    await linkedin.prepare(account, given, saved);
    const before = linkedin.server.requests().length;
    const saveCheckpoint = async () => {};
    const again = await linkedin.platform.prepare?.(given, {
      ...callContext(account, saved[0] ?? null),
      saveCheckpoint,
    });
    expect(again).toMatchObject({ kind: "ready" });
    expect(linkedin.server.requests().slice(before)).toEqual(["/later.jpg"]);
  });

  test.each([
    ["a video beside a picture", [jpegSample(), mp4Sample()], {}, "media_mixed"],
    ["a video of one second", [mp4Sample({ durationMs: 1_000 })], {}, "media_duration"],
    ["what is neither", [Buffer.from("hello")], {}, "media_type"],
    ["a video for a link's preview", [mp4Sample()], { link: "https://example.com" }, "link_with_video"],
  ])("%s is refused before anything is shown", async (_what, files, more, code) => {
    const account = member();
    const media = files.map((bytes, index) => ({ url: linkedin.server.put(`/unfit-${index}`, bytes) }));
    expect(await linkedin.prepare(account, post({ media, ...more }))).toMatchObject({ kind: "rejected", code });
  });
});

describe("answers", () => {
  test("before the call that publishes, a server in trouble is a certain no", async () => {
    const given = post({ media: [{ url: linkedin.server.put("/trouble.jpg", jpegSample()) }] });
    await linkedin.fault({ stage: "prepare", fault: { kind: "status", status: 500 } });
    expect(await linkedin.prepare(member(), given)).toMatchObject({
      kind: "retry",
      category: "platform",
      httpStatus: 500,
    });
    await linkedin.fault({ stage: "prepare", fault: { kind: "reset" } });
    expect(await linkedin.prepare(member(), given)).toMatchObject({ kind: "retry", category: "network" });
  });

  test("a duplicate names the post that is there", async () => {
    const account = member();
    const first = await linkedin.send(account, post());
    expect(await linkedin.send(account, post())).toMatchObject({
      kind: "rejected",
      category: "duplicate",
      code: "duplicate_post",
      externalId: first.kind === "published" ? first.externalId : "none",
    });
  });

  test("an old version of the API is told at start, and refused by LinkedIn as our own fault", async () => {
    const warnings: unknown[] = [];
    const old = createPlatforms({
      sandboxUrl: linkedin.sandbox.url,
      allowPrivateNetworks: true,
      apps: { linkedin: { apiVersion: "202001" } },
      logger: { warn: (...told: unknown[]) => void warnings.push(told) } as never,
    });
    expect(JSON.stringify(warnings)).toContain("Set LINKEDIN_API_VERSION to a newer one");
    const outcome = await linkedInOf(old).send(post(), { ...callContext(member()), beforeSend() {} });
    expect(outcome).toMatchObject({
      kind: "retry",
      category: "internal",
      code: "nonexistent_version",
      httpStatus: 426,
    });
    await old.stop();
  });

  test("neither text nor token get into what is told of a failure", async () => {
    const account = member();
    const text = "A secret plan of ours for next week";
    const { accessToken } = account.credentials;
    await linkedin.fault({ fault: { kind: "status", status: 422, body: { message: `bad: ${text}`, status: 422 } } });
    await linkedin.fault({ fault: { kind: "status", status: 401, body: { message: `token ${String(accessToken)}` } } });
    const told = JSON.stringify([
      await linkedin.send(account, post({ text })),
      await linkedin.send(account, post({ text })),
    ]);
    expect(told).toContain("LinkedIn answered 422");
    expect(told).not.toContain("secret plan");
    expect(told).not.toContain(String(accessToken));
  });
});

describe("a lost answer", () => {
  test("of an organization is found in its listing, of a member nobody can tell", async () => {
    for (const account of [member({ author: organization }), member()]) {
      await linkedin.fault({ fault: { kind: "accept_then_reset" } });
      const given = post({ text: `Lost ${String(account.settings["author"])}`, firstSentAt: new Date() });
      expect(linkedin.platform.guarantee(given, new Date())).toBe("at_most_once");
      expect(await linkedin.send(account, given)).toMatchObject({ kind: "unknown" });
      const [entry] = await linkedin.visible(account);
      const found = await linkedin.platform.confirm?.(given, callContext(account));
      if (account.settings["author"] === organization) {
        expect(found).toMatchObject({ kind: "published", externalId: entry?.externalId });
      } else {
        expect(found).toMatchObject({ kind: "cannot_tell" });
      }
    }
  });

  test("is never proved absent by a listing, nor mixed up with another post", async () => {
    const account = member({ author: organization });
    const url = linkedin.server.put("/same.jpg", jpegSample());
    await linkedin.publish(account, post({ text: "The same", media: [{ url }] }));
    const given = post({ text: "The same", media: [{ url }], firstSentAt: new Date() });
    const prepared = await linkedin.prepare(account, given);
    const checkpoint = prepared.kind === "ready" ? { ...prepared.checkpoint } : null;
    // Prepared and never sent: the post that shows the same picture and text shows another upload.
    expect(await linkedin.platform.confirm?.(given, callContext(account, checkpoint))).toMatchObject({
      kind: "cannot_tell",
    });
    await linkedin.send(account, given, checkpoint);
    expect(await linkedin.platform.confirm?.(given, callContext(account, checkpoint))).toMatchObject({
      kind: "published",
    });
    await linkedin.fault({ fault: { kind: "lookup_fail", status: 500 } });
    expect(await linkedin.platform.confirm?.(given, callContext(account, checkpoint))).toMatchObject({
      kind: "cannot_tell",
    });
  });
});

describe("credentials", () => {
  test("are renewed with the refresh token, which is kept when none comes back", async () => {
    const account = member();
    const handle = String(account.settings["author"]).slice("urn:li:person:".length);
    const credentials = { accessToken: `sandbox.${handle}.1`, refreshToken: `refresh.${handle}.1` };
    const refreshed = await linkedin.platform.refresh?.({ ...account, credentials }, limits);
    if (refreshed?.kind !== "refreshed") throw new Error("it was not refreshed");
    expect(refreshed.credentials).toMatchObject({ refreshToken: `refresh.${handle}.1` });
    expect(refreshed.credentials["accessToken"]).not.toBe(credentials.accessToken);
    const expiry = linkedin.platform.credentialsExpireAt?.({ ...account, credentials: refreshed.credentials });
    expect(expiry?.getTime()).toBeGreaterThan(Date.now() + 59 * 86_400_000);
    expect(linkedin.platform.credentialsExpireAt?.(account)).toBeNull();
  });

  test("that cannot be renewed are told from a LinkedIn that cannot be asked", async () => {
    const account = member({ credentials: { accessToken: "a", refreshToken: "refresh.nobody" } });
    expect(await linkedin.platform.refresh?.(account, limits)).toMatchObject({
      kind: "refused",
      code: "invalid_request",
    });
    expect(await linkedin.platform.refresh?.(member(), limits)).toMatchObject({
      kind: "refused",
      code: "no_refresh_token",
    });
    await linkedin.fault({ stage: "read", fault: { kind: "status", status: 500 } });
    expect(await linkedin.platform.refresh?.(account, limits)).toMatchObject({ kind: "unavailable" });
  });

  test("are checked for whose they are", async () => {
    const account = member();
    expect(await linkedin.platform.check?.(account, limits)).toEqual({ kind: "works" });
    const other = { ...account, settings: { author: "urn:li:person:other" } };
    expect(await linkedin.platform.check?.(other, limits)).toMatchObject({ kind: "refused" });
    expect(await linkedin.platform.check?.(member({ author: organization }), limits)).toMatchObject({
      kind: "refused",
    });
    const handle = String(account.settings["author"]).slice("urn:li:person:".length);
    await linkedin.control("POST", "/_control/tokens/revoke", { platform: "linkedin", handle });
    expect(await linkedin.platform.check?.(account, limits)).toMatchObject({ kind: "refused" });
    expect(await linkedin.send(account, post())).toMatchObject({ kind: "reconnect", category: "auth" });
  });
});
