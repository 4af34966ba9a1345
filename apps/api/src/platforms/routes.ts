/** `/v1/platforms`: what each platform takes, asks for and promises, as data. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Platform } from "@punctual/core";
import { Type } from "typebox";
import { answer } from "../answer.ts";

const Field = Type.Object(
  { name: Type.String(), required: Type.Boolean(), description: Type.String() },
  { title: "PlatformField" },
);

const pixels = Type.Optional(Type.Integer({ description: "Pixels, the way up it is shown." }));
const aspect = Type.Optional(Type.Number({ description: "Width divided by height." }));
const milliseconds = Type.Optional(Type.Integer({ description: "Milliseconds." }));

const MediaRuleOut = Type.Object(
  {
    kind: Type.String({ description: "What people call it, such as image or video." }),
    types: Type.Array(Type.String(), { description: "Media types, as read from the bytes." }),
    bytesMax: Type.Integer(),
    widthMin: pixels,
    widthMax: pixels,
    heightMin: pixels,
    heightMax: pixels,
    pixelsMax: Type.Optional(Type.Integer({ description: "Width times height." })),
    aspectMin: aspect,
    aspectMax: aspect,
    durationMsMin: milliseconds,
    durationMsMax: milliseconds,
    itemsMax: Type.Optional(Type.Integer({ description: "Of this kind in one post." })),
  },
  { title: "PlatformMediaRule" },
);

const MediaLimits = Type.Object(
  {
    mixed: Type.Boolean({ description: "Whether one post may hold several kinds." }),
    altCharactersMax: Type.Optional(Type.Integer({ description: "Of a description." })),
    rules: Type.Array(MediaRuleOut, { description: "One for each kind of media that is taken." }),
  },
  { title: "PlatformMediaLimits", description: "Absent where media are only passed on." },
);

const PlatformOut = Type.Object(
  {
    platform: Type.String(),
    displayName: Type.String(),
    limits: Type.Object({
      textCharactersMax: Type.Integer({ description: "Characters as the platform counts them." }),
      textBytesMax: Type.Optional(
        Type.Integer({ description: "Of the text in UTF-8, where that is limited as well." }),
      ),
      mediaItemsMax: Type.Integer(),
      media: Type.Optional(MediaLimits),
    }),
    settings: Type.Array(Field, { description: "What an account's settings hold." }),
    credentials: Type.Array(Field, { description: "What an account's credentials hold." }),
    delivery: Type.Object({
      guarantee: Type.Enum(["idempotent", "confirmable", "at_most_once"], {
        description:
          "What happens when an answer is lost: it is safe to repeat; it can be looked up; or a person decides.",
      }),
      description: Type.String(),
    }),
  },
  {
    $id: "Platform",
    title: "Platform",
    examples: [
      {
        platform: "webhook",
        displayName: "Webhook",
        limits: { textCharactersMax: 100_000, mediaItemsMax: 20 },
        settings: [{ name: "url", required: true, description: "Where posts are delivered to." }],
        credentials: [{ name: "secret", required: true, description: "Signs deliveries: whsec_ and base64." }],
        delivery: {
          guarantee: "idempotent",
          description: "A repeat carries the same webhook-id; receivers drop it.",
        },
      },
    ],
  },
);

const PlatformList = Type.Object({ data: Type.Array(PlatformOut) }, { title: "PlatformList" });

export const platformRoutes: FastifyPluginAsyncTypebox<{ platforms: ReadonlyMap<string, Platform> }> = async (
  app,
  { platforms },
) => {
  app.get(
    "/platforms",
    {
      config: { scope: "read" },
      schema: {
        operationId: "listPlatforms",
        summary: "What each platform takes and promises",
        response: { 200: answer(PlatformList, "Every platform that this installation publishes to.") },
      },
    },
    async () => ({ data: [...platforms.values()].map(({ description }) => toPlatformOut(description)) }),
  );
};

function toPlatformOut({ limits, settings, credentials, ...rest }: Platform["description"]) {
  const { media, ...plain } = limits;
  return {
    ...rest,
    limits: { ...plain, ...(media === undefined ? {} : { media: toMediaOut(media) }) },
    settings: [...settings],
    credentials: [...credentials],
  };
}

/** Copies: what a schema describes is not read-only. */
function toMediaOut({ rules, ...rest }: NonNullable<Platform["description"]["limits"]["media"]>) {
  return { ...rest, rules: rules.map((rule) => ({ ...rule, types: [...rule.types] })) };
}
