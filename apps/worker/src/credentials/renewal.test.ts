/** Credentials that end or are refused, on a real database; the platform says what each test wants to see survived. */
import {
  defaultRetryPolicy,
  renewalTimes,
  type ConnectedAccount,
  type Outcome,
  type Platform,
  type Refreshed,
} from "@punctual/core";
import { changeSocialAccount, findSealedSocialAccount, resealSecrets } from "@punctual/db";
import { createPlatforms } from "@punctual/platforms";
import { createKeyring } from "@punctual/runtime";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { shippedParts } from "../parts.ts";
import { createPublisher } from "../publish/publisher.ts";
import { createRenewer } from "./renewer.ts";

const hourMs = 3_600_000;
const fault = { code: "http_401", message: "the token was refused" };
const { byName } = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const webhook = byName.get("webhook") as Platform;

let env: TestEnvironment;
let tenant: TestTenant;
/** Access tokens the platform takes. */
let valid: Set<unknown>;
let sent: unknown[];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant({ credentials: { accessToken: "a1", refreshToken: "r1" } });
  valid = new Set();
  sent = [];
});

function platformThat(
  refresh: (account: ConnectedAccount) => Promise<Refreshed>,
  changes: Partial<Platform> = {},
): Platform {
  return {
    ...webhook,
    guarantee: () => "at_most_once",
    async send(_post, { account, beforeSend }): Promise<Outcome> {
      beforeSend();
      sent.push(account.credentials["accessToken"]);
      if (valid.has(account.credentials["accessToken"])) return { kind: "published" };
      return { kind: "reconnect", category: "auth", credentialsVersion: account.credentialsVersion, ...fault };
    },
    refresh,
    ...changes,
  };
}

const gives = (credentials: Record<string, unknown>) => async (): Promise<Refreshed> => ({
  kind: "refreshed",
  credentials,
});
const refused: Refreshed = { kind: "refused", code: "invalid_grant", message: "the refresh token is revoked" };
const unavailable: Refreshed = { kind: "unavailable", code: "http_503", message: "not now" };

const renewer = () => createRenewer(env);
const first = () => ({ socialAccountId: tenant.socialAccountId, credentialsVersion: 1 });

async function publish(postId: string, platform: Platform) {
  const { database, keyring, logger } = env;
  const options = { worker: "worker-1", retryPolicy: defaultRetryPolicy };
  const publisher = createPublisher({ database, keyring, logger, parts: shippedParts }, options);
  const [row] = await env.sql<{ generation: number }>("SELECT generation FROM posts WHERE id = $1", [postId]);
  return publisher.publish(platform, { postId, revision: 1, generation: row?.generation ?? 0 }, "job");
}

const post = async (id: string) =>
  (await env.sql<Record<string, unknown>>("SELECT * FROM posts WHERE id = $1", [id]))[0];

async function stored() {
  const [row] = await env.sql<{ credentials: string; version: number; status: string }>(
    "SELECT credentials, credentials_version AS version, status FROM social_accounts WHERE id = $1",
    [tenant.socialAccountId],
  );
  if (row === undefined) throw new Error("there is no account");
  const opened = JSON.parse(env.keyring.open(row.credentials, tenant.socialAccountId)) as Record<string, unknown>;
  return { version: row.version, status: row.status, opened };
}

const accountEvents = async () =>
  (
    await env.sql<{ type: string }>(
      "SELECT type FROM events WHERE social_account_id = $1 AND post_id IS NULL ORDER BY sequence",
      [tenant.socialAccountId],
    )
  ).map(({ type }) => type);

