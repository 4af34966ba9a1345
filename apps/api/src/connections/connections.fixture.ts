/** The API and the sandbox over real HTTP, and a company whose application sends people to connect their accounts. */
import { changeCompany, createApiKey, type ApiKeyScope } from "@punctual/db";
import { createTestEnvironment, launchApp, type LaunchedApp, type TestEnvironment } from "@punctual/testing";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { SocialAccountOut } from "../social-accounts/schemas.ts";
import type { ConnectionOut } from "./schemas.ts";
import { createWalker, proofIn, refreshIn, type Form, type Seen, type Walker } from "./walker.fixture.ts";

export const returnUrl = "https://app.example.com/accounts?tab=social";

export interface Company {
  companyId: string;
  clientId: string;
  key: string;
}

export interface Started {
  id: string;
  authorizeUrl: string;
  expiresAt: string;
}

export interface ConnectionsUnderTest {
  env: TestEnvironment;
  api: AppUnderTest;
  sandbox: LaunchedApp;
  /** Where the API's pages are. */
  url: string;
  company(scope?: ApiKeyScope): Promise<Company>;
  start(company: Company, more: { platform: string; clientId?: string }): Promise<Started>;
  /** What it was given, and no account that was there before. */
  accountsOf(company: Company): Promise<SocialAccountOut[]>;
  connectionOf(company: Company, id: string): Promise<ConnectionOut>;
  walker(): Walker;
  /** From our first page to the platform's log-in page. */
  toLogIn(walker: Walker, started: Started, answers?: Form): Promise<Seen>;
  /** The whole way with everything allowed. @param choose which of the accounts that are offered */
  walk(walker: Walker, started: Started, handle: string, choose?: readonly string[]): Promise<Seen>;
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  close(): Promise<void>;
}

export async function openConnections(): Promise<ConnectionsUnderTest> {
  const [env, sandbox] = await Promise.all([createTestEnvironment(), launchApp("sandbox", {})]);
  const platformsOptions = { sandboxUrl: sandbox.url, allowPrivateNetworks: true };
  const api = await openAppUnderTest(env, { platformsOptions });
  const url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  const walker = () => createWalker([url, sandbox.url]);

  async function toLogIn(walker: Walker, { authorizeUrl }: Started, answers: Form = {}): Promise<Seen> {
    const asked = await walker.go(authorizeUrl);
    const left = await walker.go(authorizeUrl, { proof: proofIn(asked), action: "continue", ...answers });
    return walker.go(refreshIn(left));
  }

  return {
    env,
    api,
    sandbox,
    url,
    walker,
    toLogIn,
    async company(scope = "admin") {
      const { companyId, clientId } = await env.createTenant({ platform: "webhook" });
      await changeCompany(env.database, { id: companyId, returnOrigins: [new URL(returnUrl).origin] });
      const { key } = await createApiKey(env.database, { companyId, name: "test", scope });
      return { companyId, clientId, key };
    },
    async start({ key }, more) {
      const body = { returnUrl, sandbox: true, ...more };
      const headers = { host: new URL(url).host };
      const answer = await api.call<Started>(key, "POST", "/v1/connections", { body, headers });
      if (answer.status !== 201) throw new Error(`it was not started: ${answer.text}`);
      return answer.body;
    },
    async accountsOf({ key }) {
      const { body } = await api.call<{ data: SocialAccountOut[] }>(key, "GET", "/v1/social-accounts");
      return body.data.filter(({ platform }) => platform !== "webhook").toReversed();
    },
    connectionOf: async ({ key }, id) => (await api.call<ConnectionOut>(key, "GET", `/v1/connections/${id}`)).body,
    async walk(walker, started, handle, choose) {
      const dialog = await toLogIn(walker, started);
      const back = await walker.go(dialog.url, { handle });
      if (choose === undefined) return back;
      return walker.go(back.url, { proof: proofIn(back), action: "continue", account: choose });
    },
    async control(method, path, body) {
      const answer = await fetch(new URL(path, sandbox.url), {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
      return answer.json();
    },
    async close() {
      await api.close();
      sandbox.kill("SIGTERM");
      await sandbox.exited;
      await env.close();
    },
  };
}
