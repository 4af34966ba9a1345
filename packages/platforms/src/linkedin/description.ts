/** LinkedIn as data, for clients. */
import type { PlatformDescription } from "@punctual/core";
import { linkedinLimits } from "./limits.ts";
import { linkedinMediaLimits } from "./media-rules.ts";

export const linkedinDescription: PlatformDescription = {
  platform: "linkedin",
  displayName: "LinkedIn",
  limits: {
    textCharactersMax: linkedinLimits.textCharactersMax,
    mediaItemsMax: linkedinLimits.imagesMax,
    media: linkedinMediaLimits,
  },
  settings: [
    {
      name: "author",
      required: true,
      description: "Who publishes: urn:li:person:… for a member, urn:li:organization:… for an organization.",
    },
  ],
  credentials: [
    {
      name: "accessToken",
      required: true,
      description: "With w_member_social, or w_organization_social for an organization.",
    },
    {
      name: "refreshToken",
      required: false,
      description: "Renews the access token; LinkedIn gives it to approved partners.",
    },
    { name: "expiresAt", required: false, description: "When the access token ends, such as 2027-01-31T12:00:00Z." },
  ],
  delivery: {
    guarantee: "at_most_once",
    description:
      "LinkedIn knows no key against repeats, so a post whose answer got lost is never sent again by itself. An organization's posts are listed to find it; a member's cannot be, and a person decides.",
  },
};
