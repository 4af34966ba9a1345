/** `/v1/platforms`: what each platform takes, asks for and promises, as data. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Platform } from "@punctual/core";
import { Type } from "typebox";
import { problems } from "../problem.ts";

const Field = Type.Object({ name: Type.String(), required: Type.Boolean(), description: Type.String() });

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
  { $id: "Platform", title: "Platform" },
);

export const platformRoutes: FastifyPluginAsyncTypebox<{ platforms: ReadonlyMap<string, Platform> }> = async (
  app,
  { platforms },
) => {
  app.get(
    "/platforms",
    {
      config: { scope: "read" },
      schema: {
        summary: "What each platform takes and promises",
        response: { 200: Type.Object({ data: Type.Array(PlatformOut) }), ...problems(401, 403, 500, 503) },
      },
    },
    async () => ({ data: [...platforms.values()].map(({ description }) => toPlatformOut(description)) }),
  );
};

function toPlatformOut({ settings, credentials, ...rest }: Platform["description"]) {
  return { ...rest, settings: [...settings], credentials: [...credentials] };
}
