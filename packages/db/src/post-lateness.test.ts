import { randomUUID } from "node:crypto";
import {
  createTestEnvironment,
  insertTestPost,
  insertTestPosts,
  type TestEnvironment,
  type TestPostOptions,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readInstallationFigures } from "./installation-figures.ts";
import { claimPost } from "./post-claim.ts";
import { markLatePosts } from "./post-lateness.ts";
import { attemptEnd, recordSettlement } from "./post-settlement.ts";

const limit = 100;
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

const overdue = (changes: TestPostOptions = {}) =>
  insertTestPost(env, tenant, { dueInMs: -hourMs, graceMinutes: 59, ...changes });

async function row(id: string): Promise<Record<string, unknown>> {
  const [found] = await env.sql<Record<string, unknown>>("SELECT * FROM posts WHERE id = $1", [id]);
  if (found === undefined) throw new Error("there is no such post");
  return found;
}

const events = (id: string) =>
  env.sql<{ type: string; data: unknown }>("SELECT type, data FROM events WHERE post_id = $1 ORDER BY sequence", [id]);

describe("once its grace is over, a post", () => {
  test("is missed, and told so with the instant it missed", async () => {
    const id = await overdue();
    expect(await markLatePosts(env.database, limit)).toBe(1);
    const { status, scheduled_at: scheduledAt } = await row(id);
    expect(status).toBe("missed");
    const data = {
      status: "missed",
      revision: 1,
      reason: "grace_over",
      scheduledAt: (scheduledAt as Date).toISOString(),
    };
    expect(await events(id)).toEqual([{ type: "post.missed", data }]);
    expect(await markLatePosts(env.database, limit)).toBe(0);
  });

  test("counts as missed today, however long nobody was there to find out", async () => {
    await overdue({ dueInMs: -72 * hourMs });
    await markLatePosts(env.database, limit);
    const missed = async () => (await readInstallationFigures(env.database, { horizonMs: null })).missed24h;
    expect(await missed()).toBe(1);
    await env.sql("UPDATE posts SET updated_at = app_now() - interval '25 hours'");
    expect(await missed()).toBe(0);
  });

  test("is missed also while it waits for its next attempt, or is held", async () => {
    const [retrying, held] = [await overdue(), await overdue()];
    const nextAttempt = "next_attempt_at = app_now() + interval '1 day'";
    await env.sql(`UPDATE posts SET status = 'retrying', ${nextAttempt} WHERE id = $1`, [retrying]);
    await env.sql("UPDATE posts SET status = 'held', held_reason = 'paused' WHERE id = $1", [held]);
    expect(await markLatePosts(env.database, limit)).toBe(2);
    expect(await row(retrying)).toMatchObject({ status: "missed" });
    expect(await row(held)).toMatchObject({ status: "missed", held_reason: null });
  });

  test("that is to go out anyway is reported as at risk, once, and goes on waiting", async () => {
    const id = await overdue({ whenLate: "publish" });
    expect(await markLatePosts(env.database, limit)).toBe(1);
    expect(await markLatePosts(env.database, limit)).toBe(0);
    expect(await row(id)).toMatchObject({ status: "scheduled", at_risk_at: expect.any(Date) as Date });
    expect((await events(id)).map(({ type }) => type)).toEqual(["post.at_risk"]);
  });

  test("is left alone if its outcome is open: it may be out already", async () => {
    const id = await overdue();
    await env.sql("UPDATE posts SET status = 'retrying', outcome_open = true WHERE id = $1", [id]);
    expect(await markLatePosts(env.database, limit)).toBe(0);
    expect(await row(id)).toMatchObject({ status: "retrying" });
  });

  test.each(["publishing", "unconfirmed", "published", "failed", "cancelled"])(
    "is left alone if it is %s",
    async (status) => {
      const id = await overdue();
      await env.sql(
        `UPDATE posts SET status = $2, published_at = CASE WHEN $2 = 'published' THEN app_now() END,
         claim_token = CASE WHEN $2 = 'publishing' THEN gen_random_uuid() END,
         claimed_by = CASE WHEN $2 = 'publishing' THEN 'worker-1' END,
         lease_until = CASE WHEN $2 = 'publishing' THEN app_now() END WHERE id = $1`,
        [id, status],
      );
      expect(await markLatePosts(env.database, limit)).toBe(0);
      expect(await row(id)).toMatchObject({ status });
    },
  );
});

