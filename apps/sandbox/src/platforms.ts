/** The platforms the sandbox stands in for, one line each. */
import type { PlatformDeps, SandboxPlatform } from "./platform.ts";
import { createWebhookReceiver } from "./webhook/webhook.ts";

export function createPlatforms(deps: PlatformDeps): SandboxPlatform[] {
  return [createWebhookReceiver(deps)];
}
