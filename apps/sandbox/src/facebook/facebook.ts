/**
 * Facebook Pages as the Graph API shows them (Meta, Graph API reference, v25): posts of the feed, published at once or
 * made unpublished and published later; photos; videos and reels in upload sessions; the Page's listing. Every Page
 * there can be is there, and every token may publish on it.
 *
 *   POST /facebook/:version/:page/feed          POST /facebook/:version/:page/photos
 *   POST /facebook/:version/:page/videos        POST /facebook/:version/:page/video_reels
 *   POST /facebook/rupload/video-upload/:version/:video
 *   GET  /facebook/:version/:page/published_posts
 *   GET  /facebook/:version/:id                 POST, DELETE /facebook/:version/:post
 */
import { createGraphCalls, speakGraph } from "../graph/call.ts";
import type { PlatformDeps, SandboxPlatform } from "../platform.ts";
import { feedRoutes } from "./feed-routes.ts";
import { nodeRoutes } from "./node-routes.ts";
import { oauthRoutes } from "./oauth-routes.ts";
import { photoRoutes } from "./photo-routes.ts";
import { createFacebookState } from "./state.ts";
import { videoRoutes } from "./video-routes.ts";

export const platform = "facebook";
/** Business use case limit of Pages. */
const throttledCode = 80_001;

export function createFacebookStandIn(deps: PlatformDeps): SandboxPlatform {
  const state = createFacebookState();
  const calls = createGraphCalls({ name: platform, throttledCode }, deps);
  const parts = { ...deps, calls, state };
  return {
    name: platform,
    displayName: "Facebook",
    routes(scope) {
      speakGraph(scope);
      feedRoutes(scope, parts);
      photoRoutes(scope, parts);
      videoRoutes(scope, parts);
      nodeRoutes(scope, parts);
      oauthRoutes(scope, parts);
    },
    forget: () => state.clear(),
  };
}
