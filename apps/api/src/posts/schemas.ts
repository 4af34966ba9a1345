/** Posts as clients give and get them. */
import { failureCategories, postLimits, postStatuses } from "@punctual/core";
import { Type, type Static } from "typebox";
import { AnyObject, Id, InstantIn, InstantOut, Nullable } from "../field-schemas.ts";
import { pageFields, pageOf } from "../page.ts";

const strict = { additionalProperties: false };
const urlPattern = "^https?://[^\\s]+$";
const localTimePattern = "^\\d{4}-\\d{2}-\\d{2}T([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,3})?)?$";
const zonePattern = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$";
const statusListPattern = `^(${postStatuses.join("|")})(,(${postStatuses.join("|")}))*$`;
const idempotencyKeyPattern = "^[\\x20-\\x7e]+$";

const Url = (description: string) =>
  Type.String({ pattern: urlPattern, maxLength: postLimits.urlLengthMax, description });

const MediaItem = Type.Object(
  {
    url: Url("Where the picture or video is."),
    alt: Type.Optional(
      Type.String({ maxLength: postLimits.mediaAltLengthMax, description: "For people who do not see it." }),
    ),
  },
  strict,
);

const whenLate = Type.Enum(["publish", "miss"], { description: "What happens after the grace." });
const metadata = Type.Unsafe<Record<string, string>>({
  type: "object",
  maxProperties: postLimits.metadataEntriesMax,
  propertyNames: { minLength: 1, maxLength: postLimits.metadataKeyLengthMax },
  additionalProperties: { type: "string", maxLength: postLimits.metadataValueLengthMax },
  description: "Yours; handed on to webhooks and shown again, never published elsewhere.",
});

export const PostIn = Type.Object(
  {
    socialAccountId: Id,
    text: Type.String({ maxLength: postLimits.textLengthMax }),
    media: Type.Optional(Type.Array(MediaItem, { maxItems: postLimits.mediaItemsMax })),
    link: Type.Optional(Url("A link that goes with the text.")),
    scheduledAt: Type.Optional(InstantIn("When the post is to go out; no time at all means now.")),
    localTime: Type.Optional(
      Type.String({
        pattern: localTimePattern,
        description: "Instead of scheduledAt: a wall-clock time, with timeZone.",
      }),
    ),
    timeZone: Type.Optional(
      Type.String({ pattern: zonePattern, maxLength: 100, description: "The IANA zone localTime is meant in." }),
    ),
    lateness: Type.Optional(
      Type.Object(
        {
          graceMinutes: Type.Integer({
            minimum: postLimits.graceMinutesMin,
            maximum: postLimits.graceMinutesMax,
            description: `How late the post may go out, from scheduledAt on; ${postLimits.graceMinutesDefault} if lateness is left out.`,
          }),
          then: whenLate,
        },
        strict,
      ),
    ),
    options: Type.Optional(AnyObject({ description: "What only this platform knows." })),
    maxAttempts: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: postLimits.maxAttemptsMax,
        description: `How often publishing is tried, ${postLimits.maxAttemptsDefault} times if left out.`,
      }),
    ),
    groupId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: postLimits.groupIdLengthMax,
        description: "Yours; several posts may share it.",
      }),
    ),
    metadata: Type.Optional(metadata),
  },
  {
    ...strict,
    title: "PostIn",
    examples: [
      {
        socialAccountId: "0199aa0d-2b10-7000-8000-91c6f2f3b702",
        text: "Fresh bread from seven.",
        media: [{ url: "https://cdn.example.com/bread.jpg", alt: "A loaf on a board" }],
        link: "https://bakery.example.com",
        localTime: "2026-12-01T09:30",
        timeZone: "Europe/Berlin",
        groupId: "spring campaign",
        metadata: { campaign: "bread" },
      },
    ],
  },
);
export type PostIn = Static<typeof PostIn>;

const Failure = Type.Object({
  category: Type.Enum([...failureCategories]),
  code: Type.String({ description: "For programs, such as http_503 or the platform's own code." }),
  message: Type.String({ description: "For people." }),
  at: InstantOut("When it happened."),
});

