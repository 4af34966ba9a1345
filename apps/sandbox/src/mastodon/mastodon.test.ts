/** The stand-in, driven by a client library that is not ours. */
import { createLogger } from "@punctual/runtime";
import { gifSample, jpegSample } from "@punctual/testing";
import { createRestAPIClient, type mastodon } from "masto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createSandbox } from "../sandbox.ts";

const sandbox = createSandbox({ host: "127.0.0.1", port: 0 }, { logger: createLogger("sandbox", "silent") });
const plainFetch = fetch;
let client: mastodon.rest.Client;
let handle: string;
let count = 0;

beforeAll(() => sandbox.start());
afterAll(() => sandbox.stop());
beforeEach(() => {
  count += 1;
  handle = `shop-${count}`;
  // The library knows instances at the root of a host only.
  vi.stubGlobal("fetch", (input: Request | string | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    const { pathname, search } = new URL(request.url);
    return plainFetch(new Request(new URL(`/mastodon${pathname}${search}`, sandbox.url()), request));
  });
  client = createRestAPIClient({ url: sandbox.url(), accessToken: `sandbox.${handle}.1` });
});
afterEach(() => vi.unstubAllGlobals());

async function control(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await plainFetch(new URL(path, sandbox.url()), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return answer.json();
}

async function ledger(): Promise<Record<string, unknown>[]> {
  const { data } = (await control("GET", `/_ledger?platform=mastodon&account=${handle}`)) as { data: never[] };
  return data;
}

/** A call as it is on the wire. */
function send(key: string, status: string, more: Record<string, unknown> = {}): Promise<Response> {
  return plainFetch(new URL("/mastodon/api/v1/statuses", sandbox.url()), {
    method: "POST",
    headers: {
      authorization: `Bearer sandbox.${handle}.1`,
      "content-type": "application/json",
      "idempotency-key": key,
    },
    body: JSON.stringify({ status, ...more }),
  });
}

test("a status with a picture, a warning and a language is seen as a reader would", async () => {
  const file = new Blob([new Uint8Array(jpegSample())], { type: "image/jpeg" });
  const media = await client.v2.media.create({ file, description: "A basket" });
  const status = await client.v1.statuses.create({
    status: "Apples & pears\n\nhttps://shop.example/a/very/long/path/to/them with @friend@other.example #harvest",
    mediaIds: [media.id],
    spoilerText: "Fruit",
    visibility: "unlisted",
    language: "en",
  });
  expect(status.content).toContain(
    '<p>Apples &amp; pears</p><p><a href="https://shop.example/a/very/long/path/to/them"',
  );
  expect(status.content).toContain('@<span>friend</span></a></span> <a href="/tags/harvest"');
  expect(status.mediaAttachments).toMatchObject([{ id: media.id, description: "A basket", type: "image" }]);
  expect(await ledger()).toMatchObject([{ outcome: "accepted", externalId: status.id, externalUrl: status.url }]);
  const page = await (await plainFetch(String(status.url))).text();
  expect(page).toMatch(/<summary dir="auto">Fruit<\/summary>[^]*alt="A basket"[^]*unlisted/);
});

describe("a key", () => {
  test("makes a repeat give the first status again, for an hour", async () => {
    const first = (await (await send("k", "Once")).json()) as { id: string };
    expect(await (await send("k", "Once")).json()).toMatchObject({ id: first.id });
    await control("POST", "/_control/clock", { advanceMs: 3_599_000 });
    expect(await (await send("k", "Once")).json()).toMatchObject({ id: first.id });
    await control("POST", "/_control/clock", { advanceMs: 2_000 });
    expect(await (await send("k", "Once")).json()).not.toMatchObject({ id: first.id });
    expect((await ledger()).map(({ outcome }) => outcome)).toEqual(["accepted", "repeat", "repeat", "accepted"]);
    await control("DELETE", "/_control/clock");
  });

  test("is its account's own", async () => {
    const first = (await (await send("k", "Mine")).json()) as { id: string };
    handle = `${handle}-other`;
    expect(await (await send("k", "Mine")).json()).not.toMatchObject({ id: first.id });
  });

  test("is ignored, or makes a repeat fail, on servers that are told so", async () => {
    await control("PUT", `/_control/accounts/${handle}`, { idempotencyKeys: "ignored" });
    await send("k", "Twice");
    await send("k", "Twice");
    expect((await ledger()).map(({ outcome }) => outcome)).toEqual(["accepted", "accepted"]);
    handle = `${handle}-failing`;
    await control("PUT", `/_control/accounts/${handle}`, { idempotencyKeys: "failing" });
    expect((await send("k", "Once")).status).toBe(200);
    expect((await send("k", "Once")).status).toBe(500);
    expect((await ledger()).map(({ outcome }) => outcome)).toEqual(["accepted", "refused"]);
  });
});

test("an upload that takes a moment cannot be attached before it is ready", async () => {
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(gifSample())], { type: "image/gif" }), "a.gif");
  const headers = { authorization: `Bearer sandbox.${handle}.1` };
  const uploaded = await plainFetch(new URL("/mastodon/api/v2/media", sandbox.url()), {
    method: "POST",
    headers,
    body: form,
  });
  const { id, url } = (await uploaded.json()) as { id: string; url: string | null };
  expect([uploaded.status, url]).toEqual([202, null]);
  const early = await send("early", "x", { media_ids: [id] });
  expect([early.status, JSON.stringify(await early.json())]).toEqual([
    422,
    expect.stringContaining("not finished processing"),
  ]);
  const look = () => plainFetch(new URL(`/mastodon/api/v1/media/${id}`, sandbox.url()), { headers });
  expect([(await look()).status, (await look()).status]).toEqual([206, 200]);
  expect((await send("late", "x", { media_ids: [id] })).status).toBe(200);
  expect((await send("again", "x", { media_ids: [id] })).status).toBe(422);
});

