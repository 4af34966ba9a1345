import { randomUUID } from "node:crypto";
import { postStatuses, type PostStatus } from "@punctual/core";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { claiming, testLeaseMs } from "./claiming.fixture.ts";
import { enterSending, renewLease } from "./held-claim.ts";

const hourMs = 3_600_000;
const leaseMs = testLeaseMs;

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
});

const { claim, claimed, row, attempts } = claiming(() => env, "sending");

/** Puts a post into a state past the program, with all its constraints want. */
async function force(id: string, status: PostStatus): Promise<void> {
  await env.sql(
    `UPDATE posts SET status = $2,
       claim_token = CASE WHEN $2 = 'publishing' THEN gen_random_uuid() END,
       claimed_by = CASE WHEN $2 = 'publishing' THEN 'another' END,
       lease_until = CASE WHEN $2 = 'publishing' THEN app_now() + interval '20 seconds' END,
       held_reason = CASE WHEN $2 = 'held' THEN 'paused' END,
       published_at = CASE WHEN $2 = 'published' THEN app_now() END
     WHERE id = $1`,
    [id, status],
  );
}

describe("a post that is due", () => {
  test("is claimed with all that publishing needs", async () => {
    const id = await insertTestPost(env, tenant, { text: "Hello", maxAttempts: 7 });
    await env.sql(
      `UPDATE posts SET media = '[{"url": "https://example.com/a.jpg", "alt": "A"}]', link = 'https://example.com/',
         options = '{"a": 1}', metadata = '{"b": "2"}', request_id = 'req-1' WHERE id = $1`,
      [id],
    );
    const { scheduled_at: scheduledAt } = await row(id);
    expect(await claimed(id)).toMatchObject({
      id,
      platform: "webhook",
      socialAccountId: tenant.socialAccountId,
      revision: 1,
      text: "Hello",
      media: [{ url: "https://example.com/a.jpg", alt: "A" }],
      link: "https://example.com/",
      options: { a: 1 },
      metadata: { b: "2" },
      scheduledAt,
      firstSentAt: null,
      requestId: "req-1",
      attempt: 1,
      attemptsUsed: 1,
      maxAttempts: 7,
      outcomeOpen: false,
      checkpoint: null,
      account: { settings: {}, credentialsVersion: 1, sandbox: true },
    });
  });

  test("belongs to its claimer, under a lease, with an attempt that is said to be sending", async () => {
    const id = await insertTestPost(env, tenant);
    const claimToken = randomUUID();
    await claimed(id, { claimToken });
    const post = await row(id);
    expect(post).toMatchObject({ status: "publishing", claim_token: claimToken, claimed_by: "worker-1", attempts: 1 });
    expect(Number(post["lease_left_ms"])).toBeGreaterThan(0);
    expect(Number(post["lease_left_ms"])).toBeLessThanOrEqual(leaseMs);
    const [attempt, ...more] = await attempts(id);
    expect(more).toEqual([]);
    expect(attempt).toMatchObject({
      number: 1,
      revision: 1,
      claim_token: claimToken,
      worker: "worker-1",
      phase: "sending",
      outcome: null,
      ended_at: null,
    });
    expect(attempt?.["sent_at"]).toEqual(post["first_sent_at"]);
    expect(attempt?.["sent_at"]).toBeInstanceOf(Date);
  });

  test("is not said to be sending while it is prepared", async () => {
    const id = await insertTestPost(env, tenant);
    await claimed(id, { phase: "preparing" });
    expect(await row(id)).toMatchObject({ first_sent_at: null });
    expect(await attempts(id)).toMatchObject([{ phase: "preparing", sent_at: null }]);
  });

  test("is claimed by exactly one of fifty at once", async () => {
    const id = await insertTestPost(env, tenant);
    const results = await Promise.all(Array.from({ length: 50 }, () => claim(id)));
    expect(results.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === "not_claimable")).toHaveLength(49);
    expect(await attempts(id)).toHaveLength(1);
    expect(await row(id)).toMatchObject({ attempts: 1, attempts_used: 1 });
  });
});

