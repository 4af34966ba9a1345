/** What Instagram takes: JPEG pictures and videos, and both in one carousel. */
import type { MediaLimits } from "@punctual/core";
import { instagramLimits } from "./limits.ts";

export const instagramMedia: MediaLimits = {
  mixed: true,
  altCharactersMax: instagramLimits.altCharactersMax,
  rules: [
    {
      kind: "image",
      types: ["image/jpeg"],
      bytesMax: instagramLimits.imageBytesMax,
      widthMin: instagramLimits.imageWidthMin,
      aspectMin: instagramLimits.imageAspectMin,
      aspectMax: instagramLimits.imageAspectMax,
    },
    {
      kind: "video",
      types: ["video/mp4", "video/quicktime"],
      bytesMax: instagramLimits.videoBytesMax,
      widthMax: instagramLimits.videoWidthMax,
      durationMsMin: instagramLimits.videoDurationMinMs,
      durationMsMax: instagramLimits.videoDurationMaxMs,
    },
  ],
};
