import { createTestEnvironment, insertTestPost, insertTestPosts, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { releaseHeldPosts } from "./account-pausing.ts";
import { holdPostsOfClosedAccount } from "./post-holding.ts";

let env: TestEnvironment;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

test("what fell due while it was held keeps one pace, in however many goes it is released", async () => {
  const tenant = await env.createTenant();
  const { socialAccountId } = tenant;
  const pause = (paused: boolean) =>
    env.sql("UPDATE social_accounts SET paused = $2 WHERE id = $1", [socialAccountId, paused]);
  await insertTestPosts(env, tenant, 30, { dueInMs: -60_000 });
  const later = await insertTestPost(env, tenant, { dueInMs: 3_600_000 });
  await pause(true);
  expect(await holdPostsOfClosedAccount(env.database, socialAccountId)).toBe(31);
  await pause(false);
  const times: number[] = [];
  for (const wanted of [null, socialAccountId, null]) {
    const released = await releaseHeldPosts(env.database, { socialAccountId: wanted, limit: 10 });
    expect(released).toHaveLength(10);
    times.push(...released.map(({ dueAt }) => dueAt.getTime()));
  }
  const apart = times.slice(1).map((time, index) => time - times[index]!);
  expect(Math.min(...apart)).toBeGreaterThanOrEqual(100);
  expect(await releaseHeldPosts(env.database, { socialAccountId: null, limit: 10 })).toMatchObject([{ postId: later }]);
});
