import {
  createTestEnvironment,
  insertTestPosts,
  until,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readWorkerConfig, retentionOf } from "../config.ts";
import { createPruner } from "./pruner.ts";

const dayMs = 86_400_000;

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
  tenant = await env.createTenant();
});
afterAll(() => env.close());

/** A worker's round, as it is set up. */
async function round(settings: Readonly<Record<string, string>>): Promise<void> {
  const config = readWorkerConfig({
    DATABASE_URL: env.databaseUrl,
    REDIS_URL: env.redisUrl,
    ENCRYPTION_KEYS: env.encryptionKeys,
    ...settings,
  });
  let rounds = 0;
  const pulse = { round: () => void (rounds += 1) } as never;
  await env.sql("DELETE FROM maintenance_leases");
  const pruner = createPruner(
    { holder: "test", retention: retentionOf(config) },
    { database: env.database, logger: env.logger, pulse },
  );
  await pruner.start();
  await until("it went round", async () => rounds > 0);
  await pruner.stop();
}

async function left(): Promise<{ posts: number; events: number; answers: number }> {
  const [row] = await env.sql<{ posts: number; events: number; answers: number }>(
    `SELECT (SELECT count(*)::int FROM posts) AS posts, (SELECT count(*)::int FROM events) AS events,
            (SELECT count(*)::int FROM idempotency_records) AS answers`,
  );
  return row ?? { posts: 0, events: 0, answers: 0 };
}

test("each thing is kept for as long as is set, and no longer", async () => {
  const [id] = await insertTestPosts(env, tenant, 1, {});
  await env.sql("UPDATE posts SET status = 'published', published_at = app_now(), updated_at = app_now()");
  await env.sql("DELETE FROM events");
  await env.sql(
    `INSERT INTO events (company_id, post_id, social_account_id, type, data, created_at)
     VALUES ($1, $2, $3, 'post.published', '{}', app_now())`,
    [tenant.companyId, id, tenant.socialAccountId],
  );
  await env.sql(
    `INSERT INTO idempotency_records (company_id, path, key, request_hash, post_ids, status_code, response, created_at)
     VALUES ($1, '/v1/posts', 'once', sha256('body'), $2, 201, '{}', app_now())`,
    [tenant.companyId, [id]],
  );
  const settings = { KEEP_EVENTS_DAYS: "2", KEEP_IDEMPOTENCY_HOURS: "96", KEEP_POSTS_DAYS: "6" };
  await env.advanceClock(1.5 * dayMs);
  await round(settings);
  expect(await left()).toEqual({ posts: 1, events: 1, answers: 1 });
  for (const after of [
    { posts: 1, events: 0, answers: 1 },
    { posts: 1, events: 0, answers: 0 },
    { posts: 0, events: 0, answers: 0 },
  ]) {
    await env.advanceClock(2 * dayMs);
    if (after.answers === 1) {
      await round({ ...settings, KEEP_EVENTS_DAYS: "30" });
      expect((await left()).events, "a longer setting keeps it").toBe(1);
    }
    await round(settings);
    expect(await left()).toEqual(after);
  }
});

test("what was promised to clients cannot be set shorter", () => {
  expect(() =>
    readWorkerConfig({
      DATABASE_URL: env.databaseUrl,
      REDIS_URL: env.redisUrl,
      ENCRYPTION_KEYS: env.encryptionKeys,
      KEEP_IDEMPOTENCY_HOURS: "23",
      KEEP_EVENTS_DAYS: "0",
    }),
  ).toThrow(/KEEP_EVENTS_DAYS[^]*KEEP_IDEMPOTENCY_HOURS/);
});
