/** What a PATCH of a post may say: a JSON Merge Patch, where null takes a field back to its default. */
import { postLimits } from "@punctual/core";
import { Type, type Static } from "typebox";
import { orNull } from "../field-schemas.ts";
import { PostIn } from "./schemas.ts";

const { text, media, link, scheduledAt, localTime, timeZone, maxAttempts, groupId } = PostIn.properties;
const { graceMinutes, then } = PostIn.properties.lateness.properties;

export const PostPatch = Type.Object(
  {
    text: Type.Optional(text),
    media: Type.Optional(orNull(media)),
    link: Type.Optional(orNull(link)),
    scheduledAt: Type.Optional(scheduledAt),
    localTime: Type.Optional(orNull(localTime)),
    timeZone: Type.Optional(orNull(timeZone)),
    lateness: Type.Optional(
      Type.Unsafe<{ graceMinutes?: number; then?: "publish" | "miss" } | null>({
        type: ["object", "null"],
        properties: { graceMinutes, then },
        additionalProperties: false,
      }),
    ),
    options: Type.Optional(Type.Unsafe<Record<string, unknown> | null>({ type: ["object", "null"] })),
    maxAttempts: Type.Optional(orNull(maxAttempts)),
    groupId: Type.Optional(orNull(groupId)),
    metadata: Type.Optional(
      Type.Unsafe<Record<string, string | null> | null>({
        type: ["object", "null"],
        maxProperties: postLimits.metadataEntriesMax,
        propertyNames: { minLength: 1, maxLength: postLimits.metadataKeyLengthMax },
        additionalProperties: { type: ["string", "null"], maxLength: postLimits.metadataValueLengthMax },
      }),
    ),
  },
  {
    title: "PostPatch",
    additionalProperties: false,
    examples: [{ text: "Fresh bread from six.", scheduledAt: "2026-12-01T07:30:00Z", link: null }],
  },
);
export type PostPatch = Static<typeof PostPatch>;

export const EditHeaders = Type.Object({
  "if-match": Type.Optional(
    Type.String({
      pattern: '^(\\*|"[1-9][0-9]{0,8}")$',
      description: "The revision the edit was made for, in quotes as in ETag; another one is refused with 412.",
    }),
  ),
});

export const ResolutionIn = Type.Object(
  {
    outcome: Type.Enum(["published", "not_published"]),
    externalId: Type.Optional(
      Type.String({ minLength: 1, maxLength: 500, description: "The platform's id, if published." }),
    ),
  },
  { title: "Resolution", additionalProperties: false, examples: [{ outcome: "published", externalId: "42" }] },
);