describe("a status is refused", () => {
  test.each([
    ["with 501 characters", "é".repeat(501), {}, /500/],
    ["with a warning that makes it too long", "é".repeat(490), { spoiler_text: "é".repeat(11) }, /500/],
    ["with nothing in it", " ", {}, /blank/],
    ["with media nobody uploaded", "x", { media_ids: ["1"] }, /not found/],
    ["for readers nobody knows", "x", { visibility: "friends" }, /Visibility/],
  ])("%s", async (_what, status, more, message) => {
    const answer = await send("k", status, more);
    expect(answer.status).toBe(422);
    expect(((await answer.json()) as { error: string }).error).toMatch(message);
  });

  test("not for the length of its links and mentions", async () => {
    const status = `${"é".repeat(460)} https://a.example/${"x".repeat(200)} @friend@${"y".repeat(100)}.example`;
    expect((await send("k", status)).status).toBe(200);
  });
});

test("the account's own posts are listed, newest first, and read back as they were written", async () => {
  const me = await client.v1.accounts.verifyCredentials();
  await client.v1.statuses.create({ status: "Older <1>" });
  const newer = await client.v1.statuses.create({ status: "Newer <2>" });
  const listed = await client.v1.accounts.$select(me.id).statuses.list({ limit: 40 });
  expect(listed.map(({ content }) => content)).toEqual(["<p>Newer &lt;2&gt;</p>", "<p>Older &lt;1&gt;</p>"]);
  expect(await client.v1.statuses.$select(newer.id).source.fetch()).toMatchObject({ text: "Newer <2>" });
  await client.v1.statuses.$select(newer.id).remove();
  await expect(client.v1.statuses.$select(newer.id).fetch()).rejects.toMatchObject({ statusCode: 404 });
});

test("too many posts are refused until an instant that is told", async () => {
  await control("PUT", `/_control/accounts/${handle}`, { publishingQuota: 1 });
  await send("one", "One");
  const refused = await send("two", "Two");
  expect(refused.status).toBe(429);
  const reset = refused.headers.get("x-ratelimit-reset") ?? "";
  expect(reset).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(Date.parse(reset)).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  await control("POST", "/_control/clock", { advanceMs: 86_400_001 });
  expect((await send("two", "Two")).status).toBe(200);
  await control("DELETE", "/_control/clock");
});

test("a revoked token is refused as an instance does", async () => {
  await control("POST", "/_control/tokens/revoke", { platform: "mastodon", handle });
  await expect(client.v1.accounts.verifyCredentials()).rejects.toMatchObject({
    statusCode: 401,
    message: "The access token is invalid",
  });
});

test("an instance says what it takes", async () => {
  const { configuration } = await client.v2.instance.fetch();
  expect(configuration.statuses).toMatchObject({ maxCharacters: 500, maxMediaAttachments: 4 });
});
