/** `/v1/platforms`: what each platform takes, asks for and promises, as data. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Platform } from "@punctual/core";
import { Type } from "typebox";
import { answer } from "../answer.ts";

const Field = Type.Object(
  { name: Type.String(), required: Type.Boolean(), description: Type.String() },
  { title: "PlatformField" },
);

const PlatformOut = Type.Object(
  {
    platform: Type.String(),
    displayName: Type.String(),
    limits: Type.Object({
      textCharactersMax: Type.Integer({ description: "Characters as the platform counts them." }),
      mediaItemsMax: Type.Integer(),
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

function toPlatformOut({ settings, credentials, ...rest }: Platform["description"]) {
  return { ...rest, settings: [...settings], credentials: [...credentials] };
}