describe("credentials that are refused when a post goes out", () => {
  test("are renewed once, stored, and the post goes out with the new ones at no cost", async () => {
    const id = await insertTestPost(env, tenant, { maxAttempts: 1, enqueued: true });
    valid.add("a2");
    const platform = platformThat(gives({ accessToken: "a2", refreshToken: null }));
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(await stored()).toMatchObject({ version: 2, opened: { accessToken: "a2", refreshToken: "r1" } });
    expect(await post(id)).toMatchObject({ status: "retrying", attempts_used: 0, generation: 1, enqueued_rev: 0 });
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(sent).toEqual(["a1", "a2"]);
    expect(await post(id)).toMatchObject({ status: "published" });
    expect(await accountEvents()).toEqual([]);
  });

  test("and cannot be renewed disconnect the account, by their version, and hold its posts", async () => {
    const [id, other] = [await insertTestPost(env, tenant), await insertTestPost(env, tenant, { dueInMs: hourMs })];
    expect(
      await publish(
        id,
        platformThat(async () => refused),
      ),
    ).toEqual({ kind: "done" });
    expect(await stored()).toMatchObject({ version: 1, status: "needs_reconnect" });
    for (const held of [id, other])
      expect(await post(held)).toMatchObject({ status: "held", held_reason: "needs_reconnect" });
    expect(await accountEvents()).toEqual(["account.needs_reconnect"]);
  });

  test.each<[string, () => Promise<Refreshed>]>([
    ["cannot say", async () => unavailable],
    ["throws", () => Promise.reject(new Error("a bug that tells r1"))],
  ])("while the platform %s leave the account connected and the post waiting", async (_how, refresh) => {
    const id = await insertTestPost(env, tenant);
    expect(await publish(id, platformThat(refresh))).toEqual({ kind: "later", delayMs: renewalTimes.waitMs });
    expect(await stored()).toMatchObject({ version: 1, status: "active" });
    expect(await post(id)).toMatchObject({ status: "retrying", attempts_used: 0, failure_category: "auth" });
    await env.advanceClock(renewalTimes.waitMs);
    valid.add("a2");
    await publish(id, platformThat(gives({ accessToken: "a2" })));
    await publish(
      id,
      platformThat(async () => refused),
    );
    expect(await post(id)).toMatchObject({ status: "published" });
  });

  test("although the platform gave them a moment ago are not renewed again", async () => {
    const id = await insertTestPost(env, tenant);
    const platform = platformThat(gives({ accessToken: "a2" }));
    await publish(id, platform);
    await publish(id, platform);
    expect(sent).toEqual(["a1", "a2"]);
    expect(await post(id)).toMatchObject({ status: "held" });
    expect(await stored()).toMatchObject({ version: 2, status: "needs_reconnect" });
  });

  test("for want of a permission are not renewed", async () => {
    const id = await insertTestPost(env, tenant);
    const platform = platformThat(gives({ accessToken: "a2" }), {
      send: async () => ({ kind: "reconnect", category: "permission", credentialsVersion: 1, ...fault }),
    });
    await publish(id, platform);
    expect(await stored()).toMatchObject({ version: 1, status: "needs_reconnect" });
  });

  test("after others took their place, even by a late refusal, do not disconnect these", async () => {
    const id = await insertTestPost(env, tenant);
    valid.add("a2");
    const platform = platformThat(async () => refused);
    const sends: Platform["send"] = async (outgoing, context) => {
      await renewer().renew(platformThat(gives({ accessToken: "a2" })), first());
      return platform.send(outgoing, context);
    };
    await publish(id, { ...platform, send: sends });
    expect(await stored()).toMatchObject({ version: 2, status: "active" });
    await renewer().disconnect({ ...first(), code: "late" });
    expect(await stored()).toMatchObject({ status: "active" });
    await publish(id, platform);
    expect(await post(id)).toMatchObject({ status: "published" });
  });
});

describe("renewing", () => {
  test("is one process's at a time, however many ask", async () => {
    let asked = 0;
    const platform = platformThat(async () => {
      asked += 1;
      await until("the others to have asked", async () => results.length >= 7);
      return { kind: "refreshed", credentials: { accessToken: "a2", refreshToken: "r2" } };
    });
    const results: unknown[] = [];
    const ask = async () => results.push((await renewer().renew(platform, first())).kind);
    await Promise.all(Array.from({ length: 8 }, ask));
    expect(asked).toBe(1);
    expect(results.filter((kind) => kind === "renewed")).toHaveLength(1);
    expect(await stored()).toMatchObject({ version: 2, opened: { refreshToken: "r2" } });
    expect(await renewer().renew(platform, first())).toEqual({ kind: "renewed" });
    expect(asked).toBe(1);
  });

  test("whose answer comes after its lease is kept, and makes good what another was told meanwhile", async () => {
    const slow = platformThat(async () => {
      await env.advanceClock(60_000);
      const second = renewer();
      const told = await second.renew(
        platformThat(async () => refused),
        first(),
      );
      expect(told).toMatchObject({ kind: "refused" });
      await second.disconnect({ ...first(), code: "invalid_grant" });
      return { kind: "refreshed", credentials: { accessToken: "a2", refreshToken: "r2" } };
    });
    expect(await renewer().renew(slow, first())).toEqual({ kind: "renewed" });
    expect(await stored()).toMatchObject({ version: 2, status: "active", opened: { refreshToken: "r2" } });
    expect(await accountEvents()).toEqual(["account.needs_reconnect", "account.reconnected"]);
  });

  test("and changing the key that seals lose neither", async () => {
    const changed = `${Buffer.alloc(32, 7).toString("base64")},${env.encryptionKeys}`;
    const both = createKeyring(changed);
    const platform = platformThat(async ({ credentials }) => {
      expect(credentials["refreshToken"]).toBe("r1");
      expect(await resealSecrets(env.database, both)).toMatchObject({ unreadable: [] });
      return { kind: "refreshed", credentials: { accessToken: "a2", refreshToken: "r2" } };
    });
    expect(await createRenewer({ ...env, keyring: both }).renew(platform, first())).toEqual({ kind: "renewed" });
    const account = await findSealedSocialAccount(env.database, {
      companyId: tenant.companyId,
      id: tenant.socialAccountId,
    });
    expect(account?.credentialsVersion).toBe(2);
    expect(both.isCurrent(account?.credentials ?? "")).toBe(true);
    expect(both.open(account?.credentials ?? "", tenant.socialAccountId)).toContain("r2");
  });

  test("gives way to what a person gave meanwhile", async () => {
    const platform = platformThat(async () => {
      const name = { companyId: tenant.companyId, id: tenant.socialAccountId };
      const expected = await findSealedSocialAccount(env.database, name);
      if (expected === null) throw new Error("there is no account");
      const credentials = env.keyring.seal(JSON.stringify({ accessToken: "p" }), tenant.socialAccountId);
      const change = {
        companyId: tenant.companyId,
        expected,
        name: "A",
        clientId: undefined,
        settings: {},
        credentials,
      };
      expect(await changeSocialAccount(env.database, { ...change, requestId: "r" })).not.toBeNull();
      return { kind: "refreshed", credentials: { accessToken: "a2", refreshToken: "r2" } };
    });
    await renewer().renew(platform, first());
    expect(await stored()).toMatchObject({ version: 2, opened: { accessToken: "p" } });
  });
});
