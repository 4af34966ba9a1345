/**
 * What was reported as not sent must not be sent later: somebody else may have taken the post over by then. Requests
 * wait for names, connections and their turn inside the HTTP library, out of our sight.
 */
import type { Socket } from "node:net";
import { openRawServer, until, type RawServer } from "@punctual/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Lookup } from "./address-guard.ts";
import { createHttpClient, type HttpClient, type HttpResult } from "./http.ts";

const timeoutMs = 30_000;
const shortMs = 200;
const connectionsMax = 256;
const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

let server: RawServer;
let http: HttpClient;
/** Look-ups that wait to be answered. */
let asked: (() => void)[];

beforeEach(async () => {
  asked = [];
  const lookup: Lookup = (_hostname, _options, callback) => {
    asked.push(() => callback(null, [{ address: "127.0.0.1", family: 4 }]));
  };
  http = createHttpClient({ allowPrivateNetworks: true, lookup });
  server = await openRawServer({ onRequest: (socket) => void socket.write(ok) });
});
afterEach(async () => {
  await http.close();
  await server.close();
});

function send(body: string, limits: { timeoutMs?: number; signal?: AbortSignal; beforeSend?: () => void } = {}) {
  const url = new URL(`http://slow-name.example:${server.port}/`);
  return http.request({ method: "POST", url, headers: {}, body, timeoutMs, ...limits });
}

/** Lets waiting look-ups succeed until a further request is answered, so that the connections were there to be used. */
async function openTheWay(): Promise<void> {
  const last = send("last");
  let settled = false;
  void last.finally(() => (settled = true));
  await until("a later request to be answered", async () => {
    for (const answer of asked.splice(0)) answer();
    return settled;
  });
  expect(await last).toMatchObject({ kind: "answer", status: 200 });
}

function bodiesReceived(): (string | undefined)[] {
  return server.requests().map((request) => request.split("\r\n\r\n")[1]);
}

test("a request whose time was over while its host was looked up is never sent", async () => {
  const result = await send("late", { timeoutMs: shortMs });
  expect(result).toEqual({ kind: "not_sent", code: "timeout", message: "no answer came in time" });
  await openTheWay();
  expect(bodiesReceived()).toEqual(["last"]);
});

test("a request that was stopped while its host was looked up is never sent", async () => {
  const stop = new AbortController();
  const result = send("stopped", { signal: stop.signal });
  await until("the look-up", async () => asked.length > 0);
  stop.abort();
  expect(await result).toMatchObject({ kind: "not_sent", code: "stopped" });
  await openTheWay();
  expect(bodiesReceived()).toEqual(["last"]);
});

test("nobody is asked whether a request may leave that was given up before", async () => {
  let asks = 0;
  const result = await send("late", { timeoutMs: shortMs, beforeSend: () => (asks += 1) });
  expect(result.kind).toBe("not_sent");
  await openTheWay();
  expect(asks).toBe(0);
});

test("a request that waits behind others for a connection is never sent once its time is over", async () => {
  const waiting: Socket[] = [];
  const crowded = await openRawServer({
    onRequest: (socket, _request, count) => {
      if (count <= connectionsMax) waiting.push(socket);
      else socket.write(ok);
    },
  });
  const url = new URL(crowded.url);
  const direct = createHttpClient({ allowPrivateNetworks: true });
  const request = (body: string, limitMs = timeoutMs) =>
    direct.request({ method: "POST", url, headers: {}, body, timeoutMs: limitMs });
  try {
    const crowd: Promise<HttpResult>[] = Array.from({ length: connectionsMax }, () => request("crowd"));
    await until("every connection to be taken", async () => waiting.length === connectionsMax);
    expect(await request("late", shortMs)).toMatchObject({ kind: "not_sent", code: "timeout" });
    for (const socket of waiting) socket.write(ok);
    expect((await Promise.all(crowd)).every(({ kind }) => kind === "answer")).toBe(true);
    expect(await request("last")).toMatchObject({ kind: "answer" });
    expect(crowded.received()).toHaveLength(connectionsMax);
    expect(crowded.requests().some((text) => text.endsWith("late"))).toBe(false);
  } finally {
    await direct.close();
    await crowded.close();
  }
});

test("closing the client ends what waits as not sent and what left as lost", async () => {
  const silent = await openRawServer();
  const url = new URL(silent.url);
  try {
    const direct = createHttpClient({ allowPrivateNetworks: true });
    const left = direct.request({ method: "POST", url, headers: {}, body: "left", timeoutMs });
    await until("the request to arrive", async () => silent.requests().length === 1);
    const waits = send("waits");
    await until("the look-up", async () => asked.length > 0);
    await Promise.all([direct.close(), http.close()]);
    expect(await left).toMatchObject({ kind: "lost" });
    expect(await waits).toMatchObject({ kind: "not_sent" });
    for (const answer of asked.splice(0)) answer();
    expect(await send("after")).toMatchObject({ kind: "not_sent" });
    expect(server.received().join("")).toBe("");
  } finally {
    await silent.close();
  }
});
