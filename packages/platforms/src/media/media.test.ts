import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import {
  gifSample,
  jpegSample,
  type MediaServer,
  mp4Sample,
  openMediaServer,
  openRawServer,
  pngSample,
  until,
} from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createHttpClient } from "../http.ts";
import { createMedia, type FetchOptions, type Media } from "./media.ts";

const http = createHttpClient({ allowPrivateNetworks: true });
const types = ["image/png", "image/jpeg", "image/gif", "video/mp4", "video/quicktime"];
const signal = new AbortController().signal;
const options: FetchOptions = { bytesMax: 1_000_000, types, timeoutMs: 30_000, signal };

let server: MediaServer;
let directory: string;
let media: Media;

beforeAll(async () => {
  server = await openMediaServer();
});
afterAll(async () => {
  await server.close();
  await http.close();
});
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "punctual-media-test-"));
  media = createMedia({ http, directory });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function fetched(url: string, changes: Partial<FetchOptions> = {}) {
  const result = await media.fetch({ url }, { ...options, ...changes });
  if (result.kind === "file") {
    const { path: file, [Symbol.asyncDispose]: dispose, ...facts } = result.file;
    const bytes = await readFile(file);
    await dispose();
    expect(await readdir(directory)).toEqual([]);
    return { ...facts, content: bytes };
  }
  expect(await readdir(directory)).toEqual([]);
  return result.outcome;
}

describe("what a file is shows in its bytes", () => {
  test.each([
    ["a PNG", pngSample({ width: 40, height: 30 }), { type: "image/png", width: 40, height: 30 }],
    ["a JPEG", jpegSample({ width: 100, height: 50 }), { type: "image/jpeg", width: 100, height: 50 }],
    ["a JPEG on its side", jpegSample({ width: 100, height: 50, orientation: 6 }), { width: 50, height: 100 }],
    ["a GIF", gifSample({ width: 7, height: 9 }), { type: "image/gif", width: 7, height: 9 }],
    [
      "an MP4",
      mp4Sample({ width: 640, height: 360, durationMs: 4_500 }),
      { type: "video/mp4", width: 640, height: 360, durationMs: 4_500 },
    ],
    ["a QuickTime film", mp4Sample({ brand: "qt" }), { type: "video/quicktime", durationMs: 3_000 }],
  ])("%s", async (_what, bytes, facts) => {
    const url = server.put("/file", bytes);
    const file = await fetched(url);
    expect(file).toMatchObject({ ...facts, bytes: bytes.length });
    expect(file).toHaveProperty("content", bytes);
  });

  test("whatever its name and its server say", async () => {
    const url = server.put("/holiday.jpg", mp4Sample(), { "content-type": "image/jpeg" });
    expect(await fetched(url)).toMatchObject({ type: "video/mp4" });
    expect(await fetched(url, { types: ["image/jpeg"] })).toMatchObject({
      kind: "rejected",
      code: "media_type",
      message: "the media is video/mp4, which is not taken; possible: image/jpeg",
    });
  });

  test.each([
    ["a page", Buffer.from("<!doctype html><script>alert(1)</script>")],
    ["a drawing that could hold a script", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"></svg>')],
    ["nothing", Buffer.alloc(0)],
    ["the beginning of a picture", pngSample().subarray(0, 20)],
    ["the beginning of a film", mp4Sample().subarray(0, 200)],
    ["a compressed picture, which nobody unpacks", gzipSync(pngSample())],
  ])("and %s is refused", async (_what, bytes) => {
    const url = server.put("/file.png", bytes, { "content-type": "image/png" });
    expect(await fetched(url)).toMatchObject({ kind: "rejected", category: "rejected", code: "media_type" });
  });

  test("and a bomb stays packed", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const url = server.put("/bomb.png", bomb, { "content-type": "image/png", "content-encoding": "gzip" });
    expect(await fetched(url)).toMatchObject({ kind: "rejected", code: "media_type" });
  });
});

