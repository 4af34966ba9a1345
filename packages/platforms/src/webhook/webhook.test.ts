import { randomBytes } from "node:crypto";
import type { ConnectedAccount, OutgoingPost, Outcome, SendContext } from "@punctual/core";
import { openRawServer, type RawServer } from "@punctual/testing";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPlatforms, type Platforms } from "../registry.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;
const timeoutMs = 30_000;
const post: OutgoingPost = {
  id: "0190d8a2-3c1e-7b6f-9d00-0a1b2c3d4e5f",
  socialAccountId: "0190d8a2-3c1e-7b6f-9d00-0a1b2c3d4e60",
  revision: 3,
  scheduledAt: new Date("2026-11-22T12:00:00.120Z"),
  firstSentAt: null,
  requestId: "req-1",
  text: "Grüße 🎉\nzwei",
  media: [{ url: "https://example.com/a.jpg", alt: "A cat" }, { url: "https://example.com/b.jpg" }],
  link: "https://example.com/",
  options: {},
  metadata: { campaign: "spring" },
};

let server: RawServer;
let platforms: Platforms;
let answer: string;

beforeEach(async () => {
  answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
  server = await openRawServer({ onRequest: (socket) => void socket.write(answer) });
  platforms = createPlatforms({ sandboxUrl: server.url, allowPrivateNetworks: true });
});
afterEach(async () => {
  await platforms.stop();
  await server.close();
});

function send(
  account: Partial<ConnectedAccount> = {},
  changes: Partial<OutgoingPost> = {},
  context: Partial<SendContext> = {},
): Promise<Outcome> {
  const platform = platforms.byName.get("webhook");
  if (platform === undefined) throw new Error("there is no webhook platform");
  return platform.send(
    { ...post, ...changes },
    {
      account: {
        id: post.socialAccountId,
        settings: { url: `${server.url}/hook?key=a%20b` },
        credentials: { secret },
        credentialsVersion: 1,
        sandbox: false,
        ...account,
      },
      checkpoint: null,
      timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
      beforeSend: () => {},
      ...context,
    },
  );
}

function delivery(index = 0): { head: string; headers: Record<string, string>; body: string } {
  const [head = "", body = ""] = (server.requests()[index] ?? "").split("\r\n\r\n");
  const [start = "", ...lines] = head.split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  return { head: start, headers, body: Buffer.from(body, "latin1").toString("utf8") };
}

describe("a delivery", () => {
  test("is a POST of the post as the contract says, and nothing more", async () => {
    expect(await send()).toEqual({ kind: "published", httpStatus: 200 });
    const { head, headers, body } = delivery();
    expect(head).toBe("POST /hook?key=a%20b HTTP/1.1");
    expect(JSON.parse(body)).toEqual({
      type: "post.publish",
      postId: post.id,
      socialAccountId: post.socialAccountId,
      text: post.text,
      media: post.media,
      link: post.link,
      scheduledAt: "2026-11-22T12:00:00.120Z",
      metadata: post.metadata,
    });
    expect(Object.keys(headers).toSorted()).toEqual([
      "connection",
      "content-length",
      "content-type",
      "host",
      "user-agent",
      "webhook-id",
      "webhook-signature",
      "webhook-timestamp",
      "x-request-id",
    ]);
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "webhook-id": post.id,
      "x-request-id": "req-1",
    });
  });

  test("is accepted by an independent verifier of the specification", async () => {
    await send();
    const { headers, body } = delivery();
    expect(new Webhook(secret).verify(body, headers)).toMatchObject({ postId: post.id });
    const other = `whsec_${randomBytes(32).toString("base64")}`;
    expect(() => new Webhook(other).verify(body, headers)).toThrow(/signature/);
  });

  test("has the same id and the same bytes on every attempt", async () => {
    await send();
    await send({}, { firstSentAt: new Date() });
    expect(delivery(1).body).toBe(delivery(0).body);
    expect(delivery(1).headers["webhook-id"]).toBe(delivery(0).headers["webhook-id"]);
  });

  test("names no request if none is known", async () => {
    await send({}, { requestId: null });
    expect(delivery().headers).not.toHaveProperty("x-request-id");
  });

  test("of a sandbox account goes to the sandbox, whatever its own URL", async () => {
    await send({ sandbox: true, settings: { url: "http://127.0.0.1:9/real" } });
    expect(delivery().head).toBe(`POST /webhook/${post.socialAccountId} HTTP/1.1`);
  });
});

