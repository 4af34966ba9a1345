import { expect, test } from "vitest";
import { ConfigError, readConfig } from "./config.ts";
import { platformFields, readRegistrations, type PlatformSettings } from "./platform-settings.ts";

const taken: PlatformSettings = { friendface: ["CLIENT_ID", "API_URL", "API_VERSION"], chirp: ["CLIENT_SECRET"] };

test("each platform's settings are read under its own name, and empty is unset", () => {
  const environment = {
    FRIENDFACE_CLIENT_ID: "7",
    FRIENDFACE_API_URL: "",
    CHIRP_CLIENT_SECRET: "s",
    CHIRP_CLIENT_ID: "x",
  };
  expect(readRegistrations(taken, environment)).toEqual({
    friendface: { clientId: "7" },
    chirp: { clientSecret: "s" },
  });
});

test("what does not fit is listed with everything else that does not", () => {
  const environment = { PORT: "a", FRIENDFACE_API_URL: "ftp://x", FRIENDFACE_API_VERSION: "v 1" };
  const read = () => readConfig(["PORT"], environment, platformFields(taken));
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(
    /PORT must[^]*FRIENDFACE_API_URL must[^]*Where the API of `friendface` is[^]*FRIENDFACE_API_VERSION/,
  );
  expect(() => readConfig(["PORT"], {}, platformFields(taken))).not.toThrow();
});
