/**
 * Facebook's log-in: the dialog, the exchange of codes and of short-lived tokens, and the Pages of whoever logged in,
 * each with a token of its own. Everybody has two Pages they may publish on, and one they may only look at.
 */
import type { SandboxApp } from "../app.ts";
import { answered } from "../graph/call.ts";
import { graphError } from "../graph/errors.ts";
import { createCodes } from "../oauth/codes.ts";
import { dialogRoutes } from "../oauth/dialog.ts";
import { isSandboxClient, tokenEndpoint } from "../oauth/endpoint.ts";
import { numberOf } from "../oauth/people.ts";
import { sandboxClient } from "../oauth/registration.ts";
import type { FacebookParts } from "./parts.ts";

const platform = "facebook";
const longLifeSeconds = 5_184_000;
const shortLifeSeconds = 5_400;

export function oauthRoutes(scope: SandboxApp, { calls, ...deps }: FacebookParts): void {
  const { tokens } = deps;
  const codes = createCodes(deps);
  dialogRoutes(
    scope,
    {
      platform,
      displayName: "Facebook",
      path: "/facebook/:version/dialog/oauth",
      denial: { error: "access_denied", error_reason: "user_denied", error_description: "Permissions error" },
      knows: (clientId) => clientId === sandboxClient.id,
    },
    { tokens, codes },
  );

  const describeError = (status: number) =>
    graphError(status, { code: 1, message: `commanded to answer ${status}` }).body;
  const exchange = { platform, method: "GET" as const, path: "/facebook/:version/oauth/access_token", describeError };
  tokenEndpoint(scope, exchange, deps, (fields) => {
    if (!isSandboxClient(fields)) return graphError(400, { code: 1, message: "Error validating client secret." });
    const bearer = fields["fb_exchange_token"];
    if (fields["grant_type"] === "fb_exchange_token" && bearer !== undefined) {
      const reading = tokens.read(platform, bearer);
      if (reading.kind !== "valid") return graphError(400, { code: 190, message: "Error validating access token." });
      return { status: 200, body: tokenBody(tokens.issue(platform, reading.handle), longLifeSeconds) };
    }
    const { code, client_id: clientId, redirect_uri: redirectUri } = fields;
    const redeemed = codes.redeem({ code, clientId, redirectUri });
    if (redeemed.kind === "refused") return graphError(400, { code: 100, subcode: 36_009, message: redeemed.why });
    return { status: 200, body: tokenBody(tokens.issue(platform, redeemed.grant.handle), shortLifeSeconds) };
  });

  scope.get("/facebook/:version/me/accounts", (request, reply) =>
    calls.perform(
      request,
      reply,
      () => ({ stage: "read", account: "oauth" }),
      (_parameters, _circumstances, { handle }) => {
        const data = [
          { page: "Shop", tasks: ["ADVERTISE", "ANALYZE", "CREATE_CONTENT"] },
          { page: "Club", tasks: ["CREATE_CONTENT", "MANAGE"] },
          { page: "Archive", tasks: ["ANALYZE"] },
        ].map(({ page, tasks }) => ({
          id: numberOf(handle, page, 15),
          name: `${page} of ${handle}`,
          access_token: tokens.issue(platform, handle),
          tasks,
        }));
        return answered({ status: 200, body: { data, paging: { cursors: { before: "a", after: "z" } } } });
      },
    ),
  );
}

function tokenBody(token: string, seconds: number) {
  return { access_token: token, token_type: "bearer", expires_in: seconds };
}
