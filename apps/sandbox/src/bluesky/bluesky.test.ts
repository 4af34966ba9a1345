/** The stand-in, driven by the network's own client library. */
import { AtpAgent, RichText } from "@atproto/api";
import { createLogger } from "@punctual/runtime";
import { pngSample } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSandbox } from "../sandbox.ts";

const sandbox = createSandbox({ host: "127.0.0.1", port: 0 }, { logger: createLogger("sandbox", "silent") });
const createdAt = "2026-01-01T00:00:00.000Z";
const collection = "app.bsky.feed.post";
let agent: AtpAgent;
let count = 0;

beforeAll(() => sandbox.start());
afterAll(() => sandbox.stop());
beforeEach(async () => {
  count += 1;
  agent = agentFor();
  await agent.login({ identifier: `shop-${count}.test`, password: "abcd-efgh-ijkl-mnop" });
});

/** The library knows servers at the root of a host only. */
function agentFor(): AtpAgent {
  return new AtpAgent({
    service: sandbox.url(),
    fetch: (input: string | URL | Request, init?: RequestInit) => {
      const request = new Request(input, init);
      const { pathname, search } = new URL(request.url);
      return fetch(new Request(new URL(`/bluesky${pathname}${search}`, sandbox.url()), request));
    },
  });
}

async function control(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(new URL(path, sandbox.url()), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return answer.json();
}

function put(rkey: string, text: string, more: Record<string, unknown> = {}) {
  const record = { $type: collection, text, createdAt };
  return agent.com.atproto.repo.putRecord({ repo: agent.assertDid, collection, rkey, record, ...more });
}

async function ledger(): Promise<Record<string, unknown>[]> {
  const { data } = (await control("GET", `/_ledger?platform=bluesky&account=shop-${count}.test`)) as { data: never[] };
  return data;
}

test("a post with a link, a picture and its description is seen as a reader would", async () => {
  const text = new RichText({ text: "Opening today: https://shop.example" });
  text.detectFacetsWithoutResolution();
  const { data } = await agent.uploadBlob(pngSample(), { encoding: "image/png" });
  const posted = await agent.post({
    text: text.text,
    facets: text.facets ?? [],
    embed: { $type: "app.bsky.embed.images", images: [{ image: data.blob, alt: "The shop" }] },
  });
  expect(posted.uri).toMatch(new RegExp(`^at://${agent.assertDid}/${collection}/[2-7a-z]{13}$`));
  const [entry] = await ledger();
  expect(entry).toMatchObject({
    outcome: "accepted",
    externalId: posted.uri,
    postId: null,
    content: { text: text.text },
  });
  const page = await (await fetch(String(entry?.["externalUrl"]))).text();
  expect(page).toContain("Opening today");
  const [, image = ""] = /<img src="([^"]+)" alt="The shop"/.exec(page) ?? [];
  const shown = await fetch(new URL(image, sandbox.url()));
  expect(shown.headers.get("content-type")).toBe("image/png");
  expect(Buffer.from(await shown.arrayBuffer()).equals(pngSample())).toBe(true);
});

describe("a record under a chosen key", () => {
  const rkey = "3mbd3542k2222";

  test("is written once, however often the same comes", async () => {
    const first = await put(rkey, "Once", { swapRecord: null });
    const again = await put(rkey, "Once", { swapRecord: null });
    expect(again.data).toMatchObject({ uri: first.data.uri, cid: first.data.cid });
    expect(first.data.commit).toBeDefined();
    expect(again.data.commit).toBeUndefined();
    expect((await ledger()).map(({ outcome }) => outcome)).toEqual(["accepted", "repeat"]);
  });

  test("is not replaced where nothing may be", async () => {
    await put(rkey, "One", { swapRecord: null });
    await expect(put(rkey, "Other", { swapRecord: null })).rejects.toMatchObject({ status: 400, error: "InvalidSwap" });
    const { data } = await agent.com.atproto.repo.getRecord({ repo: agent.assertDid, collection, rkey });
    expect(data.value).toMatchObject({ text: "One" });
  });

  test("makes createRecord fail as it does on the reference server", async () => {
    const record = { $type: collection, text: "One", createdAt };
    const create = () => agent.com.atproto.repo.createRecord({ repo: agent.assertDid, collection, rkey, record });
    await create();
    await expect(create()).rejects.toMatchObject({ status: 500 });
  });

  test("is read, listed and deleted", async () => {
    const input = { repo: agent.assertDid, collection };
    await put("3mbd3542k2222", "Older");
    await put("3mbd3542k2223", "Newer");
    const { data } = await agent.com.atproto.repo.listRecords(input);
    expect(data.records.map(({ value }) => value["text"])).toEqual(["Newer", "Older"]);
    await agent.com.atproto.repo.deleteRecord({ ...input, rkey });
    await expect(agent.com.atproto.repo.getRecord({ ...input, rkey })).rejects.toMatchObject({
      error: "RecordNotFound",
    });
  });
});

