/** Every platform there is, by name: one line each. */
import type { Platform } from "@punctual/core";
import type { Logger, Service } from "@punctual/runtime";
import { createHttpClient } from "./http.ts";
import type { PlatformApp, PlatformDeps } from "./platform-deps.ts";
import { createWebhookPlatform } from "./webhook/webhook.ts";

export interface PlatformsOptions {
  /** Where accounts with `sandbox: true` publish to. */
  sandboxUrl: string | undefined;
  allowPrivateNetworks: boolean;
  /** Our registrations, by platform. */
  apps?: Readonly<Record<string, PlatformApp>>;
  /** Default: says nothing. */
  logger?: Pick<Logger, "warn">;
}

export interface Platforms extends Service {
  readonly byName: ReadonlyMap<string, Platform>;
}

export function createPlatforms(options: PlatformsOptions): Platforms {
  const http = createHttpClient({ allowPrivateNetworks: options.allowPrivateNetworks });
  const sandboxHttp = createHttpClient({ allowPrivateNetworks: true });
  const { sandboxUrl, allowPrivateNetworks, apps = {}, logger = { warn() {} } } = options;
  const depsOf = (platform: string): PlatformDeps => {
    return { http, sandboxHttp, sandboxUrl, allowPrivateNetworks, app: apps[platform] ?? {}, logger };
  };
  const platforms = [createWebhookPlatform(depsOf("webhook"))];
  return {
    byName: new Map(platforms.map((platform) => [platform.name, platform])),
    async start() {},
    async stop() {
      await Promise.all([http.close(), sandboxHttp.close()]);
    },
  };
}
