import {
  createTestEnvironment,
  insertTestPost,
  insertTestPosts,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addUpPostCounts, readPostCounts, recountPosts } from "./post-counts.ts";

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
  tenant = await env.createTenant();
});
afterAll(() => env.close());

const exact = () =>
  env.sql<{ platform: string; status: string; count: number }>(
    "SELECT platform, status, count(*)::integer AS count FROM posts GROUP BY 1, 2 ORDER BY 1, 2",
  );

test("posts are counted through every change, before and after the notes are added up", async () => {
  await insertTestPosts(env, tenant, 50);
  await insertTestPosts(env, tenant, 5, { platform: "facebook" });
  const id = await insertTestPost(env, tenant);
  await env.sql("UPDATE posts SET status = 'cancelled' WHERE id = $1", [id]);
  await env.sql("UPDATE posts SET status = 'held', held_reason = 'paused' WHERE platform = 'facebook'");
  // No change of state, so nothing to note.
  await env.sql("UPDATE posts SET enqueued_rev = 1");
  expect(await readPostCounts(env.database)).toEqual(await exact());
  expect(await addUpPostCounts(env.database, 3)).toBe(3);
  expect(await readPostCounts(env.database)).toEqual(await exact());
  while ((await addUpPostCounts(env.database, 100)) > 0);
  expect(await readPostCounts(env.database)).toEqual(await exact());
  await env.sql("DELETE FROM posts WHERE platform = 'facebook'");
  expect(await readPostCounts(env.database)).toEqual([
    { platform: "webhook", status: "cancelled", count: 1 },
    { platform: "webhook", status: "scheduled", count: 50 },
  ]);
});

test("a statement leaves a note for each state that more or fewer posts are in then, however many it changes", async () => {
  await insertTestPosts(env, tenant, 40);
  const added = async () => {
    let count = 0;
    for (let some = -1; some !== 0; count += some) some = await addUpPostCounts(env.database, 1_000);
    return count;
  };
  await added();
  await env.sql("UPDATE posts SET status = 'missed' WHERE status = 'scheduled'");
  expect(await added()).toBe(2);
  expect(await readPostCounts(env.database)).toEqual(await exact());
  await env.sql("UPDATE posts SET status = 'scheduled' WHERE status = 'missed'");
  await added();
});

test("a change that is rolled back was never counted", async () => {
  const before = await readPostCounts(env.database);
  const broken = env.database.prisma.$transaction(async (transaction) => {
    await transaction.$executeRaw`UPDATE posts SET status = 'missed' WHERE status = 'scheduled'`;
    throw new Error("broken off");
  });
  await expect(broken).rejects.toThrow("broken off");
  expect(await readPostCounts(env.database)).toEqual(before);
});

test("many changes and several who add them up at once lose none", async () => {
  const ids = await insertTestPosts(env, tenant, 200);
  const changes = ids.map((id) => env.sql("UPDATE posts SET status = 'missed' WHERE id = $1", [id]));
  const adding = Array.from({ length: 20 }, () => addUpPostCounts(env.database, 15));
  await Promise.all([...changes, ...adding]);
  expect(await readPostCounts(env.database)).toEqual(await exact());
});

test("what was changed past the triggers is found and put right by counting", async () => {
  await env.sql(
    `BEGIN; SET LOCAL session_replication_role = replica; UPDATE posts SET status = 'failed' WHERE status = 'missed'; COMMIT`,
  );
  expect(await readPostCounts(env.database)).not.toEqual(await exact());
  expect(await recountPosts(env.database)).toBe(400);
  expect(await readPostCounts(env.database)).toEqual(await exact());
  expect(await recountPosts(env.database)).toBe(0);
});
