/** What one client may cost: how much it sends and how slowly, how slowly it takes; and what happens under pressure. */
import { connect, type AddressInfo, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { createApiKey } from "@punctual/db";
import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { ApiLimits } from "../config.ts";
import { openEventStream, type EventReader } from "../events/event-reader.ts";

let env: TestEnvironment;
let api: AppUnderTest | undefined;
const sockets: Socket[] = [];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await api?.close();
  api = undefined;
});

/** @param prepare may add routes */
async function listen(limits: Partial<ApiLimits>, prepare = (_api: AppUnderTest) => {}): Promise<number> {
  api = await openAppUnderTest(env, { limits });
  prepare(api);
  await api.app.listen({ host: "127.0.0.1", port: 0, listenTextResolver: () => "" });
  return (api.app.server.address() as AddressInfo).port;
}

function open(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  // Being cut off is what these tests look at.
  socket.on("error", () => {});
  return socket;
}

function problemIn(answer: string): { status: number; code: string } {
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  expect(head).toMatch(/content-type: application\/problem\+json/i);
  const { status, code } = JSON.parse(body) as { status: number; code: string };
  return { status, code };
}

describe("a request", () => {
  test("whose address is too long is 414, just below the limit it is not", async () => {
    api = await openAppUnderTest(env, { limits: { urlLengthMax: 200 } });
    const url = (length: number) => `/v1/posts?cursor=${"x".repeat(length - "/v1/posts?cursor=".length)}`;
    const tooLong = await api.callRaw({ method: "GET", url: url(201) });
    expect(tooLong).toMatchObject({ status: 414, body: { code: "url_too_long" } });
    expect((await api.callRaw({ method: "GET", url: url(200) })).status).toBe(401);
    expect((await api.callRaw({ method: "GET", url: `/${"y".repeat(200)}` })).status).toBe(414);
  });

  test("whose headers are too large is 431", async () => {
    const port = await listen({ headerBytesMax: 2_000 });
    const answer = await text(open(port).end(`GET /livez HTTP/1.1\r\nhost: a\r\nx: ${"a".repeat(2_000)}\r\n\r\n`));
    expect(problemIn(answer)).toEqual({ status: 431, code: "headers_too_large" });
    const served = await text(
      open(port).end(`GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx: ${"a".repeat(1_500)}\r\n\r\n`),
    );
    expect(served).toMatch(/^HTTP\/1.1 200 /);
  });

  test("whose headers do not arrive in time is 408, however busily it sends", async () => {
    const port = await listen({ headersTimeoutMs: 200, timeoutCheckIntervalMs: 50 });
    const socket = open(port);
    socket.write("GET /livez HTTP/1.1\r\nhost: a\r\n");
    const drip = setInterval(() => socket.write("x-drip: a\r\n"), 20);
    const answer = await text(socket);
    clearInterval(drip);
    expect(problemIn(answer)).toEqual({ status: 408, code: "request_timeout" });
  });

  test("whose body does not arrive in time is 408, however busily it sends", async () => {
    const port = await listen({ requestTimeoutMs: 300, headersTimeoutMs: 250, timeoutCheckIntervalMs: 50 });
    const { apiKey } = await env.createTenant();
    const socket = open(port);
    socket.write(
      `POST /v1/posts HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${apiKey}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`,
    );
    const drip = setInterval(() => socket.write(" "), 20);
    const answer = await text(socket);
    clearInterval(drip);
    expect(problemIn(answer)).toEqual({ status: 408, code: "request_timeout" });
  });
});

describe("an answer", () => {
  const big = Buffer.alloc(64 * 1_048_576, "a");
  const serveBig = ({ app }: AppUnderTest) => void app.get("/big", (_request, reply) => reply.send(big));
  const ask = "GET /big HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

  test("of which a client takes nothing is cut off", async () => {
    const port = await listen({ answerStallTimeoutMs: 300 }, serveBig);
    const socket = open(port).pause();
    socket.write(ask);
    await until("it is cut off", async () => {
      const count = await new Promise<number>((resolve, reject) =>
        api!.app.server.getConnections((error, connections) => (error === null ? resolve(connections) : reject(error))),
      );
      return socket.readyState !== "opening" && count === 0;
    });
    // It was on its way: what fits between us had left.
    socket.resume();
    let received = 0;
    socket.on("data", (chunk) => (received += chunk.length));
    await until("what was left is read", async () => socket.destroyed);
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThan(big.length);
  });
});