describe("a file that does not come", () => {
  test("is refused if it is too large, and no more of it is read than that", async () => {
    const bytes = pngSample({ width: 400, height: 400 });
    const url = server.put("/large.png", bytes);
    expect(await fetched(url, { bytesMax: bytes.length })).toMatchObject({ type: "image/png" });
    const refused = await fetched(url, { bytesMax: bytes.length - 1, index: 2 });
    expect(refused).toMatchObject({
      kind: "rejected",
      code: "media_too_large",
      message: `media 3 is larger than ${bytes.length - 1} bytes`,
    });
  });

  test("is refused if it never ends", async () => {
    const url = server.handle("/endless", (_request, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", more);
      more();
    });
    expect(await fetched(url)).toMatchObject({ kind: "rejected", code: "media_too_large" });
  });

  test("may come later if it drips in too slowly", async () => {
    let drips: NodeJS.Timeout | undefined;
    const url = server.handle("/drip", (_request, response) => {
      response.writeHead(200).write(pngSample().subarray(0, 100));
      drips = setInterval(() => response.write("a"), 20);
    });
    const outcome = await fetched(url, { timeoutMs: 500 });
    clearInterval(drips);
    expect(outcome).toMatchObject({ kind: "retry", category: "network" });
  });

  test("may come later if it broke off", async () => {
    const raw = await openRawServer({
      onRequest: (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf of it"),
    });
    expect(await fetched(`${raw.url}/a.png`)).toMatchObject({ kind: "retry", code: "media_cut_short" });
    await raw.close();
    expect(await fetched(`${raw.url}/a.png`)).toMatchObject({ kind: "retry", code: "media_connection_refused" });
  });

  test.each([
    [404, "rejected"],
    [403, "rejected"],
    [206, "rejected"],
    [408, "retry"],
    [429, "retry"],
    [500, "retry"],
    [503, "retry"],
  ])("is judged by the status: %i is %s", async (status, kind) => {
    const url = server.handle(
      "/status",
      (_request, response) => void response.writeHead(status, { "retry-after": "7" }).end("x"),
    );
    const outcome = await fetched(url);
    expect(outcome).toMatchObject({ kind, message: `the server of the media answered ${status}` });
    if (kind === "retry") expect(outcome).toMatchObject({ notBeforeMs: 7_000 });
  });

  test("is given up when the caller leaves", async () => {
    const stop = new AbortController();
    const url = server.handle("/silence", () => stop.abort());
    expect(await fetched(url, { signal: stop.signal })).toMatchObject({ kind: "retry", code: "media_stopped" });
  });

  test("is named without its address, which may hold a secret", async () => {
    for (const url of [`${server.url}/gone?token=sesame`, "http://user:sesame@127.0.0.1/", "http://sesame.invalid/"]) {
      expect(JSON.stringify(await fetched(url))).not.toContain("sesame");
    }
  });
});

describe("redirects", () => {
  function redirect(from: string, location: string): string {
    return server.handle(from, (_request, response) => void response.writeHead(302, { location }).end());
  }

  test("are followed three times, no more", async () => {
    server.put("/end.png", pngSample());
    redirect("/three", "/end.png");
    redirect("/two", `${server.url}/three`);
    redirect("/one", "two");
    redirect("/zero", "/one");
    expect(await fetched(`${server.url}/one`)).toMatchObject({ type: "image/png" });
    expect(await fetched(`${server.url}/zero`)).toMatchObject({ kind: "rejected", code: "media_redirects" });
  });

  test.each(["file:///etc/passwd", "ftp://example.com/a.png", "http://user:word@example.com/a.png"])(
    "lead to no %s",
    async (location) => {
      expect(await fetched(redirect("/away", location))).toMatchObject({ kind: "rejected", code: "media_url" });
    },
  );
});

describe("addresses inside", () => {
  /** Public names resolve to the test's own server; addresses themselves are judged as ever. */
  const guarded = createHttpClient({
    allowPrivateNetworks: false,
    lookup: (name, _options, done) =>
      done(null, [{ address: name === "inside.test" ? "10.0.0.7" : "127.0.0.1", family: 4 }]),
  });
  afterAll(() => guarded.close());

  test.each(["http://127.0.0.1:1/a.png", "http://[::1]/a.png", "http://169.254.169.254/latest", "http://inside.test/"])(
    "such as %s are refused",
    async (url) => {
      media = createMedia({ http: guarded, directory });
      expect(await fetched(url)).toMatchObject({ kind: "rejected", code: "private_address" });
    },
  );

  test("are refused at every hop", async () => {
    const asked: string[] = [];
    const first = {
      async request({ url }: { url: URL }) {
        asked.push(url.href);
        if (url.hostname !== "public.test")
          return guarded.request({ method: "GET", url, headers: {}, timeoutMs: 5_000 });
        const headers = { location: "http://169.254.169.254/latest/meta-data" };
        return { kind: "answer" as const, status: 302, headers, body: Buffer.alloc(0) };
      },
      close: async () => {},
    };
    media = createMedia({ http: first, directory });
    expect(await fetched("http://public.test/a.png")).toMatchObject({ kind: "rejected", code: "private_address" });
    expect(asked).toEqual(["http://public.test/a.png", "http://169.254.169.254/latest/meta-data"]);
  });
});

describe("files of processes that are gone", () => {
  const host = "[A-Za-z0-9_]+";

  test("are removed at start, those in use and those of others are not", async () => {
    const url = server.put("/kept.png", pngSample());
    const kept = await media.fetch({ url }, options);
    if (kept.kind !== "file") throw new Error(kept.outcome.message);
    const own = path.basename(kept.file.path);
    expect(own).toMatch(new RegExp(`^${process.pid}-\\d+-${host}-[0-9a-f]{16}$`));
    const [pid, started, machine, random] = own.split("-") as [string, string, string, string];
    // No process has a number that high.
    const dead = `${2 ** 31 - 1}-${started}-${machine}-${random}`;
    const earlier = `${pid}-${Number(started) - 1}-${machine}-${random}`;
    const elsewhere = `1-${started}-elsewhere-${random}`;
    const longElsewhere = `2-${started}-elsewhere-${random}`;
    const strange = "notes.txt";
    for (const name of [dead, earlier, elsewhere, longElsewhere, strange]) {
      await writeFile(path.join(directory, name), "x");
    }
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    await utimes(path.join(directory, longElsewhere), longAgo, longAgo);
    await media.start();
    expect(new Set(await readdir(directory))).toEqual(new Set([own, elsewhere, strange]));
    await kept.file[Symbol.asyncDispose]();
    expect(await readdir(directory)).not.toContain(own);
  });

  test("need no directory to be removed from", async () => {
    const absent = createMedia({ http, directory: path.join(directory, "absent") });
    await expect(absent.start()).resolves.toBeUndefined();
  });

  test("a disk that takes nothing is our fault, not the post's", async () => {
    await mkdir(directory, { recursive: true });
    const blocked = path.join(directory, "blocked");
    await writeFile(blocked, "a file where the directory should be");
    const broken = createMedia({ http, directory: blocked });
    const url = server.put("/fine.png", pngSample());
    const result = await broken.fetch({ url }, options);
    expect(result).toMatchObject({
      kind: "fault",
      outcome: { kind: "retry", category: "internal", code: "media_disk" },
    });
  });
});

test("several are fetched side by side without meeting", async () => {
  const samples = Array.from({ length: 8 }, (_, index) => pngSample({ width: 10 + index, height: 5 }));
  const results = await Promise.all(
    samples.map((bytes, index) => media.fetch({ url: server.put(`/side/${index}`, bytes) }, options)),
  );
  expect(results.map((result) => result.kind === "file" && result.file.width)).toEqual(samples.map((_, i) => 10 + i));
  for (const result of results) if (result.kind === "file") await result.file[Symbol.asyncDispose]();
  await until("the files to be gone", async () => (await readdir(directory)).length === 0);
});
