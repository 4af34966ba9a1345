/** Bluesky as clients are told of it. */
import type { PlatformDescription } from "@punctual/core";
import { blueskyLimits, blueskyServiceUrl } from "./limits.ts";

export const blueskyDescription: PlatformDescription = {
  platform: "bluesky",
  displayName: "Bluesky",
  limits: {
    textCharactersMax: blueskyLimits.textGraphemesMax,
    textBytesMax: blueskyLimits.textBytesMax,
    mediaItemsMax: blueskyLimits.imagesMax,
    media: {
      mixed: true,
      rules: [
        {
          kind: "image",
          types: ["image/jpeg", "image/png", "image/webp", "image/gif"],
          bytesMax: blueskyLimits.imageBytesMax,
        },
      ],
    },
  },
  settings: [
    {
      name: "serviceUrl",
      required: false,
      description: `The account's server (PDS), without a path; default ${blueskyServiceUrl}.`,
    },
  ],
  credentials: [
    { name: "identifier", required: true, description: "The account's handle, such as name.bsky.social, or its DID." },
    { name: "appPassword", required: true, description: "An app password, made in the account's settings." },
  ],
  delivery: {
    guarantee: "idempotent",
    description:
      "Every attempt of a post writes the same record under the same key; the server keeps one of them, and a lost answer is repeated.",
  },
};
