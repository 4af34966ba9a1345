/** Instagram's own log-in: the dialog, a short-lived token for the code, a long-lived one for that, and who it is. */
import type { SandboxApp } from "../app.ts";
import { answered, type GraphCalls } from "../graph/call.ts";
import { graphError } from "../graph/errors.ts";
import { createCodes } from "../oauth/codes.ts";
import { dialogRoutes } from "../oauth/dialog.ts";
import { isSandboxClient, tokenEndpoint } from "../oauth/endpoint.ts";
import { numberOf } from "../oauth/people.ts";
import { sandboxClient } from "../oauth/registration.ts";
import type { PlatformDeps } from "../platform.ts";

const platform = "instagram";
const longLifeSeconds = 5_184_000;

export function oauthRoutes(scope: SandboxApp, { calls, ...deps }: PlatformDeps & { calls: GraphCalls }): void {
  const { tokens } = deps;
  const codes = createCodes(deps);
  dialogRoutes(
    scope,
    {
      platform,
      displayName: "Instagram",
      path: "/instagram/oauth/authorize",
      denial: {
        error: "access_denied",
        error_reason: "user_denied",
        error_description: "The user denied your request",
      },
      knows: (clientId) => clientId === sandboxClient.id,
    },
    { tokens, codes },
  );

  tokenEndpoint(scope, { platform, method: "POST", path: "/instagram/oauth/access_token" }, deps, (fields) => {
    const fault = (error_message: string) => {
      return { status: 400, body: { error_type: "OAuthException", code: 400, error_message } };
    };
    if (!isSandboxClient(fields)) return fault("Invalid platform app");
    const { code, client_id: clientId, redirect_uri: redirectUri } = fields;
    const redeemed = codes.redeem({ code, clientId, redirectUri });
    if (fields["grant_type"] !== "authorization_code" || redeemed.kind === "refused") {
      return fault(redeemed.kind === "refused" ? redeemed.why : "unknown grant_type");
    }
    const { handle, scope: granted } = redeemed.grant;
    const user_id = Number(numberOf(handle, "app-scoped", 15));
    return { status: 200, body: { access_token: tokens.issue(platform, handle), user_id, permissions: granted } };
  });

  tokenEndpoint(scope, { platform, method: "GET", path: "/instagram/access_token" }, deps, (fields) => {
    const { access_token: token = "", client_secret: secret, grant_type: type } = fields;
    const reading = tokens.read(platform, token);
    if (type !== "ig_exchange_token" || secret !== sandboxClient.secret || reading.kind !== "valid") {
      return graphError(400, { code: 190, message: "Error validating access token" });
    }
    const body = { access_token: tokens.issue(platform, reading.handle), token_type: "bearer" };
    return { status: 200, body: { ...body, expires_in: longLifeSeconds } };
  });

  scope.get("/instagram/:version/me", (request, reply) =>
    calls.perform(
      request,
      reply,
      () => ({ stage: "read", account: "oauth" }),
      (_parameters, _circumstances, { handle }) => {
        const body = {
          user_id: numberOf(handle, "instagram", 17),
          username: handle,
          id: numberOf(handle, "app-scoped", 15),
        };
        return answered({ status: 200, body });
      },
    ),
  );
}
