/** Renewing credentials before they end, on a real database. */
import type { Platform, Refreshed } from "@punctual/core";
import { createPlatforms } from "@punctual/platforms";
import type { Service } from "@punctual/runtime";
import { createTestEnvironment, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createRenewer } from "../credentials/renewer.ts";
import { createCredentialKeeper } from "./credential-keeper.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const refused: Refreshed = { kind: "refused", code: "invalid_grant", message: "the refresh token is revoked" };
const { byName } = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const webhook = byName.get("webhook") as Platform;

let env: TestEnvironment;
let tenant: TestTenant;
let keeper: Service | undefined;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant({ platform: "test_renews" });
});
afterEach(() => keeper?.stop());

async function keep(refresh: () => Promise<Refreshed>): Promise<void> {
  const platform: Platform = {
    ...webhook,
    name: "test_renews",
    refresh,
    credentialsExpireAt: ({ credentials: { expiresAt } }) =>
      typeof expiresAt === "string" ? new Date(expiresAt) : null,
  };
  keeper = createCredentialKeeper({
    ...env,
    platforms: new Map([[platform.name, platform]]),
    renewer: createRenewer(env),
  });
  await keeper.start();
}

async function inMs(ms: number): Promise<string> {
  const [now] = await env.sql<{ now: Date }>("SELECT app_now() AS now");
  return new Date(Number(now?.now) + ms).toISOString();
}

/** Credentials that have lived for so long and end in so long. */
async function credentialsEnd(endInMs: number, livedMs: number): Promise<void> {
  const credentials = JSON.stringify({ refreshToken: "r1", expiresAt: await inMs(endInMs) });
  await env.sql(
    "UPDATE social_accounts SET credentials = $2, credentials_at = app_now() - $3::float8 * interval '1 ms' WHERE id = $1",
    [tenant.socialAccountId, env.keyring.seal(credentials, tenant.socialAccountId), livedMs],
  );
}

async function account() {
  const [row] = await env.sql<{ version: number; status: string; againInMs: number }>(
    `SELECT credentials_version AS version, status,
            (extract(epoch FROM refresh_at - app_now()) * 1000)::float8 AS "againInMs" FROM social_accounts WHERE id = $1`,
    [tenant.socialAccountId],
  );
  if (row === undefined) throw new Error("there is no account");
  return row;
}

test("what ends within a day is renewed, and looked at again half of the new life before its end", async () => {
  await credentialsEnd(dayMs / 2, 60 * dayMs);
  const expiresAt = await inMs(4 * hourMs);
  await keep(async () => ({ kind: "refreshed", credentials: { accessToken: "a2", expiresAt } }));
  await until("the next look", async () => {
    const { version, againInMs } = await account();
    return version === 2 && againInMs > hourMs;
  });
  expect((await account()).againInMs).toBeLessThanOrEqual(2 * hourMs);
});

test("what still works and cannot be renewed is not disconnected before it has ended", async () => {
  await credentialsEnd(dayMs / 2, 60 * dayMs);
  await keep(async () => refused);
  await until("it to have asked", async () => Math.abs((await account()).againInMs - dayMs / 2) < hourMs);
  expect((await account()).status).toBe("active");
  await env.advanceClock(dayMs / 2 + 1_000);
  await until("it to be disconnected", async () => (await account()).status === "needs_reconnect");
});

test("what lives long, and what never ends, is left alone", async () => {
  await credentialsEnd(30 * dayMs, 0);
  await keep(() => Promise.reject(new Error("nobody should ask")));
  await until("it to have looked", async () => Math.abs((await account()).againInMs - 29 * dayMs) < hourMs);
  expect(await account()).toMatchObject({ version: 1, status: "active" });
});
