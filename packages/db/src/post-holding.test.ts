import { createTestEnvironment, insertTestPost, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { holdPostsOfClosedAccount } from "./post-holding.ts";

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
});

const change = (account: string) =>
  env.sql(`UPDATE social_accounts SET ${account} WHERE id = $1`, [tenant.socialAccountId]);
const hold = () => holdPostsOfClosedAccount(env.database, tenant.socialAccountId);

async function state(id: string): Promise<unknown> {
  const [row] = await env.sql("SELECT status, held_reason, outcome_open FROM posts WHERE id = $1", [id]);
  return row;
}

test.each([
  ["paused", "paused = true", "paused"],
  ["to be reconnected", "status = 'needs_reconnect'", "needs_reconnect"],
  ["both", "paused = true, status = 'needs_reconnect'", "needs_reconnect"],
])("waiting posts of an account that is %s are held, and told so", async (_what, account, reason) => {
  const [scheduled, retrying] = [await insertTestPost(env, tenant), await insertTestPost(env, tenant)];
  await env.sql("UPDATE posts SET status = 'retrying', outcome_open = true WHERE id = $1", [retrying]);
  await change(account);
  expect(await hold()).toBe(2);
  expect(await state(scheduled)).toEqual({ status: "held", held_reason: reason, outcome_open: false });
  expect(await state(retrying)).toEqual({ status: "held", held_reason: reason, outcome_open: true });
  const events = await env.sql("SELECT type, data FROM events WHERE post_id = $1", [scheduled]);
  expect(events).toEqual([{ type: "post.held", data: { status: "held", revision: 1, heldReason: reason } }]);
  expect(await hold()).toBe(0);
});

test("nothing is held while the account is open", async () => {
  const id = await insertTestPost(env, tenant);
  expect(await hold()).toBe(0);
  expect(await state(id)).toMatchObject({ status: "scheduled" });
});

test("posts that run or ended, and those of other accounts, are left alone", async () => {
  const running = await insertTestPost(env, tenant);
  const ended = await insertTestPost(env, tenant);
  const foreign = await insertTestPost(env, await env.createTenant());
  await env.sql(
    `UPDATE posts SET status = 'publishing', claim_token = gen_random_uuid(), claimed_by = 'worker-1', lease_until = app_now()
     WHERE id = $1`,
    [running],
  );
  await env.sql("UPDATE posts SET status = 'failed' WHERE id = $1", [ended]);
  await change("paused = true");
  expect(await hold()).toBe(0);
  expect(await state(running)).toMatchObject({ status: "publishing" });
  expect(await state(ended)).toMatchObject({ status: "failed" });
  expect(await state(foreign)).toMatchObject({ status: "scheduled" });
});
