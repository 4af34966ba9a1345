/** What Facebook takes: pictures or one video in the feed, and one upright video as a reel. */
import type { MediaLimits } from "@punctual/core";
import { facebookLimits } from "./limits.ts";

const videoTypes = ["video/mp4", "video/quicktime"];

export const facebookMedia: MediaLimits = {
  mixed: false,
  rules: [
    {
      kind: "image",
      types: ["image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff"],
      bytesMax: facebookLimits.photoBytesMax,
      itemsMax: facebookLimits.photosMax,
    },
    {
      kind: "video",
      types: videoTypes,
      bytesMax: facebookLimits.videoBytesMax,
      durationMsMax: facebookLimits.videoDurationMaxMs,
      itemsMax: 1,
    },
  ],
};

/** With the option `reel`. */
export const reelMedia: MediaLimits = {
  mixed: false,
  rules: [
    {
      kind: "reel",
      types: videoTypes,
      bytesMax: facebookLimits.videoBytesMax,
      widthMin: facebookLimits.reelWidthMin,
      heightMin: facebookLimits.reelHeightMin,
      durationMsMin: facebookLimits.reelDurationMinMs,
      durationMsMax: facebookLimits.reelDurationMaxMs,
      itemsMax: 1,
    },
  ],
};

export function mediaLimitsOf({ options }: { options: Readonly<Record<string, unknown>> }): MediaLimits {
  return options["reel"] === true ? reelMedia : facebookMedia;
}
