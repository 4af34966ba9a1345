import {
  createTestEnvironment,
  insertTestPost,
  insertTestPosts,
  until,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { markEnqueued, unenqueuedPosts } from "./post-enqueue.ts";

const quietMs = 750;
const hourMs = 3_600_000;

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  await env.sql("TRUNCATE attempts, events, posts CASCADE");
  tenant = await env.createTenant();
});

const missing = async (limit = 100) =>
  (await unenqueuedPosts(env.database, { limit, quietMs })).map(({ postId }) => postId);

async function enqueuedRevision(id: string): Promise<number | undefined> {
  const [row] = await env.sql<{ enqueued_rev: number }>("SELECT enqueued_rev FROM posts WHERE id = $1", [id]);
  return row?.enqueued_rev;
}

describe("posts without a job", () => {
  test("are found with all their job needs, once they were left alone for a moment", async () => {
    const id = await insertTestPost(env, tenant, { dueInMs: hourMs, maxAttempts: 7 });
    await env.sql("UPDATE posts SET revision = 3, generation = 2, request_id = 'req-1' WHERE id = $1", [id]);
    await env.advanceClock(quietMs);
    const [row] = await env.sql<{ due: Date }>("SELECT next_attempt_at AS due FROM posts WHERE id = $1", [id]);
    expect(await unenqueuedPosts(env.database, { limit: 10, quietMs })).toEqual([
      {
        postId: id,
        platform: "webhook",
        revision: 3,
        generation: 2,
        dueAt: row?.due,
        maxAttempts: 7,
        requestId: "req-1",
      },
    ]);
  });

  test("are left to whoever has just changed them", async () => {
    await insertTestPost(env, tenant);
    expect(await unenqueuedPosts(env.database, { limit: 10, quietMs: hourMs })).toEqual([]);
    await env.advanceClock(hourMs);
    expect(await unenqueuedPosts(env.database, { limit: 10, quietMs: hourMs })).toHaveLength(1);
  });

  test("come soonest first, as many as are wanted", async () => {
    const late = await insertTestPost(env, tenant, { dueInMs: 3 * hourMs });
    const soon = await insertTestPost(env, tenant, { dueInMs: hourMs });
    const next = await insertTestPost(env, tenant, { dueInMs: 2 * hourMs });
    await env.advanceClock(quietMs);
    expect(await missing(2)).toEqual([soon, next]);
    expect(await missing()).toEqual([soon, next, late]);
  });

  test("are only those that wait", async () => {
    const ids = await insertTestPosts(env, tenant, 5);
    const [scheduled, retrying, held, cancelled, failed] = ids;
    await env.sql("UPDATE posts SET status = 'retrying' WHERE id = $1", [retrying]);
    await env.sql("UPDATE posts SET status = 'held', held_reason = 'paused' WHERE id = $1", [held]);
    await env.sql("UPDATE posts SET status = 'cancelled' WHERE id = $1", [cancelled]);
    await env.sql("UPDATE posts SET status = 'failed' WHERE id = $1", [failed]);
    await env.advanceClock(quietMs);
    expect(new Set(await missing())).toEqual(new Set([scheduled, retrying]));
  });

  test("are not those whose job is known, until a new revision needs one", async () => {
    const id = await insertTestPost(env, tenant, { enqueued: true });
    await env.advanceClock(quietMs);
    expect(await missing()).toEqual([]);
    await env.sql("UPDATE posts SET revision = 2 WHERE id = $1", [id]);
    expect(await missing()).toEqual([id]);
  });
});

describe("a note that Redis took a job", () => {
  test("is kept, for many at a time", async () => {
    const ids = await insertTestPosts(env, tenant, 200);
    await markEnqueued(
      env.database,
      ids.map((postId) => ({ postId, revision: 1, generation: 0 })),
    );
    await env.advanceClock(quietMs);
    expect(await missing()).toEqual([]);
  });

  test.each([
    ["an older revision", { revision: 1, generation: 2 }],
    ["an older generation", { revision: 2, generation: 1 }],
    ["a revision yet to come", { revision: 3, generation: 2 }],
    ["a generation yet to come", { revision: 2, generation: 3 }],
  ])("comes too late or too early for %s, and changes nothing", async (_what, job) => {
    const postId = await insertTestPost(env, tenant);
    await env.sql("UPDATE posts SET revision = 2, generation = 2 WHERE id = $1", [postId]);
    await markEnqueued(env.database, [{ postId, ...job }]);
    expect(await enqueuedRevision(postId)).toBe(0);
    await markEnqueued(env.database, [{ postId, revision: 2, generation: 2 }]);
    expect(await enqueuedRevision(postId)).toBe(2);
  });

  test("is no change of the post: nobody is told, and the moment of its last change stays", async () => {
    const id = await insertTestPost(env, tenant);
    const changed = "SELECT updated_at FROM posts WHERE id = $1";
    const before = await env.sql(changed, [id]);
    await env.advanceClock(hourMs);
    await markEnqueued(env.database, [{ postId: id, revision: 1, generation: 0 }]);
    expect(await env.sql(changed, [id])).toEqual(before);
    expect(await env.sql("SELECT FROM events WHERE post_id = $1", [id])).toEqual([]);
  });

  test("waits for nobody who is at one of the posts, and leaves that one to the stager", async () => {
    const ids = await insertTestPosts(env, tenant, 3);
    const [first, busy, last] = ids as [string, string, string];
    const other = new pg.Client({ connectionString: env.databaseUrl });
    await other.connect();
    try {
      await other.query("BEGIN");
      await other.query("UPDATE posts SET updated_at = updated_at WHERE id = $1", [busy]);
      const noting = markEnqueued(
        env.database,
        ids.map((postId) => ({ postId, revision: 1, generation: 0 })),
      );
      await until("the others are noted", async () => (await enqueuedRevision(last)) === 1);
      await noting;
    } finally {
      await other.end();
    }
    expect(await Promise.all([first, busy].map(enqueuedRevision))).toEqual([1, 0]);
  });

  test("of nothing is nothing", async () => {
    await expect(markEnqueued(env.database, [])).resolves.toBeUndefined();
  });
});
