/** Looking at media ahead: at the beginning of large ones, since nobody waits for a gigabyte to learn that it is a film. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { MediaLimits } from "@punctual/core";
import { type MediaServer, mp4Sample, openMediaServer, pngSample } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHttpClient } from "../http.ts";
import { createMedia, type Media } from "./media.ts";
import { inspectMedia } from "./media-reading.ts";

const http = createHttpClient({ allowPrivateNetworks: true });
const signal = new AbortController().signal;
const bytesMax = 500_000_000;
const limits: MediaLimits = {
  mixed: false,
  rules: [
    { kind: "image", types: ["image/png"], bytesMax: 8_000_000, widthMax: 100 },
    { kind: "video", types: ["video/mp4"], bytesMax, widthMax: 1_920, durationMsMin: 3_000, durationMsMax: 60_000 },
  ],
};

let server: MediaServer;
let directory: string;
let media: Media;

beforeAll(async () => {
  server = await openMediaServer();
  directory = await mkdtemp(path.join(tmpdir(), "punctual-looking-"));
  media = createMedia({ http, directory });
});
afterAll(async () => {
  await server.close();
  await http.close();
  await rm(directory, { recursive: true, force: true });
});

/** The server says how long the whole is, sends the beginning, and then nothing more. */
async function lookAt(beginning: Buffer, { bytes, broken = false }: { bytes: number; broken?: boolean }) {
  const url = server.handle("/large", (_request, response) => {
    response.writeHead(200, { "content-length": bytes });
    response.write(beginning, () => broken && response.destroy());
  });
  const issues = await inspectMedia(media, { media: [{ url }] }, { limits, timeoutMs: 30_000, signal });
  expect(await readdir(directory)).toEqual([]);
  return issues.map(({ code, message }) => `${code}: ${message}`);
}

/** As films for the web are: what they are stands before their pictures. */
function indexFirst(film: Buffer, pictures: Buffer): Buffer {
  const mdat = film.readUInt32BE(0);
  const moov = mdat + film.readUInt32BE(mdat);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(pictures.length + 8);
  header.write("mdat", 4);
  return Buffer.concat([film.subarray(0, mdat), film.subarray(moov), header, pictures]);
}

const much = Buffer.alloc(4_000_000);

test.each([
  ["that will do", mp4Sample({ durationMs: 60_000 }), []],
  [
    "that is too long and too wide",
    mp4Sample({ width: 2_000, durationMs: 61_000 }),
    [
      "media_dimensions: its width in pixels is 2000; at most 1920 are possible",
      "media_duration: its length in milliseconds is 61000; 3000 to 60000 are possible",
    ],
  ],
])("the beginning of a large film tells one %s", async (_what, film, issues) => {
  expect(await lookAt(indexFirst(film, much), { bytes: bytesMax })).toEqual(issues);
});

test("what a film's beginning does not show is not held against it, its size is", async () => {
  const film = Buffer.concat([mp4Sample().subarray(0, 40), much]);
  expect(await lookAt(film, { bytes: bytesMax })).toEqual([]);
  const [issue] = await lookAt(film, { bytes: bytesMax + 1 });
  expect(issue).toContain(`larger than ${bytesMax} bytes`);
  expect(await lookAt(Buffer.concat([Buffer.from("<!doctype html>"), much]), { bytes: bytesMax })).toMatchObject([
    expect.stringContaining("no known type"),
  ]);
});

test("whatever came of a file is looked at, when it comes too slowly or breaks off", async () => {
  const picture = pngSample({ width: 400, height: 400 });
  const half = picture.subarray(0, picture.length / 2);
  expect(await lookAt(half, { bytes: picture.length, broken: true })).toEqual([
    "media_dimensions: its width in pixels is 400; at most 100 are possible",
  ]);
  // Of too little nobody can tell.
  await expect(lookAt(picture.subarray(0, 2), { bytes: picture.length, broken: true })).rejects.toThrow("broke off");
});
