/** Where each platform's log-in is on the real network, what is refused before it is asked, and Mastodon's registering. */
import { createHash } from "node:crypto";
import type { ConnectContext, Connector, Registrations } from "@punctual/core";
import { launchApp, type LaunchedApp } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlatformApp } from "./platform-deps.ts";
import { createPlatforms, type Platforms } from "./registry.ts";

let sandbox: LaunchedApp;
const opened: Platforms[] = [];

beforeAll(async () => {
  sandbox = await launchApp("sandbox", {});
});
afterAll(async () => {
  for (const platforms of opened) await platforms.stop();
  sandbox.kill("SIGTERM");
  await sandbox.exited;
});

function connectorOf(name: string, app: PlatformApp = {}, sandboxUrl: string | undefined = sandbox.url): Connector {
  const platforms = createPlatforms({ sandboxUrl, allowPrivateNetworks: false, apps: { [name]: app } });
  opened.push(platforms);
  const connector = platforms.byName.get(name)?.connector;
  if (connector === undefined) throw new Error(`${name} has no log-in`);
  return connector;
}

function inMemory(): Registrations & { kept: Map<string, Readonly<Record<string, string>>> } {
  const kept = new Map<string, Readonly<Record<string, string>>>();
  return {
    kept,
    find: async (server) => kept.get(server) ?? null,
    async keep(server, registration) {
      kept.set(server, registration);
      return registration;
    },
    forget: async (server) => void kept.delete(server),
  };
}

const context = (changes: Partial<ConnectContext> = {}): ConnectContext => ({
  sandbox: false,
  registrations: inMemory(),
  timeoutMs: 10_000,
  signal: new AbortController().signal,
  ...changes,
});
const redirectUri = "https://punctual.example.com/connect/x/callback";
const request = { answers: {}, redirectUri, state: "the-state", codeChallenge: "challenge" };
const app = { clientId: "app-1", clientSecret: "app-secret" };

async function logIn(connector: Connector): Promise<URL> {
  const step = await connector.begin(request, context());
  if (step.kind !== "redirect") throw new Error(`it leads nowhere: ${JSON.stringify(step)}`);
  expect(step.url).not.toContain("app-secret");
  return new URL(step.url);
}

describe("the log-in", () => {
  test.each([
    ["facebook", app, "https://www.facebook.com/v25.0/dialog/oauth", "pages_manage_posts"],
    [
      "facebook",
      { ...app, apiUrl: "https://graph.facebook.com/v26.0" },
      "https://www.facebook.com/v26.0/dialog/oauth",
      "",
    ],
    ["instagram", app, "https://www.instagram.com/oauth/authorize", "instagram_business_content_publish"],
    ["linkedin", app, "https://www.linkedin.com/oauth/v2/authorization", "openid profile w_member_social"],
    [
      "linkedin",
      { ...app, apiUrl: "https://stand-in.example/li" },
      "https://stand-in.example/li/oauth/v2/authorization",
      "",
    ],
    [
      "facebook",
      { ...app, scopes: "pages_show_list" },
      "https://www.facebook.com/v25.0/dialog/oauth",
      "pages_show_list",
    ],
  ])("of %s with %o is where it should be", async (name, given, address, scope) => {
    const url = await logIn(connectorOf(name, given));
    expect(url.origin + url.pathname).toBe(address);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: "app-1",
      redirect_uri: redirectUri,
      state: "the-state",
      response_type: "code",
      scope: expect.stringContaining(scope) as string,
    });
  });

  test("is not offered where it cannot work, and says what is missing", () => {
    for (const name of ["facebook", "instagram", "linkedin"]) {
      expect(connectorOf(name).unavailable(false)).toContain(`${name.toUpperCase()}_CLIENT_ID`);
      expect(connectorOf(name, app).unavailable(false)).toBeNull();
      expect(connectorOf(name).unavailable(true)).toBeNull();
    }
    const facebooks = { ...app, apiUrl: "https://graph.facebook.com" };
    expect(connectorOf("instagram", facebooks).unavailable(false)).toContain("Facebook's log-in");
    for (const name of ["mastodon", "bluesky"]) expect(connectorOf(name).unavailable(false)).toBeNull();
  });

  test.each(["facebook", "instagram", "linkedin", "mastodon"])("of %s that is denied is no fault", async (name) => {
    const query = { error: name === "linkedin" ? "user_cancelled_login" : "access_denied", state: "the-state" };
    const back = { query, memory: { server: "https://mastodon.example" }, redirectUri, codeVerifier: "v" };
    expect(await connectorOf(name, app).finish(back, context())).toEqual({ kind: "cancelled" });
    const faulty = { ...back, query: { error: "<b>server_error</b>" } };
    expect(JSON.stringify(await connectorOf(name, app).finish(faulty, context()))).not.toContain("<b>");
  });
});

