/**
 * A Mastodon instance, as far as publishing goes (docs.joinmastodon.org, API of 4.5), under `/mastodon`: statuses under
 * keys that are remembered for an hour by the sandbox's clock, uploads that take a moment, the account's listing, limits
 * whose end is told as an instant. An account told `idempotencyKeys: "ignored"` is on a server that publishes a repeat
 * again (Pixelfed), one told `"failing"` on one that answers a repeat with 500 (mastodon/mastodon#40399).
 */
import { type SandboxApp, takeRawBodies } from "../app.ts";
import type { PlatformDeps, SandboxPlatform } from "../platform.ts";
import { platform } from "./call.ts";
import { mediaRoutes } from "./media-routes.ts";
import { oauthRoutes } from "./oauth-routes.ts";
import { statusRoutes } from "./status-routes.ts";
import { createStatuses } from "./statuses.ts";

export function createMastodonStandIn(deps: PlatformDeps): SandboxPlatform {
  const statuses = createStatuses({ statusesMax: 200_000 });
  let oauth: { forget(): void } | undefined;
  return {
    name: platform,
    displayName: "Mastodon",
    routes(scope: SandboxApp) {
      takeRawBodies(scope);
      statusRoutes(scope, { ...deps, statuses });
      mediaRoutes(scope, { ...deps, statuses });
      oauth = oauthRoutes(scope, deps);
    },
    forget() {
      statuses.clear();
      oauth?.forget();
    },
  };
}
