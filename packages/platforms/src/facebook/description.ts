/** Facebook's limits and promises, as clients get them. */
import type { PlatformDescription } from "@punctual/core";
import { facebookLimits } from "./limits.ts";
import { facebookMedia } from "./media-rules.ts";

export const facebookDescription: PlatformDescription = {
  platform: "facebook",
  displayName: "Facebook",
  limits: {
    textCharactersMax: facebookLimits.textCharactersMax,
    mediaItemsMax: facebookLimits.photosMax,
    media: facebookMedia,
  },
  settings: [
    { name: "pageId", required: true, description: "The Page's id, digits." },
    {
      name: "twoStepPublish",
      required: false,
      description:
        "True: a post is made unpublished ahead and then published, so that a lost answer can be settled for certain.",
    },
  ],
  credentials: [{ name: "accessToken", required: true, description: "A Page access token with pages_manage_posts." }],
  delivery: {
    guarantee: "at_most_once",
    description:
      "Facebook knows no key against repeats: a post whose answer got lost is looked for in the Page's posts and never sent again. Videos and reels, and all posts of an account with twoStepPublish, are read by their id instead, which settles it for certain.",
  },
};
