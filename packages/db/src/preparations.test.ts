/** What is to be prepared ahead stops being due once nobody will prepare it. */
import { createTestEnvironment, insertTestPost, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lookOut } from "./outlook.ts";
import { dropPreparations } from "./preparations.ts";

const hourMs = 3_600_000;

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
  tenant = await env.createTenant();
});
afterAll(() => env.close());

test("what was cancelled, edited or is past its instant is dropped; what waits, or will wait again, stays", async () => {
  const overdue = async (change: string, dueForSeconds = 60) => {
    const id = await insertTestPost(env, tenant, { dueInMs: hourMs });
    await env.sql(
      `INSERT INTO preparations (post_id, platform, revision, next_attempt_at)
       VALUES ($1, 'webhook', 1, app_now() - $2 * interval '1 second')`,
      [id, dueForSeconds],
    );
    await env.sql(`UPDATE posts SET ${change} WHERE id = $1`, [id]);
    return id;
  };
  const cancelled = await overdue("status = 'cancelled'");
  const edited = await overdue("revision = 2");
  const past = await overdue("next_attempt_at = app_now()");
  const waiting = await overdue("id = id");
  const held = await overdue("status = 'held', held_reason = 'paused'");
  const justDue = await overdue("status = 'cancelled'", 5);
  expect((await lookOut(env.database, { platforms: ["webhook"] })).preparationsInMs["webhook"]).toBeLessThan(-50_000);

  expect(await dropPreparations(env.database, { overdueMs: 20_000, limit: 100 })).toBe(3);
  const rows = await env.sql<{ id: string; due: boolean }>(
    "SELECT post_id AS id, next_attempt_at IS NOT NULL AS due FROM preparations",
  );
  expect(new Map(rows.map(({ id, due }) => [id, due]))).toEqual(
    new Map([
      [cancelled, false],
      [edited, false],
      [past, false],
      [waiting, true],
      [held, true],
      [justDue, true],
    ]),
  );
});
