/**
 * LinkedIn's versioned REST API, as far as publishing goes: posts of members and organizations, uploads of images and
 * videos, and who a token belongs to. `/linkedin/rest/…` and `/linkedin/v2/…` are as at `api.linkedin.com`,
 * `/linkedin/oauth/v2/…` as at `www.linkedin.com`. An author who posts the same again is told it is a duplicate.
 */
import { type SandboxApp, takeRawBodies } from "../app.ts";
import type { PlatformDeps, SandboxPlatform } from "../platform.ts";
import { createAssets } from "./assets.ts";
import { identityRoutes } from "./identity-routes.ts";
import { oauthRoutes } from "./oauth-routes.ts";
import { postRoutes } from "./post-routes.ts";
import { uploadRoutes } from "./upload-routes.ts";

const assetsMax = 2_000;

export function createLinkedInStandIn(deps: PlatformDeps): SandboxPlatform {
  const assets = createAssets({ assetsMax }, deps);
  return {
    name: "linkedin",
    displayName: "LinkedIn",
    routes(scope: SandboxApp) {
      takeRawBodies(scope);
      identityRoutes(scope, deps);
      oauthRoutes(scope, deps);
      postRoutes(scope, { ...deps, assets });
      uploadRoutes(scope, { ...deps, assets });
    },
    forget: () => assets.clear(),
  };
}
