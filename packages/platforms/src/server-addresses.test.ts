/** Servers that clients name get credentials, so they are public and spoken to over TLS, unless the installation says else. */
import { afterAll, expect, test } from "vitest";
import { createPlatforms } from "./registry.ts";

const careful = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const trusting = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: true });
afterAll(async () => {
  await careful.stop();
  await trusting.stop();
});

const drafts = {
  mastodon: (url: string) => ({ settings: { instanceUrl: url }, credentials: { accessToken: "x" } }),
  bluesky: (url: string) => ({
    settings: { serviceUrl: url },
    credentials: { identifier: "a.example", appPassword: "x" },
  }),
};

test.each(["mastodon", "bluesky"] as const)("%s", (name) => {
  const codes = (url: string, { byName } = careful) =>
    byName
      .get(name)
      ?.validateAccount({ ...drafts[name](url), sandbox: false })
      .map(({ code }) => code);
  expect(codes("https://server.example")).toEqual([]);
  expect(codes("http://server.example")).toEqual(["invalid_url"]);
  expect(codes("https://10.0.0.7")).toEqual(["private_address"]);
  expect(codes("https://localhost:3000")).toEqual(["private_address"]);
  expect(codes("http://localhost:3000", trusting)).toEqual([]);
});
