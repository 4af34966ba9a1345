import { randomBytes } from "node:crypto";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { openRawServer, type RawServer } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createHttpClient, type HttpRequest } from "./http.ts";
import { fileBody, formBody } from "./upload-body.ts";

const timeoutMs = 30_000;
/** More than a socket buffers. */
const content = randomBytes(3 * 1024 * 1024 + 17);
const http = createHttpClient({ allowPrivateNetworks: true });

let directory: string;
let file: string;
let server: Server;
let seen: { headers: IncomingMessage["headers"]; body: Buffer }[] = [];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "punctual-upload-"));
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      seen.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.end("taken");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await http.close();
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});
beforeEach(async () => {
  seen = [];
  file = path.join(directory, "upload");
  await writeFile(file, content);
});

function url(): URL {
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/upload`);
}

test("a file arrives byte by byte, with its length told beforehand", async () => {
  const body = fileBody({ path: file, bytes: content.length });
  const result = await http.request({ method: "POST", url: url(), headers: {}, body, timeoutMs });
  expect(result).toMatchObject({ kind: "answer", status: 200 });
  expect(seen[0]?.headers).toMatchObject({ "content-length": String(content.length) });
  expect(seen[0]?.headers["transfer-encoding"]).toBeUndefined();
  expect(seen[0]?.body.equals(content)).toBe(true);
});

test.each([
  ["its beginning", 0, 10],
  ["its middle", 1_000_000, 2_000_001],
  ["its end", content.length - 5, content.length],
  ["nothing of it", 7, 7],
])("of a file %s can be sent", async (_what, start, end) => {
  const body = fileBody({ path: file, bytes: content.length, start, end });
  await http.request({ method: "PUT", url: url(), headers: {}, body, timeoutMs });
  expect(seen[0]?.body.equals(content.subarray(start, end))).toBe(true);
});

test("a form carries fields and a file, read by a parser that is not ours", async () => {
  const fields = { description: 'Ein "Bild"\r\n--mit 🎉', 'odd"name\r\n': "x" };
  const { contentType, body } = formBody(fields, {
    field: "file",
    fileName: 'a"b.png',
    type: "image/png",
    content: fileBody({ path: file, bytes: content.length }),
  });
  await http.request({ method: "POST", url: url(), headers: { "content-type": contentType }, body, timeoutMs });
  const [received] = seen;
  expect(received?.headers["content-length"]).toBe(String(body.bytes));
  const answer = new Response(new Uint8Array(received?.body ?? []), { headers: { "content-type": contentType } });
  // oxlint-disable-next-line typescript/no-deprecated -- it buffers, which a test may
  const form = await answer.formData();
  expect(form.get("description")).toBe(fields.description);
  expect([...form.keys()]).toHaveLength(3);
  const part = form.get("file") as File;
  expect(part.type).toBe("image/png");
  expect(Buffer.from(await part.arrayBuffer()).equals(content)).toBe(true);
});

test("a file that vanished before anything left is no request that was answered", async () => {
  const body = fileBody({ path: path.join(directory, "gone"), bytes: 10 });
  const result = await http.request({ method: "POST", url: url(), headers: {}, body, timeoutMs });
  expect(result.kind).not.toBe("answer");
  expect(JSON.stringify(result)).not.toContain(directory);
  expect(seen).toEqual([]);
});

test("a file that became shorter is never taken for a whole one", async () => {
  await truncate(file, content.length - 1);
  const body = fileBody({ path: file, bytes: content.length });
  const result = await http.request({ method: "POST", url: url(), headers: {}, body, timeoutMs });
  expect(result.kind).toBe("lost");
  expect(seen).toEqual([]);
});

test("an upload that is stopped midway has left, and ends its connection", async () => {
  const stop = new AbortController();
  const raw = await openRawServer({ onConnection: (socket) => socket.once("data", () => stop.abort()) });
  try {
    const body = fileBody({ path: file, bytes: content.length });
    const target = new URL(raw.url);
    const result = await http.request({
      method: "POST",
      url: target,
      headers: {},
      body,
      timeoutMs,
      signal: stop.signal,
    });
    expect(result).toMatchObject({ kind: "lost", code: "stopped" });
    expect(raw.requests()).toEqual([]);
  } finally {
    await raw.close();
  }
});

test("nothing is read from the file if the request must not leave", async () => {
  let reads = 0;
  const body = {
    bytes: 5,
    async *read() {
      reads += 1;
      yield Buffer.from("hello");
    },
  };
  const beforeSend = () => {
    throw new Error("too late");
  };
  const result = await http.request({ method: "POST", url: url(), headers: {}, body, timeoutMs, beforeSend });
  expect(result.kind).toBe("not_sent");
  expect(reads).toBe(0);
  expect(seen).toEqual([]);
});

test("an early refusal of an upload is an answer", async () => {
  const raw = await openRawServer({
    onConnection: (socket) =>
      socket.once("data", () => socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")),
  });
  try {
    const body = fileBody({ path: file, bytes: content.length });
    const result = await http.request({ method: "POST", url: new URL(raw.url), headers: {}, body, timeoutMs });
    expect(result).toMatchObject({ kind: "answer", status: 413 });
  } finally {
    await raw.close();
  }
});

describe("a body that is taken piece by piece", () => {
  let raw: RawServer;
  const serve = async (answer: string, { close = false } = {}) => {
    raw = await openRawServer({ onRequest: (socket) => void (close ? socket.end(answer) : socket.write(answer)) });
  };
  const download = (changes: Partial<HttpRequest>) =>
    http.request({ method: "GET", url: new URL(raw.url), headers: {}, timeoutMs, ...changes });
  afterEach(() => raw.close());

  const long = "HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n" + "x".repeat(300_000);

  test("comes in order and whole, however slow the taker", async () => {
    await serve(long);
    let taken = 0;
    let busy = false;
    const receive = async (piece: Buffer) => {
      expect(busy).toBe(false);
      busy = true;
      await new Promise((resolve) => setImmediate(resolve));
      taken += piece.length;
      busy = false;
    };
    const result = await download({ receive, responseBytesMax: 1_000_000 });
    expect(result).toMatchObject({ kind: "answer", status: 200, body: Buffer.alloc(0) });
    expect(result).not.toHaveProperty("cutShort");
    expect(taken).toBe(300_000);
  });

  test("stops at the cap, and says so", async () => {
    await serve(long);
    let taken = 0;
    const receive = async (piece: Buffer) => void (taken += piece.length);
    const result = await download({ receive, responseBytesMax: 100_000 });
    expect(result).toMatchObject({ kind: "answer", cutShort: { code: "answer_too_long" } });
    expect(taken).toBe(100_000);
  });

  test("ends with a taker that fails", async () => {
    await serve(long);
    const receive = () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
    expect(await download({ receive })).toMatchObject({ kind: "answer", cutShort: { code: "enospc" } });
  });

  test("is told from one that broke off", async () => {
    await serve(long.slice(0, -1), { close: true });
    const receive = async () => {};
    const result = await download({ receive, responseBytesMax: 1_000_000 });
    expect(result).toMatchObject({ kind: "answer", status: 200, cutShort: { code: expect.any(String) as string } });
  });

  test("is not that of a refusal, which is an answer's body as ever", async () => {
    await serve("HTTP/1.1 404 No\r\ncontent-length: 4\r\n\r\ngone");
    const receive = vi.fn<(piece: Buffer) => Promise<void>>();
    expect(await download({ receive })).toMatchObject({ status: 404, body: Buffer.from("gone") });
    expect(receive).not.toHaveBeenCalled();
  });
});
