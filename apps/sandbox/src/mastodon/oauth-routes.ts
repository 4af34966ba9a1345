/**
 * Mastodon's log-in: applications register themselves (`POST /api/v1/apps`), people allow them at `/oauth/authorize`,
 * and `/oauth/token` gives a token without an end for the code, if PKCE fits.
 */
import { randomBytes } from "node:crypto";
import type { Answer } from "../answer.ts";
import type { SandboxApp } from "../app.ts";
import { createCodes } from "../oauth/codes.ts";
import { dialogRoutes } from "../oauth/dialog.ts";
import { type Fields, oauthFault, tokenEndpoint } from "../oauth/endpoint.ts";
import type { PlatformDeps } from "../platform.ts";

const platform = "mastodon";
const applicationsMax = 1_000;

interface Application {
  secret: string;
  redirectUris: readonly string[];
}

export function oauthRoutes(scope: SandboxApp, deps: PlatformDeps): { forget(): void } {
  const codes = createCodes(deps);
  const applications = new Map<string, Application>();

  function register({ client_name: name, redirect_uris: uris = "", scopes, website }: Fields): Answer {
    const redirectUris = uris.split(/\s+/).filter(Boolean);
    if (
      name === undefined ||
      name === "" ||
      !redirectUris.every((uri) => URL.canParse(uri)) ||
      redirectUris.length === 0
    ) {
      return { status: 422, body: { error: "Validation failed: Redirect URI must be an absolute URI." } };
    }
    const [oldest] = applications.keys();
    if (applications.size >= applicationsMax && oldest !== undefined) applications.delete(oldest);
    const [id, secret] = [randomBytes(32).toString("base64url"), randomBytes(32).toString("base64url")];
    applications.set(id, { secret, redirectUris });
    const body = {
      id: String(applications.size),
      name,
      website: website ?? null,
      scopes: (scopes ?? "read").split(" "),
      redirect_uris: redirectUris,
      redirect_uri: redirectUris.join("\n"),
      client_id: id,
      client_secret: secret,
      client_secret_expires_at: 0,
    };
    return { status: 200, body };
  }

  tokenEndpoint(scope, { platform, method: "POST", path: "/mastodon/api/v1/apps" }, deps, register);

  dialogRoutes(
    scope,
    {
      platform,
      displayName: "Mastodon",
      path: "/mastodon/oauth/authorize",
      denial: {
        error: "access_denied",
        error_description: "The resource owner or authorization server denied the request.",
      },
      knows: (clientId, redirectUri) => applications.get(clientId)?.redirectUris.includes(redirectUri) === true,
    },
    { ...deps, codes },
  );

  tokenEndpoint(scope, { platform, method: "POST", path: "/mastodon/oauth/token" }, deps, (fields) => {
    const { client_id: clientId = "", client_secret: secret, redirect_uri: redirectUri, code } = fields;
    const application = applications.get(clientId);
    if (application === undefined || application.secret !== secret) {
      return oauthFault(401, "invalid_client", "Client authentication failed due to unknown client.");
    }
    const redeemed = codes.redeem({ code, clientId, redirectUri, codeVerifier: fields["code_verifier"] });
    if (fields["grant_type"] !== "authorization_code" || redeemed.kind === "refused") {
      const why = redeemed.kind === "refused" ? redeemed.why : "unknown grant_type";
      return oauthFault(400, "invalid_grant", `The provided authorization grant is invalid: ${why}`);
    }
    const { handle, scope: granted } = redeemed.grant;
    const created_at = Math.floor(deps.clock.now() / 1_000);
    return {
      status: 200,
      body: { access_token: deps.tokens.issue(platform, handle), token_type: "Bearer", scope: granted, created_at },
    };
  });

  return {
    forget() {
      applications.clear();
      codes.clear();
    },
  };
}
