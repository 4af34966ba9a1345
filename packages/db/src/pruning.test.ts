import { createTestEnvironment, insertTestPosts, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultRetention, prune } from "./pruning.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const minuteMs = 60_000;

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
  tenant = await env.createTenant();
});
afterAll(() => env.close());

const pruneAll = () => prune(env.database, defaultRetention, 100);
const end = (ids: readonly string[], status: string) =>
  env.sql(
    `UPDATE posts SET status = $2, published_at = CASE $2 WHEN 'published' THEN app_now() END, updated_at = app_now()
     WHERE id = ANY ($1)`,
    [ids, status],
  );

/** A first answer as it was kept when these posts were accepted. */
const keep = (key: string, postIds: readonly string[]) =>
  env.sql(
    `INSERT INTO idempotency_records (company_id, path, key, request_hash, post_ids, status_code, response, created_at)
     VALUES ($1, '/v1/posts/bulk', $2, sha256('body'), $3, 201, '{}', app_now())`,
    [tenant.companyId, key, postIds],
  );
const keptKeys = async () => {
  await pruneAll();
  return (await env.sql<{ key: string }>("SELECT key FROM idempotency_records ORDER BY key")).map(({ key }) => key);
};

test("a first answer is kept for a day, until all its posts have ended, and for a day after that", async () => {
  const [one = "", two = "", three = ""] = await insertTestPosts(env, tenant, 3, { dueInMs: 10 * dayMs });
  await keep("ended at once", [one]);
  await keep("one still waits", [one, two]);
  await keep("outcome unknown", [three]);
  await end([one], "cancelled");
  await end([three], "unconfirmed");
  await env.advanceClock(dayMs - minuteMs);
  expect(await keptKeys()).toEqual(["ended at once", "one still waits", "outcome unknown"]);
  await env.advanceClock(2 * minuteMs);
  expect(await keptKeys()).toEqual(["one still waits", "outcome unknown"]);

  await env.advanceClock(9 * dayMs);
  expect(await keptKeys()).toEqual(["one still waits", "outcome unknown"]);
  await end([two], "published");
  await env.advanceClock(dayMs - minuteMs);
  expect(await keptKeys()).toEqual(["one still waits", "outcome unknown"]);
  await env.advanceClock(2 * minuteMs);
  expect(await keptKeys()).toEqual(["outcome unknown"]);
});

test("a post that ended is kept with its attempts for 400 days, one that has not for as long as it takes", async () => {
  const ids = await insertTestPosts(env, tenant, 6, { dueInMs: 20 * dayMs });
  const [waiting = "", ...ended] = ids;
  for (const [index, status] of ["published", "failed", "missed", "cancelled"].entries()) {
    await end([ended[index] ?? ""], status);
  }
  await end([ended[4] ?? ""], "unconfirmed");
  await env.sql(
    `INSERT INTO attempts (post_id, number, revision, claim_token, worker, phase, outcome, started_at, sent_at, ended_at)
     SELECT id, number, 1, gen_random_uuid(), 'worker', 'sending', 'published', app_now(), app_now(), app_now()
     FROM unnest($1::uuid[]) AS id, generate_series(1, 3) AS number`,
    [ids],
  );
  const left = async () => {
    await pruneAll();
    const posts = await env.sql<{ id: string }>("SELECT id FROM posts WHERE id = ANY ($1)", [ids]);
    const attempts = await env.sql("SELECT FROM attempts WHERE post_id = ANY ($1)", [ids]);
    return { posts: posts.map(({ id }) => id).toSorted(), attempts: attempts.length };
  };
  await env.advanceClock(400 * dayMs - minuteMs);
  expect(await left()).toEqual({ posts: ids.toSorted(), attempts: 18 });
  await env.advanceClock(2 * minuteMs);
  expect(await left()).toEqual({ posts: [waiting, ended[4] ?? ""].toSorted(), attempts: 6 });
});

test("much is removed a batch at a time, and it is said that there is more", async () => {
  const ids = await insertTestPosts(env, tenant, 250, {});
  await end(ids, "published");
  await env.advanceClock(401 * dayMs);
  for (const left of [150, 50, 0]) {
    expect((await pruneAll()) === 100).toBe(left > 0);
    expect(await env.sql("SELECT FROM posts WHERE id = ANY ($1)", [ids])).toHaveLength(left);
  }
});
