/** The platforms the sandbox stands in for, one line each. */
import { createLinkedInStandIn } from "./linkedin/linkedin.ts";
import type { PlatformDeps, SandboxPlatform } from "./platform.ts";
import { createAtMostOncePlatform } from "./test-platforms/at-most-once.ts";
import { createConfirmablePlatform } from "./test-platforms/confirmable.ts";
import { createIdempotentPlatform } from "./test-platforms/idempotent.ts";
import { createWebhookReceiver } from "./webhook/webhook.ts";

export function createPlatforms(deps: PlatformDeps): SandboxPlatform[] {
  return [
    createWebhookReceiver(deps),
    createLinkedInStandIn(deps),
    createIdempotentPlatform(deps),
    createConfirmablePlatform(deps),
    createAtMostOncePlatform(deps),
  ];
}
