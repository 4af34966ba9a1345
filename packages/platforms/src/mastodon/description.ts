/** Mastodon as clients are told of it. */
import type { MediaLimits, PlatformDescription } from "@punctual/core";
import { mastodonLimits } from "./limits.ts";

/** What instances take unless they say otherwise. */
export const usualMedia: MediaLimits = {
  mixed: false,
  altCharactersMax: mastodonLimits.altCharactersMax,
  rules: [
    {
      kind: "image",
      types: ["image/jpeg", "image/png", "image/webp", "image/gif", "image/heic", "image/heif", "image/avif"],
      bytesMax: mastodonLimits.imageBytesMax,
      pixelsMax: mastodonLimits.imagePixelsMax,
    },
    {
      kind: "video",
      types: ["video/mp4", "video/quicktime", "video/webm"],
      bytesMax: mastodonLimits.videoBytesMax,
      pixelsMax: mastodonLimits.videoPixelsMax,
      itemsMax: 1,
    },
  ],
};

export const mastodonDescription: PlatformDescription = {
  platform: "mastodon",
  displayName: "Mastodon",
  limits: {
    textCharactersMax: mastodonLimits.textCharactersMax,
    mediaItemsMax: mastodonLimits.mediaItemsMax,
    media: usualMedia,
  },
  settings: [
    { name: "instanceUrl", required: true, description: "The account's server, such as https://mastodon.social." },
    {
      name: "account",
      required: false,
      description: "Who it is, such as name@mastodon.social; set by connecting, or once the server said so.",
    },
    {
      name: "trustIdempotencyKey",
      required: false,
      description:
        "False if the server is of a kind that publishes a repeat twice in spite of its Idempotency-Key, as Pixelfed does; default true.",
    },
  ],
  credentials: [
    {
      name: "accessToken",
      required: true,
      description: "A token with the scopes read:accounts, read:statuses, write:statuses and write:media.",
    },
  ],
  delivery: {
    guarantee: "idempotent",
    description:
      "Every attempt carries the same Idempotency-Key, which servers honour for an hour: for 55 minutes after the first attempt a lost answer is repeated. After that, or where the server is not trusted to honour it, the account's own posts are looked through, and if they do not show it a person decides.",
  },
};