test("a post within its grace is not late yet", async () => {
  const id = await overdue({ graceMinutes: 120 });
  expect(await markLatePosts(env.database, limit)).toBe(0);
  await env.advanceClock(hourMs);
  expect(await markLatePosts(env.database, limit)).toBe(1);
  expect(await row(id)).toMatchObject({ status: "missed" });
});

test("many are marked a batch at a time, by any number of workers, each once", async () => {
  await insertTestPosts(env, tenant, 250, { dueInMs: -hourMs, graceMinutes: 1 });
  const counts: number[] = [];
  while (counts.length === 0 || counts.slice(-3).some((count) => count > 0)) {
    counts.push(...(await Promise.all([1, 2, 3].map(() => markLatePosts(env.database, limit)))));
  }
  expect(Math.max(...counts)).toBeLessThanOrEqual(limit);
  expect(counts.reduce((sum, count) => sum + count)).toBe(250);
  const [told] = await env.sql("SELECT count(DISTINCT post_id)::int AS posts, count(*)::int AS events FROM events");
  expect(told).toEqual({ posts: 250, events: 250 });
});

describe("how late a post was", () => {
  const published = { kind: "published" } as const;
  const failure = { category: "platform", code: "http_503", message: "no" } as const;
  const refused = { kind: "retry", ...failure } as const;

  async function claim(postId: string): Promise<{ postId: string; claimToken: string }> {
    const claimToken = randomUUID();
    const request = { postId, revision: 1, claimToken, worker: "worker-1", phase: "sending", leaseMs: 20_000 } as const;
    expect(await claimPost(env.database, request)).toMatchObject({ kind: "claimed" });
    return { postId, claimToken };
  }

  async function sentAt(id: string): Promise<number> {
    const [last] = await env.sql<{ at: Date }>(
      "SELECT sent_at AS at FROM attempts WHERE post_id = $1 ORDER BY number DESC LIMIT 1",
      [id],
    );
    return Number(last?.at);
  }

  function publish(claimed: { postId: string; claimToken: string }): Promise<boolean> {
    const settlement = { status: "published", published } as const;
    return recordSettlement(env.database, { ...claimed, settlement, attempt: attemptEnd(published), needsJob: false });
  }

  test("counts from its instant to the start of the send that worked", async () => {
    const id = await insertTestPost(env, tenant);
    const first = await claim(id);
    await recordSettlement(env.database, {
      ...first,
      settlement: { status: "retrying", delayMs: 0, outcomeOpen: false, counts: true, failure },
      attempt: attemptEnd(refused),
      needsJob: false,
    });
    await env.advanceClock(hourMs);
    const second = await claim(id);
    // The answer takes its time: that is not lateness.
    await env.advanceClock(hourMs);
    await publish(second);
    const { lateness_ms: latenessMs, scheduled_at: scheduledAt } = await row(id);
    expect(latenessMs).toBe((await sentAt(id)) - Number(scheduledAt));
    expect(latenessMs).toBeGreaterThanOrEqual(hourMs);
    expect(latenessMs).toBeLessThan(2 * hourMs);
  });

  test("counts from its acceptance if the instant had passed by then", async () => {
    const id = await insertTestPost(env, tenant, { dueInMs: -hourMs });
    await publish(await claim(id));
    const { lateness_ms: latenessMs, accepted_at: acceptedAt } = await row(id);
    expect(latenessMs).toBe((await sentAt(id)) - Number(acceptedAt));
    expect(latenessMs).toBeLessThan(hourMs);
  });
});
