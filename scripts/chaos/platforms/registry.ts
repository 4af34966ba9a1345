/** The platforms of a chaos run: the shipped adapters and the three test networks. */
import type { Platform, RateLimit } from "@punctual/core";
import { createHttpClient, createPlatforms, type Platforms } from "@punctual/platforms";
import { networkNamed, networks } from "../networks.ts";
import { atMostOnceLimit, createTestAtMostOnce } from "./at-most-once.ts";
import { createTestConfirmable } from "./confirmable.ts";
import { createTestIdempotent } from "./idempotent.ts";
import { sendTimeoutMs, type TestNetworkDeps } from "./test-network.ts";

const testNetworks: Readonly<Record<string, (deps: TestNetworkDeps) => Platform>> = {
  test_idempotent: createTestIdempotent,
  test_confirmable: createTestConfirmable,
  test_at_most_once: createTestAtMostOnce,
};

export const chaosPlatformNames: readonly string[] = [
  "webhook",
  ...Object.keys(testNetworks),
  ...networks.map(({ name }) => name),
];

/** Beside each network's own limits, which no run lasts long enough to meet. */
const networkLimit: RateLimit = { scope: "account", max: 4, windowMs: 3_000 };

/** What the evidence is held against, by platform. */
export const chaosLimits: ReadonlyMap<string, RateLimit> = new Map([
  ["test_at_most_once", atMostOnceLimit],
  ...networks.map(({ name }) => [name, networkLimit] as const),
]);

/** @param names of `chaosPlatformNames`, those the run is about */
export function createChaosPlatforms(sandboxUrl: string, names: readonly string[]): Platforms {
  const shipped = createPlatforms({ sandboxUrl, allowPrivateNetworks: true });
  const http = createHttpClient({ allowPrivateNetworks: true });
  return {
    byName: new Map(names.map((name) => [name, testNetworks[name]?.({ http, sandboxUrl }) ?? hastened(shipped, name)])),
    start: () => shipped.start(),
    async stop() {
      await shipped.stop();
      await http.close();
    },
  };
}

/** How long a send may take on a platform of a run, in milliseconds. */
export function sendTimeoutOn(name: string): number {
  return networkNamed.get(name)?.sendTimeoutMs ?? sendTimeoutMs;
}

/** The shipped adapter; only its deadline is shorter, so that lost answers settle within a short run, and a limit binds. */
function hastened({ byName }: Platforms, name: string): Platform {
  const platform = byName.get(name);
  if (platform === undefined) throw new Error(`there is no platform ${name}`);
  const { rateLimits = [] } = platform;
  const limits = networkNamed.has(name) ? { rateLimits: [...rateLimits, networkLimit] } : {};
  return { ...platform, sendTimeoutMs: sendTimeoutOn(name), ...limits };
}
