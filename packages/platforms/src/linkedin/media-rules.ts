/** What media LinkedIn takes (Images API, Videos API, MultiImage API). Where its pages name no size, the figure is ours. */
import type { MediaLimits } from "@punctual/core";
import { linkedinLimits } from "./limits.ts";

const mebibyte = 1024 * 1024;

export const linkedinMediaLimits: MediaLimits = {
  mixed: false,
  altCharactersMax: linkedinLimits.altCharactersMax,
  rules: [
    {
      kind: "image",
      types: ["image/jpeg", "image/png", "image/gif"],
      bytesMax: 20 * mebibyte,
      pixelsMax: 36_152_319,
    },
    {
      kind: "video",
      types: ["video/mp4"],
      bytesMax: 500 * 1_000_000,
      durationMsMin: 3_000,
      durationMsMax: 30 * 60_000,
      itemsMax: 1,
    },
  ],
};