describe("event streams", () => {
  async function openFollowing(limits: Partial<ApiLimits>) {
    const port = await listen(limits);
    const readers: EventReader[] = [];
    const follow = async (key: string) => {
      const reader = await openEventStream(`http://127.0.0.1:${port}/v1/events`, { authorization: `Bearer ${key}` });
      readers.push(reader);
      return reader;
    };
    const statuses = async (key: string, count: number) => {
      const opened = await Promise.all(Array.from({ length: count }, () => follow(key)));
      return opened.map(({ status }) => status).toSorted((a, b) => a - b);
    };
    return { port, readers, follow, statuses };
  }

  test("are so many of a key, of a company and in all, and those that ended count no more", async () => {
    const limits = { streamsPerKeyMax: 3, streamsPerCompanyMax: 5, streamsMax: 7 };
    const { readers, follow, statuses } = await openFollowing(limits);
    const [tenant, other, third] = [await env.createTenant(), await env.createTenant(), await env.createTenant()];
    const { companyId } = tenant;
    const { key: another } = await createApiKey(env.database, { companyId, name: "Another", scope: "read" });
    expect(await statuses(tenant.apiKey, 4)).toEqual([200, 200, 200, 429]);
    expect(await statuses(another, 3)).toEqual([200, 200, 429]);
    expect(await statuses(other.apiKey, 3)).toEqual([200, 200, 503]);
    expect(await statuses(third.apiKey, 1)).toEqual([503]);
    const headers = { accept: "text/event-stream" };
    const refused = await api!.call(another, "GET", "/v1/events", { headers });
    expect(refused).toMatchObject({ status: 429, body: { code: "too_many_streams" } });
    expect(refused.headers["retry-after"]).toBe("5");
    readers.find(({ status }) => status === 200)?.close();
    await until("there is room again", async () => (await follow(third.apiKey)).status === 200);
    for (const reader of readers) reader.close();
  });

  test("give back the place of a client that was gone before its stream began", async () => {
    const { port, readers, follow } = await openFollowing({ streamsPerKeyMax: 1 });
    const { apiKey } = await env.createTenant();
    const headers = { authorization: `Bearer ${apiKey}`, accept: "text/event-stream" };
    for (let round = 0; round < 20; round += 1) {
      const leaving = new AbortController();
      const answer = fetch(`http://127.0.0.1:${port}/v1/events`, { headers, signal: leaving.signal });
      setTimeout(() => leaving.abort(), round % 10);
      await answer.catch(() => {});
    }
    const last = await until("its place is free", async () => {
      const reader = await follow(apiKey);
      return reader.status === 200 && reader;
    });
    expect(last.status).toBe(200);
    for (const reader of readers) reader.close();
  });
});

describe("under pressure", () => {
  /** Keeps the event loop later than the limit until told to stop. */
  function burden(delayMs: number): () => void {
    let burdened = true;
    const block = () => {
      const until = performance.now() + delayMs;
      while (performance.now() < until);
      if (burdened) setImmediate(block);
    };
    setImmediate(block);
    return () => (burdened = false);
  }

  test("new requests are turned away until it is over, and what watches the process is served", async () => {
    const port = await listen({ eventLoopDelayMaxMs: 80, eventLoopSampleMs: 100 });
    const { apiKey } = await env.createTenant();
    const ask = (path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${apiKey}` } });
    await until("it is calm", async () => (await ask("/v1/clients")).status === 200);
    const relieve = burden(160);
    const refused = await until("a request is turned away", async () => {
      const answer = await ask("/v1/clients");
      return answer.status === 503 && answer;
    });
    expect(refused.headers.get("retry-after")).toBe("2");
    expect(refused.headers.get("x-request-id")).not.toBeNull();
    expect(await refused.json()).toMatchObject({ code: "overloaded", status: 503 });
    expect((await ask("/livez")).status).toBe(200);
    expect((await ask("/readyz")).status).toBe(200);
    relieve();
    await until("it serves again", async () => (await ask("/v1/clients")).status === 200);
  });

  test("one long pause turns nobody away", async () => {
    const port = await listen({ eventLoopDelayMaxMs: 400, eventLoopSampleMs: 100 });
    const { apiKey } = await env.createTenant();
    const ask = () => fetch(`http://127.0.0.1:${port}/v1/clients`, { headers: { authorization: `Bearer ${apiKey}` } });
    await until("it is calm", async () => (await ask()).status === 200);
    const pauseUntil = performance.now() + 1_500;
    while (performance.now() < pauseUntil);
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await ask()).status));
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
  });
});