describe("a post that is not due", () => {
  test("is never claimed early, and the answer says how long is left and for which generation", async () => {
    const id = await insertTestPost(env, tenant, { dueInMs: 2 * hourMs });
    await env.sql("UPDATE posts SET generation = 4 WHERE id = $1", [id]);
    await env.advanceClock(hourMs);
    const early = await claim(id);
    expect(early).toMatchObject({ kind: "not_due", generation: 4 });
    const dueInMs = early.kind === "not_due" ? early.dueInMs : 0;
    expect(dueInMs).toBeGreaterThan(0);
    expect(dueInMs).toBeLessThanOrEqual(hourMs);
    expect(await row(id)).toMatchObject({ status: "scheduled", attempts: 0 });
    await env.advanceClock(dueInMs);
    expect(await claim(id)).toMatchObject({ kind: "claimed" });
  });

  test("waits for its next attempt, not for its instant", async () => {
    const id = await insertTestPost(env, tenant);
    await force(id, "retrying");
    await env.sql("UPDATE posts SET next_attempt_at = app_now() + interval '1 hour' WHERE id = $1", [id]);
    expect(await claim(id)).toMatchObject({ kind: "not_due" });
    await env.advanceClock(hourMs);
    expect(await claim(id)).toMatchObject({ kind: "claimed" });
  });
});

describe("nothing is claimed", () => {
  test.each([0, 2, 3])("under revision %i, if the post is at another", async (revision) => {
    const id = await insertTestPost(env, tenant);
    await env.sql("UPDATE posts SET revision = 4 WHERE id = $1", [id]);
    expect(await claim(id, { revision })).toEqual({ kind: "not_claimable", status: "scheduled" });
    expect(await claim(id, { revision: 4 })).toMatchObject({ kind: "claimed", post: { revision: 4 } });
  });

  test("of a post that does not exist", async () => {
    expect(await claim(randomUUID())).toEqual({ kind: "not_claimable", status: null });
  });

  test.each(postStatuses.filter((status) => status !== "scheduled" && status !== "retrying"))(
    "of a post that is %s",
    async (status) => {
      const id = await insertTestPost(env, tenant);
      await force(id, status);
      const before = await row(id);
      expect(await claim(id)).toEqual({ kind: "not_claimable", status });
      const after = await row(id);
      expect({ ...after, lease_left_ms: 0 }).toEqual({ ...before, lease_left_ms: 0 });
      expect(await attempts(id)).toEqual([]);
    },
  );

  test.each([
    ["paused", "paused = true"],
    ["to be reconnected", "status = 'needs_reconnect'"],
  ])("while the account is %s", async (_what, change) => {
    const id = await insertTestPost(env, tenant);
    await env.sql(`UPDATE social_accounts SET ${change} WHERE id = $1`, [tenant.socialAccountId]);
    expect(await claim(id)).toEqual({ kind: "account_closed", socialAccountId: tenant.socialAccountId });
    expect(await row(id)).toMatchObject({ status: "scheduled", attempts: 0 });
  });

  test("once the grace is over, unless it is to go out anyway", async () => {
    const missed = await insertTestPost(env, tenant, { dueInMs: -hourMs, graceMinutes: 59 });
    const late = await insertTestPost(env, tenant, { dueInMs: -hourMs, graceMinutes: 59, whenLate: "publish" });
    const inTime = await insertTestPost(env, tenant, { dueInMs: -hourMs, graceMinutes: 61 });
    expect(await claim(missed)).toEqual({ kind: "not_claimable", status: "scheduled" });
    expect(await claim(late)).toMatchObject({ kind: "claimed" });
    expect(await claim(inTime)).toMatchObject({ kind: "claimed" });
  });
});