describe("what comes back", () => {
  test("is the outcome, with the receiver's id and address of the post", async () => {
    answer = respond(201, { id: "r-1", url: "https://example.com/r-1" });
    expect(await send()).toEqual({
      kind: "published",
      httpStatus: 201,
      externalId: "r-1",
      externalUrl: "https://example.com/r-1",
    });
  });

  test.each([
    ["the secret", () => secret],
    ["the text", () => post.text],
    ["a picture's description", () => "a picture of A Cat that is black"],
  ])("is never kept if it repeats %s", async (_what, echo) => {
    answer = respond(422, { error: `refused: ${echo()}` });
    const media = [{ url: "https://example.com/a.jpg", alt: "A cat that is black" }];
    expect(await send({}, { media })).toMatchObject({ kind: "rejected", message: "the receiver answered 422" });
  });

  test("is an open outcome if it is lost", async () => {
    await server.close();
    server = await openRawServer({ onRequest: (socket) => void socket.resetAndDestroy() });
    expect(await send()).toMatchObject({ kind: "unknown", code: "connection_reset" });
  });
});

describe("nothing is sent", () => {
  test.each<[string, Partial<ConnectedAccount>]>([
    ["without a secret", { credentials: {} }],
    ["with a secret nobody can read", { credentials: { secret: "whsec_!" } }],
    ["without a URL", { settings: {} }],
    ["to what is no URL", { settings: { url: "nonsense" } }],
  ])("%s, and the fault is ours", async (_what, account) => {
    expect(await send(account)).toMatchObject({ kind: "retry", category: "internal", code: "misconfigured" });
    expect(server.received()).toEqual([]);
  });

  test("for a sandbox account where no sandbox is configured", async () => {
    await platforms.stop();
    platforms = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: true });
    expect(await send({ sandbox: true })).toMatchObject({ kind: "retry", code: "misconfigured" });
    expect(server.received()).toEqual([]);
  });

  test("to a private address, except by a sandbox account to the sandbox", async () => {
    await platforms.stop();
    platforms = createPlatforms({ sandboxUrl: server.url, allowPrivateNetworks: false });
    expect(await send()).toMatchObject({ kind: "rejected", code: "private_address" });
    expect(server.received()).toEqual([]);
    expect(await send({ sandbox: true })).toMatchObject({ kind: "published" });
  });

  test.each([301, 302, 303, 307, 308])("where a receiver redirects to, with %s: it is refused", async (status) => {
    const inside = await openRawServer({ onRequest: (socket) => void socket.write(answer) });
    answer = `HTTP/1.1 ${status} Elsewhere\r\nlocation: ${inside.url}/secrets\r\ncontent-length: 0\r\n\r\n`;
    expect(await send()).toMatchObject({ kind: "rejected", code: `http_${status}` });
    expect(server.requests()).toHaveLength(1);
    expect(inside.received()).toEqual([]);
    await inside.close();
  });

  test("once sending is forbidden", async () => {
    const beforeSend = () => {
      throw Object.assign(new Error("too late"), { code: "send_forbidden" });
    };
    expect(await send({}, {}, { beforeSend })).toMatchObject({ kind: "retry", code: "send_forbidden" });
    expect(server.received().join("")).toBe("");
  });
});

test("a repeat is harmless at any time, which the platform says of itself as well", () => {
  const platform = platforms.byName.get("webhook");
  const longAgo = { ...post, firstSentAt: new Date(0) };
  expect(platform?.guarantee(longAgo, new Date())).toBe("idempotent");
  expect(platform?.description.delivery.guarantee).toBe("idempotent");
});

function respond(status: number, body: unknown): string {
  const text = JSON.stringify(body);
  return `HTTP/1.1 ${status} Said\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
