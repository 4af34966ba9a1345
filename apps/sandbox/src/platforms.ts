/** The platforms the sandbox stands in for, one line each. */
import { createFacebookStandIn } from "./facebook/facebook.ts";
import { createInstagramStandIn } from "./instagram/instagram.ts";
import { createLinkedInStandIn } from "./linkedin/linkedin.ts";
import { createBlueskyStandIn } from "./bluesky/bluesky.ts";
import { createMastodonStandIn } from "./mastodon/mastodon.ts";
import type { PlatformDeps, SandboxPlatform } from "./platform.ts";
import { createAtMostOncePlatform } from "./test-platforms/at-most-once.ts";
import { createConfirmablePlatform } from "./test-platforms/confirmable.ts";
import { createIdempotentPlatform } from "./test-platforms/idempotent.ts";
import { createWebhookReceiver } from "./webhook/webhook.ts";

export function createPlatforms(deps: PlatformDeps): SandboxPlatform[] {
  return [
    createWebhookReceiver(deps),
    createFacebookStandIn(deps),
    createInstagramStandIn(deps),
    createLinkedInStandIn(deps),
    createMastodonStandIn(deps),
    createBlueskyStandIn(deps),
    createIdempotentPlatform(deps),
    createConfirmablePlatform(deps),
    createAtMostOncePlatform(deps),
  ];
}
