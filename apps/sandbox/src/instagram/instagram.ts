/**
 * Publishing on Instagram as the Graph API shows it (Meta, "Content publishing", v25): a container is made, its media
 * really fetched and looked at, its status read until it is finished, and published once. Every professional account
 * there can be is there, and every token may publish on it. Told a `publishingQuota`, an account takes so many posts in
 * 24 hours.
 *
 *   POST /instagram/:version/:user/media              GET /instagram/:version/:user/media
 *   POST /instagram/:version/:user/media_publish      GET /instagram/:version/:user/content_publishing_limit
 *   GET  /instagram/:version/:id                      GET /instagram/refresh_access_token
 */
import { createGraphCalls, speakGraph } from "../graph/call.ts";
import type { PlatformDeps, SandboxPlatform } from "../platform.ts";
import { accountRoutes } from "./account-routes.ts";
import { containerRoutes } from "./container-routes.ts";
import { oauthRoutes } from "./oauth-routes.ts";
import { publishRoutes } from "./publish-routes.ts";
import { createInstagramState } from "./state.ts";
import { createTimelines } from "./timelines.ts";

export const platform = "instagram";
/** Business use case limit of Instagram. */
const throttledCode = 80_002;

export function createInstagramStandIn(deps: PlatformDeps): SandboxPlatform {
  const state = createInstagramState();
  const timelines = createTimelines();
  const calls = createGraphCalls({ name: platform, throttledCode }, deps);
  const parts = { ...deps, calls, state, timelines };
  return {
    name: platform,
    displayName: "Instagram",
    routes(scope) {
      // Commands are JSON; the protocol takes what comes.
      timelines.routes(scope);
      void scope.register((protocol: typeof scope, _options, done) => {
        speakGraph(protocol);
        containerRoutes(protocol, parts);
        publishRoutes(protocol, parts);
        accountRoutes(protocol, parts);
        oauthRoutes(protocol, parts);
        done();
      });
    },
    forget() {
      state.clear();
      timelines.clear();
    },
  };
}
