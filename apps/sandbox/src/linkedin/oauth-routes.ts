/** LinkedIn's log-in: `/oauth/v2/authorization` and `/oauth/v2/accessToken`, with refresh tokens as its partners get. */
import type { SandboxApp } from "../app.ts";
import { createCodes } from "../oauth/codes.ts";
import { dialogRoutes } from "../oauth/dialog.ts";
import { isSandboxClient, oauthFault, tokenEndpoint } from "../oauth/endpoint.ts";
import { sandboxClient } from "../oauth/registration.ts";
import type { PlatformDeps } from "../platform.ts";
import type { Tokens } from "../tokens/tokens.ts";
import { platform } from "./call.ts";

const accessTokenSeconds = 5_184_000;
const refreshTokenSeconds = 31_536_000;

export function oauthRoutes(scope: SandboxApp, deps: PlatformDeps): void {
  const codes = createCodes(deps);
  dialogRoutes(
    scope,
    {
      platform,
      displayName: "LinkedIn",
      path: "/linkedin/oauth/v2/authorization",
      denial: { error: "user_cancelled_authorize", error_description: "The user cancelled the authorization" },
      knows: (clientId) => clientId === sandboxClient.id,
    },
    { ...deps, codes },
  );

  tokenEndpoint(scope, { platform, method: "POST", path: "/linkedin/oauth/v2/accessToken" }, deps, (fields) => {
    if (!isSandboxClient(fields)) return oauthFault(401, "invalid_client", "Client authentication failed");
    if (fields["grant_type"] === "refresh_token") {
      const handle = refreshedHandle(deps.tokens, fields["refresh_token"]);
      if (handle === null) return oauthFault(400, "invalid_request", "The provided refresh token is invalid");
      const { refresh_token } = fields;
      return { status: 200, body: { ...tokenBody(deps.tokens, handle), refresh_token } };
    }
    const redeemed = codes.redeem({
      code: fields["code"],
      clientId: fields["client_id"],
      redirectUri: fields["redirect_uri"],
    });
    if (fields["grant_type"] !== "authorization_code" || redeemed.kind === "refused") {
      const why = redeemed.kind === "refused" ? redeemed.why : "unknown grant_type";
      return oauthFault(400, "invalid_request", `Unable to retrieve access token: ${why}`);
    }
    const { handle, scope: granted } = redeemed.grant;
    const body = tokenBody(deps.tokens, handle);
    const refresh = body.access_token.replace(/^sandbox\./, "refresh.");
    return { status: 200, body: { ...body, scope: granted.replaceAll(" ", ","), refresh_token: refresh } };
  });
}

function tokenBody(tokens: Tokens, handle: string) {
  return {
    access_token: tokens.issue(platform, handle),
    expires_in: accessTokenSeconds,
    refresh_token_expires_in: refreshTokenSeconds,
    token_type: "Bearer",
  };
}

/** Whom a refresh token is for: `refresh.<handle>.<serial>` works as long as the access token of that serial does. */
function refreshedHandle(tokens: Tokens, refreshToken: string | undefined): string | null {
  const token = /^refresh\.(.+\.\d+)$/.exec(refreshToken ?? "")?.[1];
  const reading = token === undefined ? null : tokens.read(platform, `sandbox.${token}`);
  return reading?.kind === "valid" ? reading.handle : null;
}