describe("a record is refused", () => {
  test.each([
    ["with 301 characters", { text: "é".repeat(301) }, /300 graphemes/],
    ["with 3,001 bytes", { text: "👨‍👩‍👧‍👦".repeat(121) }, /3000 bytes/],
    ["without its time", { createdAt: undefined }, /createdAt/],
    ["with a facet outside the text", { facets: [facet(0, 99)] }, /range/],
    ["with four languages", { langs: ["en", "de", "fr", "it"] }, /langs/],
  ])("%s", async (_what, changes, message) => {
    const record = { $type: collection, text: "x", createdAt, ...changes };
    const call = agent.com.atproto.repo.createRecord({ repo: agent.assertDid, collection, record });
    await expect(call).rejects.toMatchObject({ status: 400, message: expect.stringMatching(message) as string });
    expect(await ledger()).toMatchObject([{ outcome: "refused" }]);
  });

  test("with a picture that was never uploaded", async () => {
    const { data } = await agent.uploadBlob(pngSample(), { encoding: "image/png" });
    const other = agentFor();
    await other.login({ identifier: "other.test", password: "x" });
    const embed = { $type: "app.bsky.embed.images" as const, images: [{ image: data.blob, alt: "" }] };
    await expect(other.post({ text: "x", embed })).rejects.toMatchObject({ error: "BlobNotFound" });
  });

  test("under a key that is no TID", async () => {
    await expect(put("my-own-key", "x")).rejects.toMatchObject({ error: "InvalidRequest" });
  });
});

describe("sessions", () => {
  test("end after two hours and are renewed; a used refresh token gives the same successor for a while", async () => {
    const { refreshJwt } = agent.session ?? { refreshJwt: "" };
    const renew = () =>
      fetch(new URL("/bluesky/xrpc/com.atproto.server.refreshSession", sandbox.url()), {
        method: "POST",
        headers: { authorization: `Bearer ${refreshJwt}` },
      });
    await control("POST", "/_control/clock", { advanceMs: 7_201_000 });
    // The library renews by itself.
    await agent.post({ text: "after the break" });
    expect(agent.session?.refreshJwt).not.toBe(refreshJwt);
    expect(((await (await renew()).json()) as { refreshJwt: string }).refreshJwt).toBe(agent.session?.refreshJwt);
    await control("POST", "/_control/clock", { advanceMs: 7_201_000 });
    expect(await (await renew()).json()).toMatchObject({ error: "ExpiredToken" });
    await control("DELETE", "/_control/clock");
  });

  test("and the password behind them are revoked together; a new password works", async () => {
    const identifier = `shop-${count}.test`;
    await control("POST", "/_control/tokens/revoke", { platform: "bluesky", handle: identifier });
    await expect(put("3mbd3542k2222", "x")).rejects.toMatchObject({ error: "ExpiredToken" });
    await expect(agentFor().login({ identifier, password: "x" })).rejects.toMatchObject({ status: 401 });
    const again = agentFor();
    await again.login({ identifier, password: `sandbox.${identifier}.2` });
    expect((await again.post({ text: "back" })).uri).toContain("at://");
  });

  test("are told from tokens somebody made up", async () => {
    const answer = await fetch(new URL("/bluesky/xrpc/com.atproto.server.getSession", sandbox.url()), {
      headers: { authorization: "Bearer aaaa.bbbb.cccc" },
    });
    expect(await answer.json()).toMatchObject({ error: "InvalidToken" });
  });
});

test("too many posts are refused until the time they are told", async () => {
  await control("PUT", `/_control/accounts/shop-${count}.test`, { publishingQuota: 2 });
  await put("3mbd3542k2222", "One");
  await put("3mbd3542k2223", "Two");
  const refused = put("3mbd3542k2224", "Three");
  await expect(refused).rejects.toMatchObject({ status: 429, error: "RateLimitExceeded" });
  const { headers } = (await refused.catch((error: unknown) => error)) as { headers: Record<string, string> };
  expect(Number(headers["ratelimit-reset"]) * 1_000).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  await control("POST", "/_control/clock", { advanceMs: 86_400_000 });
  agent = agentFor();
  await agent.login({ identifier: `shop-${count}.test`, password: "x" });
  expect((await put("3mbd3542k2224", "Three")).data.uri).toContain("3mbd3542k2224");
  await control("DELETE", "/_control/clock");
});

function facet(byteStart: number, byteEnd: number) {
  const features = [{ $type: "app.bsky.richtext.facet#tag", tag: "x" }];
  return { index: { byteStart, byteEnd }, features };
}
