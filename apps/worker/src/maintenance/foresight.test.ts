/** Looks at accounts and media a day and an hour before the instant, on a real database. */
import { defaultRetention, keepAccountCheck, prune } from "@punctual/db";
import type { AccountCheck, Platform, ValidationIssue } from "@punctual/core";
import { createPlatforms } from "@punctual/platforms";
import type { Service } from "@punctual/runtime";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createForesight } from "./foresight.ts";

const hourMs = 3_600_000;
const { byName } = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const webhook = byName.get("webhook") as Platform;

let env: TestEnvironment;
let tenant: TestTenant;
let foresight: Service | undefined;
let checks: number;
let answer: AccountCheck;
let issues: ValidationIssue[];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
  [checks, answer, issues] = [0, { kind: "works" }, []];
});
afterEach(() => foresight?.stop());

async function start(changes: Partial<Platform> = {}): Promise<void> {
  const platform: Platform = {
    ...webhook,
    name: "test_checked",
    async check() {
      checks += 1;
      return answer;
    },
    inspect: async () => issues,
    ...changes,
  };
  foresight = createForesight({ ...env, platforms: new Map([[platform.name, platform]]) });
  await foresight.start();
}

async function insert(dueInMs: number): Promise<string> {
  const id = await insertTestPost(env, tenant, { platform: "test_checked", dueInMs });
  await env.sql("UPDATE posts SET checks_left = 2 WHERE id = $1", [id]);
  return id;
}

const left = async (id: string) =>
  (await env.sql<{ checks_left: number }>("SELECT checks_left FROM posts WHERE id = $1", [id]))[0]?.checks_left;
const risks = (id: string) =>
  env.sql<{ data: object }>("SELECT data FROM events WHERE post_id = $1 AND type = 'post.at_risk' ORDER BY sequence", [
    id,
  ]);

test("an account is asked once an hour for all of its posts, a day and an hour ahead", async () => {
  const [day, soon, far] = [await insert(23 * hourMs), await insert(hourMs / 2), await insert(48 * hourMs)];
  await start();
  await until("both to be looked at", async () => (await left(day)) === 1 && (await left(soon)) === 0);
  await until("the account to be asked", async () => checks === 1);
  expect(await left(far)).toBe(2);
  await env.advanceClock(22.5 * hourMs);
  await until("the second look", async () => (await left(day)) === 0 && checks === 2, { timeoutMs: 20_000 });
  await foresight?.stop();
  expect(await risks(day)).toEqual([]);
});

test("what the platform tells of an account is kept, for the credentials it was asked with", async () => {
  const settings = async () =>
    (
      await env.sql<{ settings: object }>("SELECT settings FROM social_accounts WHERE id = $1", [
        tenant.socialAccountId,
      ])
    )[0]?.settings;
  const before = await settings();
  answer = { kind: "works", learned: { settings: { account: "kim@one.example" }, credentialsVersion: 1 } };
  await insert(hourMs / 2);
  await start();
  await until("it to be kept", async () => JSON.stringify(await settings()).includes("kim"));
  expect(await settings()).toEqual({ ...before, account: "kim@one.example" });
  const others = { settings: { account: "sam@one.example" }, credentialsVersion: 2 };
  const { socialAccountId } = tenant;
  await keepAccountCheck(env.database, { socialAccountId, check: { kind: "works", learned: others } });
  expect(await settings()).toEqual({ ...before, account: "kim@one.example" });
});

test("what is wrong with the account or the media is told once, and the post stays as it is", async () => {
  answer = { kind: "refused", message: "the page is gone" };
  const id = await insert(23 * hourMs);
  await start();
  await until("it to be told", async () => (await risks(id)).length === 1);
  expect(await risks(id)).toMatchObject([
    { data: { reason: "account_refused", failure: { category: "auth", message: "the page is gone" } } },
  ]);
  await env.sql("UPDATE posts SET checks_left = 2 WHERE id = $1", [id]);
  await until("another look", async () => (await left(id)) === 1, { timeoutMs: 20_000 });
  // Taken for a look is not looked at yet: a stop waits for the end of it.
  await foresight?.stop();
  // Believed from the look before.
  expect([checks, (await risks(id)).length]).toEqual([1, 1]);
  expect((await env.sql("SELECT status, attempts FROM posts WHERE id = $1", [id]))[0]).toEqual({
    status: "scheduled",
    attempts: 0,
  });
});

test("media the platform would refuse are told with the reason; a look that fails tells nothing", async () => {
  issues = [{ path: "/media/0/url", code: "too_wide", message: "at most 8,000 pixels" }];
  const id = await insert(hourMs / 2);
  await start({ check: () => Promise.reject(new Error("no network")) });
  await until("the look", async () => (await left(id)) === 0);
  await foresight?.stop();
  expect(await risks(id)).toEqual([]);
  const other = await insert(hourMs / 2);
  await env.sql("UPDATE social_accounts SET checked_at = NULL WHERE id = $1", [tenant.socialAccountId]);
  await start();
  await until("it to be told", async () => (await risks(other)).length === 1);
  expect(await risks(other)).toMatchObject([
    { data: { reason: "media_refused", failure: { code: "too_wide", message: "/media/0/url: at most 8,000 pixels" } } },
  ]);
});

test("what was prepared for posts that ended, and slots long unused, are forgotten", async () => {
  const id = await insert(0);
  await env.sql("INSERT INTO preparations (post_id, platform, revision) VALUES ($1, 'test_checked', 1)", [id]);
  await env.sql("UPDATE posts SET status = 'cancelled' WHERE id = $1", [id]);
  await env.sql(
    "INSERT INTO rate_slots (subject, window_ms, number) VALUES ('gone', 1000, 1), ('used', 1000, 1), ('used', 1000, 2)",
  );
  await env.sql("INSERT INTO rate_blocks (subject, until) VALUES ('gone', app_now())");
  await env.advanceClock(8 * 24 * hourMs);
  await env.sql("UPDATE rate_slots SET free_at = app_now() WHERE subject = 'used' AND number = 2");
  await prune(env.database, defaultRetention, 100);
  expect(await env.sql("SELECT FROM preparations")).toEqual([]);
  expect(await env.sql("SELECT FROM rate_blocks")).toEqual([]);
  expect(await env.sql("SELECT subject, number FROM rate_slots ORDER BY number")).toEqual([
    { subject: "used", number: 1 },
    { subject: "used", number: 2 },
  ]);
});
