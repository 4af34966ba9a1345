/** The platforms of a chaos run: the shipped webhook adapter and the three test networks. */
import type { Platform, RateLimit } from "@punctual/core";
import { createHttpClient, createPlatforms, type Platforms } from "@punctual/platforms";
import { atMostOnceLimit, createTestAtMostOnce } from "./at-most-once.ts";
import { createTestConfirmable } from "./confirmable.ts";
import { createTestIdempotent } from "./idempotent.ts";
import { sendTimeoutMs } from "./test-network.ts";

export const chaosPlatformNames: readonly string[] = [
  "webhook",
  "test_idempotent",
  "test_confirmable",
  "test_at_most_once",
];

/** What the evidence is held against, by platform. */
export const chaosLimits: ReadonlyMap<string, RateLimit> = new Map([["test_at_most_once", atMostOnceLimit]]);

export function createChaosPlatforms(sandboxUrl: string): Platforms {
  const shipped = createPlatforms({ sandboxUrl, allowPrivateNetworks: true });
  const http = createHttpClient({ allowPrivateNetworks: true });
  const webhook = shipped.byName.get("webhook");
  if (webhook === undefined) throw new Error("there is no webhook platform");
  const deps = { http, sandboxUrl };
  const platforms: Platform[] = [
    // The shipped adapter; only its deadline is shorter, so that lost answers settle within a short run.
    { ...webhook, sendTimeoutMs },
    createTestIdempotent(deps),
    createTestConfirmable(deps),
    createTestAtMostOnce(deps),
  ];
  return {
    byName: new Map(platforms.map((platform) => [platform.name, platform])),
    start: () => shipped.start(),
    async stop() {
      await shipped.stop();
      await http.close();
    },
  };
}
