/** Every platform there is, by name: one line each. */
import { tmpdir } from "node:os";
import path from "node:path";
import type { Platform } from "@punctual/core";
import type { Logger, PlatformSettings, Service } from "@punctual/runtime";
import { createFacebookPlatform } from "./facebook/facebook.ts";
import { createBlueskyPlatform } from "./bluesky/bluesky.ts";
import { createHttpClient } from "./http.ts";
import { createInstagramPlatform } from "./instagram/instagram.ts";
import { createLinkedInPlatform } from "./linkedin/linkedin.ts";
import { createMastodonPlatform } from "./mastodon/mastodon.ts";
import { createMedia } from "./media/media.ts";
import type { PlatformApp, PlatformDeps } from "./platform-deps.ts";
import { createWebhookPlatform } from "./webhook/webhook.ts";

/** Which settings of an installation each platform takes; those that are not here need no registration of ours. */
export const platformSettings: PlatformSettings = {
  facebook: ["CLIENT_ID", "CLIENT_SECRET", "SCOPES", "API_URL"],
  instagram: ["CLIENT_ID", "CLIENT_SECRET", "SCOPES", "API_URL"],
  linkedin: ["CLIENT_ID", "CLIENT_SECRET", "SCOPES", "API_URL", "API_VERSION"],
};

export interface PlatformsOptions {
  /** Where accounts with `sandbox: true` publish to. */
  sandboxUrl: string | undefined;
  allowPrivateNetworks: boolean;
  /** Our registrations, by platform. */
  apps?: Readonly<Record<string, PlatformApp>>;
  /** Where media are kept while they are looked at and uploaded; default: a directory of our own among the system's temporary ones. */
  mediaDirectory?: string;
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
  const directory = options.mediaDirectory ?? path.join(tmpdir(), `punctual-media-${process.getuid?.() ?? "own"}`);
  const media = createMedia({ http, directory });
  const depsOf = (platform: string): PlatformDeps => {
    return { http, sandboxHttp, sandboxUrl, allowPrivateNetworks, app: apps[platform] ?? {}, media, logger };
  };
  const platforms = [
    createWebhookPlatform(depsOf("webhook")),
    createFacebookPlatform(depsOf("facebook")),
    createInstagramPlatform(depsOf("instagram")),
    createLinkedInPlatform(depsOf("linkedin")),
    createMastodonPlatform(depsOf("mastodon")),
    createBlueskyPlatform(depsOf("bluesky")),
  ];
  return {
    byName: new Map(platforms.map((platform) => [platform.name, platform])),
    start: () => media.start(),
    async stop() {
      await media.stop();
      await Promise.all([http.close(), sandboxHttp.close()]);
    },
  };
}