describe("a post whose outcome is open", () => {
  test("is claimed also after its grace, and stays open until that is settled", async () => {
    const id = await insertTestPost(env, tenant, { dueInMs: -hourMs, graceMinutes: 1 });
    await env.sql("UPDATE posts SET status = 'retrying', outcome_open = true WHERE id = $1", [id]);
    expect(await claimed(id)).toMatchObject({ outcomeOpen: true });
    expect(await row(id)).toMatchObject({ outcome_open: true });
  });

  test("keeps the instant of its first send, from which an idempotency key lives", async () => {
    const id = await insertTestPost(env, tenant);
    expect(await claimed(id)).toMatchObject({ firstSentAt: null });
    const { first_sent_at: firstSentAt } = await row(id);
    await force(id, "retrying");
    await env.advanceClock(hourMs);
    expect(await claimed(id)).toMatchObject({ firstSentAt, attempt: 2, attemptsUsed: 2 });
    expect(await row(id)).toMatchObject({ first_sent_at: firstSentAt });
  });

  test("is known to be open, even if that changed while the claim waited for the row", async () => {
    const id = await insertTestPost(env, tenant);
    const blocked = await env.database.prisma.$transaction(async (transaction) => {
      await transaction.$queryRaw`SELECT id FROM posts WHERE id = ${id}::uuid FOR UPDATE`;
      const claiming = claim(id);
      const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      await until("the claim to wait for the row", async () => (await env.sql(waiting)).length > 0);
      await transaction.$executeRaw`
        UPDATE posts SET status = 'retrying', outcome_open = true, first_sent_at = app_now() - interval '1 hour',
               checkpoint = '{"container": "c-1"}' WHERE id = ${id}::uuid`;
      return { claiming };
    });
    const result = await blocked.claiming;
    expect(result).toMatchObject({
      kind: "claimed",
      post: { outcomeOpen: true, firstSentAt: expect.any(Date) as Date, checkpoint: { container: "c-1" } },
    });
  });
});

describe("a claim that prepares", () => {
  test("is renewed only by who holds it", async () => {
    const id = await insertTestPost(env, tenant);
    const claimToken = randomUUID();
    await claimed(id, { claimToken, phase: "preparing", leaseMs: 10_000 });
    expect(await renewLease(env.database, { postId: id, claimToken, leaseMs: hourMs })).toBe(true);
    expect(Number((await row(id))["lease_left_ms"])).toBeGreaterThan(10_000);
    expect(await renewLease(env.database, { postId: id, claimToken: randomUUID(), leaseMs: hourMs })).toBe(false);
    await force(id, "retrying");
    expect(await renewLease(env.database, { postId: id, claimToken, leaseMs: hourMs })).toBe(false);
  });

  test("enters sending with a lease of its own, and keeps what was prepared", async () => {
    const id = await insertTestPost(env, tenant);
    const claimToken = randomUUID();
    await claimed(id, { claimToken, phase: "preparing", leaseMs: 10_000 });
    const checkpoint = { container: "c-1" };
    expect(await enterSending(env.database, { postId: id, claimToken, leaseMs: hourMs, checkpoint })).toBe(true);
    expect(await row(id)).toMatchObject({ checkpoint, first_sent_at: expect.any(Date) as Date });
    expect(Number((await row(id))["lease_left_ms"])).toBeGreaterThan(10_000);
    expect(await attempts(id)).toMatchObject([{ phase: "sending", sent_at: expect.any(Date) as Date }]);
  });

  test.each([
    ["its lease is over", () => env.advanceClock(10_001)],
    ["another took the post", (id: string) => force(id, "publishing")],
    ["the post was settled by another", (id: string) => force(id, "unconfirmed")],
  ])("sends nothing once %s", async (_what, change) => {
    const id = await insertTestPost(env, tenant);
    const claimToken = randomUUID();
    await claimed(id, { claimToken, phase: "preparing", leaseMs: 10_000 });
    await change(id);
    expect(await enterSending(env.database, { postId: id, claimToken, leaseMs, checkpoint: null })).toBe(false);
    expect(await attempts(id)).toMatchObject([{ phase: "preparing", sent_at: null }]);
    expect(await row(id)).toMatchObject({ first_sent_at: null });
  });
});