export const PostOut = Type.Object(
  {
    id: Id,
    socialAccountId: Id,
    clientId: Nullable(Id),
    platform: Type.String(),
    status: Type.Enum([...postStatuses]),
    revision: Type.Integer({ description: "Rises with every accepted change." }),
    outcomeOpen: Type.Boolean({ description: "True: a request left and no answer came; it is repeated harmlessly." }),
    heldReason: Nullable(Type.Enum(["paused", "needs_reconnect"])),
    text: Type.String(),
    media: Type.Array(Type.Object({ url: Type.String(), alt: Type.Optional(Type.String()) })),
    link: Nullable(Type.String()),
    scheduledAt: InstantOut("The instant the post is to go out."),
    localTime: Nullable(Type.String()),
    timeZone: Nullable(Type.String()),
    timeAdjustment: Nullable(Type.Enum(["none", "gap", "overlap"]), {
      description:
        "What daylight saving did to localTime: nothing, did not exist and moved forward, or existed twice and the first was taken.",
    }),
    lateness: Type.Object({ graceMinutes: Type.Integer(), then: whenLate }),
    options: AnyObject(),
    maxAttempts: Type.Integer(),
    groupId: Nullable(Type.String()),
    metadata: Type.Unsafe<Record<string, string>>({ type: "object", additionalProperties: { type: "string" } }),
    nextAttemptAt: Nullable(InstantOut("When the next attempt is due."), {
      description: "Null unless an attempt is to come.",
    }),
    attempts: Type.Integer({ description: "Attempts so far." }),
    publishedAt: Nullable(InstantOut("When the successful answer was recorded.")),
    latenessMs: Nullable(Type.Integer({ description: "How late the successful attempt began, in milliseconds." })),
    externalId: Nullable(Type.String({ description: "The platform's id of the post." })),
    externalUrl: Nullable(Type.String()),
    failure: Nullable(Failure),
    createdAt: InstantOut("When the post was accepted."),
    updatedAt: InstantOut("When the post last changed."),
  },
  {
    $id: "Post",
    title: "Post",
    examples: [
      {
        id: "0199aa0e-7c1e-7000-8000-5d2f8f8b6a01",
        socialAccountId: "0199aa0d-2b10-7000-8000-91c6f2f3b702",
        clientId: null,
        platform: "webhook",
        status: "scheduled",
        revision: 1,
        outcomeOpen: false,
        heldReason: null,
        text: "Fresh bread from seven.",
        media: [{ url: "https://cdn.example.com/bread.jpg", alt: "A loaf on a board" }],
        link: "https://bakery.example.com",
        scheduledAt: "2026-12-01T08:30:00.000Z",
        localTime: "2026-12-01T09:30",
        timeZone: "Europe/Berlin",
        timeAdjustment: "none",
        lateness: { graceMinutes: 2880, then: "miss" },
        options: {},
        maxAttempts: 5,
        groupId: "spring campaign",
        metadata: { campaign: "bread" },
        nextAttemptAt: "2026-12-01T08:30:00.000Z",
        attempts: 0,
        publishedAt: null,
        latenessMs: null,
        externalId: null,
        externalUrl: null,
        failure: null,
        createdAt: "2026-11-23T09:00:00.000Z",
        updatedAt: "2026-11-23T09:00:00.000Z",
      },
    ],
  },
);
export type PostOut = Static<typeof PostOut>;

export const BulkIn = Type.Object(
  { posts: Type.Array(PostIn, { minItems: 1, maxItems: postLimits.bulkPostsMax }) },
  { ...strict, title: "BulkIn" },
);
export const BulkOut = Type.Object(
  { data: Type.Array(PostOut, { description: "In the order of the request." }) },
  { title: "BulkOut" },
);

export const PostPage = pageOf(PostOut);

export const PostListQuery = Type.Object(
  {
    status: Type.Optional(Type.String({ pattern: statusListPattern, description: "Comma list of states." })),
    platform: Type.Optional(Type.String({ maxLength: 100 })),
    socialAccountId: Type.Optional(Id),
    clientId: Type.Optional(Id),
    groupId: Type.Optional(Type.String({ maxLength: postLimits.groupIdLengthMax })),
    scheduledFrom: Type.Optional(InstantIn("Due at or after this instant.")),
    scheduledTo: Type.Optional(InstantIn("Due before this instant.")),
    ...pageFields,
  },
  strict,
);
export type PostListQuery = Static<typeof PostListQuery>;

export const IdempotencyHeaders = Type.Object({
  "idempotency-key": Type.Optional(
    Type.String({
      maxLength: postLimits.idempotencyKeyLengthMax,
      pattern: idempotencyKeyPattern,
      description: "Makes repeating the request harmless: the first answer is given again.",
    }),
  ),
});
