/** Revoking tokens over HTTP. No token comes out: only whom they are for. */
import { Type } from "typebox";
import type { SandboxApp } from "../app.ts";
import type { Tokens } from "./tokens.ts";

const revocation = Type.Object(
  {
    platform: Type.String({ minLength: 1, maxLength: 100 }),
    handle: Type.String({ minLength: 1, maxLength: 200 }),
  },
  { additionalProperties: false },
);

export function tokenRoutes(
  app: SandboxApp,
  { tokens, platforms }: { tokens: Tokens; platforms: readonly string[] },
): void {
  app.post("/_control/tokens/revoke", { schema: { body: revocation } }, (request, reply) => {
    const { platform, handle } = request.body;
    if (platforms.includes(platform)) return reply.send(tokens.revoke(platform, handle));
    return reply.code(400).send({ error: "invalid_request", message: `There is no platform ${platform}.` });
  });

  app.get("/_control/tokens", () => ({ data: tokens.list() }));

  app.delete("/_control/tokens", () => ({ cleared: tokens.clear() }));
}