describe("an address that people give", () => {
  test.each([
    "",
    "127.0.0.1",
    "localhost:3000",
    "http://mastodon.example",
    "http://[::1]",
    "10.1.2.3",
    "ftp://x",
    "a b",
  ])("of a Mastodon server is refused if it is %j", async (instanceUrl) => {
    const step = await connectorOf("mastodon").begin({ ...request, answers: { instanceUrl } }, context());
    expect(step).toMatchObject({ kind: "refused", question: "instanceUrl" });
  });

  test.each([
    [{ identifier: "me.example", appPassword: "my own password" }, "appPassword"],
    [
      { identifier: "me.example", appPassword: "abcd-efgh-ijkl-mnop", serviceUrl: "http://169.254.169.254" },
      "serviceUrl",
    ],
    [{ identifier: "me.example", appPassword: "abcd-efgh-ijkl-mnop", serviceUrl: "localhost" }, "serviceUrl"],
  ])("of a Bluesky server, or no app password, is refused: %o", async (answers, question) => {
    const step = await connectorOf("bluesky").begin({ ...request, answers }, context());
    expect(step).toMatchObject({ kind: "refused", question });
    expect(JSON.stringify(step)).not.toContain(answers.appPassword);
  });
});

describe("a Mastodon server", () => {
  /** As whom somebody allows it, straight at the stand-in. */
  async function codeFrom(url: string): Promise<string> {
    const body = new URLSearchParams({ handle: "alex" }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await fetch(url, { method: "POST", redirect: "manual", headers, body });
    return new URL(answer.headers.get("location") ?? "").searchParams.get("code") ?? "";
  }
  const verifier = "a-verifier-that-is-long-enough-to-be-one-0123456789";
  const challenge = createHash("sha256").update(verifier).digest("base64url");

  async function begin(registrations: Registrations): Promise<{ code: string; memory: Record<string, string> }> {
    const asked = { ...request, codeChallenge: challenge };
    const step = await connectorOf("mastodon").begin(asked, context({ sandbox: true, registrations }));
    if (step.kind !== "redirect") throw new Error(JSON.stringify(step));
    return { code: await codeFrom(step.url), memory: { ...step.memory } };
  }
  const finish = (
    { code, memory }: { code: string; memory: Record<string, string> },
    codeVerifier: string,
    registrations: Registrations,
  ) =>
    connectorOf("mastodon").finish(
      { query: { code }, memory, redirectUri, codeVerifier },
      context({ sandbox: true, registrations }),
    );

  test("is registered at once, and the code is worth nothing without the verifier", async () => {
    const registrations = inMemory();
    const [first, second] = [await begin(registrations), await begin(registrations)];
    expect(registrations.kept.size).toBe(1);
    expect(await finish(first, "another", registrations)).toMatchObject({ kind: "refused" });
    expect(await finish(second, verifier, registrations)).toMatchObject({
      kind: "accounts",
      accounts: [{ name: "@alex@sandbox", settings: { account: "alex@sandbox" } }],
    });
  });

  test("that forgot us is registered at anew the next time", async () => {
    const registrations = inMemory();
    const going = await begin(registrations);
    await fetch(new URL("/_ledger", sandbox.url), { method: "DELETE" });
    expect(await finish(going, verifier, registrations)).toMatchObject({ kind: "refused" });
    expect(registrations.kept.size).toBe(0);
    expect(await finish(await begin(registrations), verifier, registrations)).toMatchObject({ kind: "accounts" });
  });
});
