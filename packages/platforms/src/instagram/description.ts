/** Instagram's limits and promises, as clients get them. */
import type { PlatformDescription } from "@punctual/core";
import { instagramLimits } from "./limits.ts";
import { instagramMedia } from "./media-rules.ts";

export const instagramDescription: PlatformDescription = {
  platform: "instagram",
  displayName: "Instagram",
  limits: {
    textCharactersMax: instagramLimits.captionCharactersMax,
    mediaItemsMax: instagramLimits.carouselItemsMax,
    media: instagramMedia,
  },
  settings: [{ name: "userId", required: true, description: "The professional account's id, digits." }],
  credentials: [
    {
      name: "accessToken",
      required: true,
      description: "A long-lived token with instagram_business_content_publish.",
    },
    { name: "expiresAt", required: false, description: "When the token ends, so that it is renewed in time." },
  ],
  delivery: {
    guarantee: "confirmable",
    description:
      "A post is laid into a container, which can be published once and always tells whether it was: a lost answer is settled by reading it.",
  },
};
