/**
 * Our registrations at the platforms, as settings named `<PLATFORM>_CLIENT_ID` and so on. Which platform takes which of
 * them is the platforms' to say; what they are called and what fits is the same for all and said here.
 */
import { type TSchema, Type } from "typebox";
import type { Environment } from "./config.ts";

const settings = {
  CLIENT_ID: { key: "clientId", describe: (platform: string) => `Id of this installation's app at \`${platform}\`.` },
  CLIENT_SECRET: {
    key: "clientSecret",
    describe: (platform: string) => `Secret of this installation's app at \`${platform}\`.`,
  },
  SCOPES: {
    key: "scopes",
    describe: (platform: string) =>
      `What the log-in of \`${platform}\` asks for, in its own words. Unset: what any app may ask for.`,
  },
  API_URL: {
    key: "apiUrl",
    pattern: "^https?://[^?#]+$",
    describe: (platform: string) => `Where the API of \`${platform}\` is. Unset: its usual address.`,
  },
  API_VERSION: {
    key: "apiVersion",
    pattern: "^[A-Za-z0-9.]+$",
    describe: (platform: string) =>
      `Version of the API of \`${platform}\` to speak. Unset: the one this release was made for.`,
  },
} as const;

export type PlatformSetting = keyof typeof settings;

/** By platform: the settings it takes. */
export type PlatformSettings = Readonly<Record<string, readonly PlatformSetting[]>>;

/** What a platform was told, by the names the program has for it. */
export type PlatformRegistration = { [Setting in PlatformSetting as (typeof settings)[Setting]["key"]]?: string };

/** Fields of the configuration, by the names of the environment. */
export function platformFields(taken: PlatformSettings): Readonly<Record<string, TSchema & { description: string }>> {
  return Object.fromEntries(
    namesOf(taken).map(({ platform, setting, name }) => {
      const { describe, ...rest } = settings[setting];
      const pattern = "pattern" in rest ? { pattern: rest.pattern } : {};
      const field = Type.String({ minLength: 1, ...pattern, description: describe(platform) });
      return [name, Type.Optional(field) as unknown as TSchema & { description: string }];
    }),
  );
}

/** By platform, what was set for it. Whether it fits is checked where the configuration is read. */
export function readRegistrations(
  taken: PlatformSettings,
  environment: Environment,
): Readonly<Record<string, PlatformRegistration>> {
  const registrations: Record<string, PlatformRegistration> = {};
  for (const { platform, setting, name } of namesOf(taken)) {
    const value = environment[name];
    if (value !== undefined && value !== "") (registrations[platform] ??= {})[settings[setting].key] = value;
  }
  return registrations;
}

function namesOf(taken: PlatformSettings): { platform: string; setting: PlatformSetting; name: string }[] {
  return Object.entries(taken).flatMap(([platform, names]) =>
    names.map((setting) => ({ platform, setting, name: `${platform.toUpperCase()}_${setting}` })),
  );
}
