/**
 * A server of the AT Protocol (PDS), as far as publishing posts goes, at `/bluesky/xrpc/<method>`: sessions with tokens
 * that end, blobs, records under keys that the sender may choose, limits in points. What was measured on the reference
 * server is done as it does it: an identical `putRecord` is no change, another record under a taken key is
 * `InvalidSwap` where nothing may be there, and `createRecord` on a taken key is a 500.
 */
import { type SandboxApp, takeRawBodies } from "../app.ts";
import type { PlatformDeps, SandboxPlatform } from "../platform.ts";
import { createPoints } from "./points.ts";
import { recordRoutes } from "./record-routes.ts";
import { createRepository } from "./repository.ts";
import { sessionRoutes, type SessionRoutes } from "./session-routes.ts";
import { platform } from "./xrpc.ts";

const limits = { recordsMax: 200_000, blobsMax: 20_000, handlesMax: 100_000 } as const;

export function createBlueskyStandIn(deps: PlatformDeps): SandboxPlatform {
  const repository = createRepository(limits);
  const points = createPoints(limits);
  let sessions: SessionRoutes | undefined;
  return {
    name: platform,
    displayName: "Bluesky",
    routes(scope: SandboxApp) {
      takeRawBodies(scope);
      sessions = sessionRoutes(scope, deps);
      recordRoutes(scope, { ...deps, repository, points });
    },
    forget() {
      repository.clear();
      points.clear();
      sessions?.forget();
    },
  };
}
