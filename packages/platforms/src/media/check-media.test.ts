import type { MediaLimits } from "@punctual/core";
import { describe, expect, test } from "vitest";
import { checkMedia, checkMediaItems, mediaBytesMax, mediaTypes, rejectedFor } from "./check-media.ts";

const limits: MediaLimits = {
  mixed: false,
  altCharactersMax: 10,
  rules: [
    {
      kind: "image",
      types: ["image/png", "image/jpeg"],
      bytesMax: 1_000,
      widthMin: 10,
      widthMax: 100,
      aspectMin: 0.8,
      aspectMax: 1.91,
    },
    { kind: "video", types: ["video/mp4"], bytesMax: 5_000, durationMsMin: 3_000, durationMsMax: 60_000, itemsMax: 1 },
  ],
};
const image = { type: "image/png", bytes: 1_000, width: 100, height: 100 };
const video = { type: "video/mp4", bytes: 5_000, width: 100, height: 100, durationMs: 60_000 };

test("media at the limits are within them", () => {
  expect(checkMedia([image, { ...image, width: 80, height: 100 }], limits)).toEqual([]);
  expect(checkMedia([video], limits)).toEqual([]);
});

describe("a fault is told with its place and what would do", () => {
  test.each([
    [{ ...image, type: "image/gif" }, "media_type", "it is image/gif; possible: image/png, image/jpeg, video/mp4"],
    [{ ...image, bytes: 1_001 }, "media_too_large", "its size in bytes is 1001; at most 1000 are possible"],
    [{ ...image, width: 9, height: 9 }, "media_dimensions", "its width in pixels is 9; 10 to 100 are possible"],
    [
      { ...image, width: 79 },
      "media_aspect",
      "its aspect, width divided by height, is 0.790; 0.8 to 1.91 are possible",
    ],
    [
      { ...video, durationMs: 2_999 },
      "media_duration",
      "its length in milliseconds is 2999; 3000 to 60000 are possible",
    ],
    [{ type: "video/mp4", bytes: 1 }, "media_duration", "its length in milliseconds cannot be told"],
  ])("%j", (file, code, message) => {
    expect(checkMedia([file], limits)).toEqual([{ path: "/media/0", code, message }]);
  });
});

test("kinds that do not go together are told apart, unless they may be mixed", () => {
  expect(checkMedia([image, video], limits)).toMatchObject([{ path: "/media/1", code: "media_mixed" }]);
  expect(checkMedia([image, video], { ...limits, mixed: true })).toEqual([]);
  expect(checkMedia([video, video], limits)).toMatchObject([{ path: "/media/1", code: "too_many_media" }]);
});

test("what shows before anything is fetched is told then", () => {
  const post = {
    media: [
      { url: "https://a.example/1", alt: "x".repeat(10) },
      { url: "https://a.example/2", alt: "x".repeat(11) },
    ],
  };
  expect(checkMediaItems(post, { textCharactersMax: 1, mediaItemsMax: 2, media: limits })).toMatchObject([
    { path: "/media/1/alt", code: "alt_too_long" },
  ]);
  expect(checkMediaItems(post, { textCharactersMax: 1, mediaItemsMax: 1 })).toMatchObject([
    { path: "/media", code: "too_many_media" },
  ]);
  expect(checkMediaItems(post, { textCharactersMax: 1, mediaItemsMax: 2, media: limits }, () => 1)).toEqual([]);
});

test("the rules together say what is worth fetching", () => {
  expect(mediaTypes(limits)).toEqual(["image/png", "image/jpeg", "video/mp4"]);
  expect(mediaBytesMax(limits)).toBe(5_000);
});

test("the first fault is the post's reason to fail", () => {
  expect(rejectedFor(checkMedia([image, { ...image, bytes: 2_000 }], limits))).toEqual({
    kind: "rejected",
    category: "rejected",
    code: "media_too_large",
    message: "media 2: its size in bytes is 2000; at most 1000 are possible",
  });
  expect(rejectedFor([])).toBeNull();
});
