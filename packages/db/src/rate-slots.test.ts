/** Limits on a real database: taken with the claim, never more than allowed in any window, and no storm of retries. */
import { randomUUID } from "node:crypto";
import type { Outcome, RateLimit, Settlement } from "@punctual/core";
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
import { overduePosts } from "./post-backlog.ts";
import { returnClaim } from "./held-claim.ts";
import { claimPost, type ClaimedPost, type ClaimResult } from "./post-claim.ts";
import { attemptEnd, recordSettlement } from "./post-settlement.ts";
import { blockSends, giveLimitedPostsPlaces, makeRateSlots } from "./rate-slots.ts";

const hourMs = 3_600_000;
const perHour = (max: number, scope: RateLimit["scope"] = "account"): RateLimit => ({ scope, max, windowMs: hourMs });
const fault = { code: "http_429", message: "too many" };

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  for (const table of ["rate_slots", "rate_blocks", "attempts", "events", "posts"])
    await env.sql(`DELETE FROM ${table}`);
  tenant = await env.createTenant();
});

const tokens = new Map<string, string>();

async function claimOnce(postId: string, limits: RateLimit[]): Promise<ClaimResult> {
  const claimToken = randomUUID();
  const request = { postId, revision: 1, claimToken, worker: "w", phase: "sending", leaseMs: 20_000, limits } as const;
  const result = await claimPost(env.database, request);
  if (result.kind === "claimed") tokens.set(postId, claimToken);
  return result;
}

/** As the pipeline does it. */
async function claim(postId: string, limits: RateLimit[]): Promise<ClaimResult> {
  const first = await claimOnce(postId, limits);
  if (first.kind !== "limited" || !(await makeRateSlots(env.database, { postId, limits }))) return first;
  return claimOnce(postId, limits);
}

async function settle(postId: string, outcome: Outcome, settlement: Settlement): Promise<void> {
  const claimToken = tokens.get(postId) ?? "";
  const attempt = attemptEnd(outcome);
  expect(await recordSettlement(env.database, { postId, claimToken, settlement, attempt, needsJob: false })).toBe(true);
}

const published: Outcome = { kind: "published" };
const publish = (postId: string) =>
  settle(postId, published, { status: "published", published: { kind: "published" } });
const retrying = (category: "network" | "rate_limited"): Extract<Settlement, { status: "retrying" }> => ({
  status: "retrying",
  delayMs: 0,
  outcomeOpen: false,
  counts: false,
  failure: { category, ...fault },
});

const kinds = (results: readonly ClaimResult[]) =>
  Object.fromEntries(
    [...Map.groupBy(results, ({ kind }) => kind)].map(([kind, those]): [string, number] => [kind, those.length]),
  );
const row = async (id: string) =>
  (await env.sql<Record<string, unknown>>("SELECT * FROM posts WHERE id = $1", [id]))[0];

describe("a limit", () => {
  test("is never exceeded by claims at once, and says so only of those it stops", async () => {
    const ids = await insertTestPosts(env, tenant, 40, {});
    const results = await Promise.all(ids.map((id) => claim(id, [perHour(7)])));
    expect(kinds(results)).toEqual({ claimed: 7, limited: 33 });
    const [slots] = await env.sql("SELECT count(*)::int AS made, count(claim_token)::int AS used FROM rate_slots");
    expect(slots).toEqual({ made: 7, used: 7 });
    const [left] = await env.sql(
      "SELECT count(*)::int AS count FROM posts WHERE status = 'scheduled' AND attempts = 0",
    );
    expect(left).toEqual({ count: 33 });
    const [attempts] = await env.sql("SELECT count(*)::int AS count FROM attempts WHERE post_id = ANY ($1)", [ids]);
    expect(attempts).toEqual({ count: 7 });
  });

  test("counts a window from the end of each send, in any stretch of time", async () => {
    const ids = await insertTestPosts(env, tenant, 4, {});
    const [a, b, c, d] = ids as [string, string, string, string];
    const limits = [perHour(2)];
    await claim(a, limits);
    await env.advanceClock(60_000);
    await publish(a);
    await claim(b, limits);
    await publish(b);
    await env.advanceClock(hourMs - 1_000);
    expect((await claim(c, limits)).kind).toBe("limited");
    await env.advanceClock(1_000);
    expect((await claim(c, limits)).kind).toBe("claimed");
    expect((await claim(d, limits)).kind).toBe("claimed");
  });

  test("counts a window from the end of the lease where no answer came, since the send may still be on its way", async () => {
    const ids = await insertTestPosts(env, tenant, 3, {});
    const [lost, answered, next] = ids as [string, string, string];
    const limits = [perHour(2)];
    const unknown = { kind: "unknown", ...fault } as const;
    const unconfirmed: Settlement = { status: "unconfirmed", failure: { category: "unknown_outcome", ...fault } };
    await claim(lost, limits);
    await claim(answered, limits);
    await settle(lost, unknown, unconfirmed);
    await settle(answered, { ...unknown, httpStatus: 500 }, unconfirmed);
    const slots = await env.sql<{ inMs: number }>(
      `SELECT (extract(epoch FROM free_at - app_now()) * 1000)::float8 AS "inMs" FROM rate_slots ORDER BY free_at`,
    );
    // Of a lease of 20 s.
    expect(slots[0]?.inMs).toBeLessThanOrEqual(hourMs);
    expect(slots[1]?.inMs).toBeGreaterThan(hourMs + 10_000);
    expect(slots[1]?.inMs).toBeLessThanOrEqual(hourMs + 20_000);
    expect((await claim(next, limits)).kind).toBe("limited");
  });

  test("of one account does not concern another, one of the app concerns all but the sandbox's", async () => {
    const [second, real] = [await env.createTenant(), await env.createTenant({ sandbox: false })];
    const of = (owner: TestTenant) => insertTestPost(env, owner);
    expect((await claim(await of(tenant), [perHour(1)])).kind).toBe("claimed");
    expect((await claim(await of(tenant), [perHour(1)])).kind).toBe("limited");
    expect((await claim(await of(second), [perHour(1)])).kind).toBe("claimed");
    const both = [perHour(2), perHour(1, "app")];
    expect((await claim(await of(second), both)).kind).toBe("claimed");
    const third = await env.createTenant();
    expect((await claim(await of(third), both)).kind).toBe("limited");
    expect((await claim(await of(real), both)).kind).toBe("claimed");
    // A slot of one limit is not used up by what another limit stopped.
    const [unused] = await env.sql(
      "SELECT count(*)::int AS count FROM rate_slots WHERE subject = $1 AND free_at <= app_now()",
      [third.socialAccountId],
    );
    expect(unused).toEqual({ count: 2 });
  });

  test.each<[string, Outcome, Settlement, boolean]>([
    ["published", published, { status: "published", published: { kind: "published" } }, false],
    [
      "lost",
      { kind: "unknown", ...fault },
      { status: "unconfirmed", failure: { category: "unknown_outcome", ...fault } },
      false,
    ],
    ["that never left", { kind: "retry", category: "network", ...fault }, retrying("network"), true],
    ["turned away for a limit", { kind: "wait", waitMs: 0, ...fault }, retrying("rate_limited"), true],
  ])("is used up by a send that was %s: %#", async (_name, outcome, settlement, free) => {
    const [id, next] = [await insertTestPost(env, tenant), await insertTestPost(env, tenant)];
    await claim(id, [perHour(1)]);
    await settle(id, outcome, settlement);
    expect((await claim(next, [perHour(1)])).kind).toBe(free ? "claimed" : "limited");
  });

  test("gets its slot back from a claim that is given back, and from an attempt that is never settled", async () => {
    const [id, next] = [await insertTestPost(env, tenant), await insertTestPost(env, tenant)];
    await claim(id, [perHour(1)]);
    expect(await returnClaim(env.database, { postId: id, claimToken: tokens.get(id) ?? "" })).toBe(true);
    expect((await claim(next, [perHour(1)])).kind).toBe("claimed");
    await env.advanceClock(2 * hourMs);
    expect((await claim(id, [perHour(1)])).kind).toBe("claimed");
  });

  test("that a new version lowers is obeyed", async () => {
    const ids = await insertTestPosts(env, tenant, 8, {});
    for (const id of ids.slice(0, 4)) await claim(id, [perHour(4)]);
    for (const id of ids.slice(0, 4)) await publish(id);
    await env.advanceClock(2 * hourMs);
    const results = await Promise.all(ids.slice(4).map((id) => claim(id, [perHour(2)])));
    expect(kinds(results)).toEqual({ claimed: 2, limited: 2 });
  });
});

describe("posts that find no slot", () => {
  const limits = [perHour(50)];

  test("get their places at once, a thousand of them, each when its own slot comes free", async () => {
    const ids = await insertTestPosts(env, tenant, 1_000, { enqueued: true });
    const claims = await Promise.all(ids.slice(0, 60).map((id) => claim(id, limits)));
    expect(kinds(claims)).toEqual({ claimed: 50, limited: 10 });
    const limited = ids[claims.findIndex(({ kind }) => kind === "limited")] ?? "";
    const inMs = await giveLimitedPostsPlaces(env.database, { postId: limited, limits });
    expect(inMs).toBeGreaterThan(hourMs - 60_000);
    const hours = await env.sql<{ hours: number; posts: number }>(
      `SELECT round(extract(epoch FROM next_attempt_at - app_now()) / 3600)::int AS hours, count(*)::int AS posts
       FROM posts WHERE social_account_id = $1 AND status = 'scheduled' GROUP BY 1 ORDER BY 1`,
      [tenant.socialAccountId],
    );
    expect(hours).toEqual(Array.from({ length: 19 }, (_, index) => ({ hours: index + 1, posts: 50 })));
    // Each of their jobs asks once more and is told when to come; nothing counts as overdue or needs a new job.
    expect(await claimOnce(ids.at(-1) ?? "", limits)).toMatchObject({ kind: "not_due" });
    expect(await overduePosts(env.database, { platform: "webhook", overdueMs: 0, limit: 10 })).toEqual([]);
    const [told] = await env.sql(
      `SELECT count(*) FILTER (WHERE limited_until = next_attempt_at)::int AS limited, max(generation) AS generation,
              min(enqueued_rev) AS enqueued, sum(attempts)::int AS attempts FROM posts WHERE status = 'scheduled' AND social_account_id = $1`,
      [tenant.socialAccountId],
    );
    expect(told).toEqual({ limited: 950, generation: 0, enqueued: 1, attempts: 0 });
  });

  test("behind a wait that the platform told do not wait for slots that need only be made", async () => {
    const [first, second] = (await insertTestPosts(env, tenant, 2, {})) as [string, string];
    const many = [perHour(1_000)];
    await claim(first, many);
    // As after as many sends as slots were made.
    await env.sql("UPDATE rate_slots SET free_at = app_now() + interval '1 hour'");
    await blockSends(env.database, { postId: second, scope: "account", waitMs: 1_000 });
    expect((await claim(second, many)).kind).toBe("limited");
    const inMs = await giveLimitedPostsPlaces(env.database, { postId: second, limits: many });
    expect(inMs).toBeLessThanOrEqual(1_000);
    await env.advanceClock(2_000);
    expect((await claim(second, many)).kind).toBe("claimed");
  });

  test("stand behind those that wait already, and do not make another account's wait", async () => {
    const [first, second, third] = (await insertTestPosts(env, tenant, 3, {})) as [string, string, string];
    await claim(first, [perHour(1)]);
    await publish(first);
    await giveLimitedPostsPlaces(env.database, { postId: second, limits: [perHour(1)] });
    const later = await insertTestPost(env, tenant);
    const inMs = await giveLimitedPostsPlaces(env.database, { postId: later, limits: [perHour(1)] });
    expect(Math.round(inMs / hourMs)).toBe(3);
    expect(await row(third)).toMatchObject({ status: "scheduled", attempts: 0 });
    const other = await insertTestPost(env, await env.createTenant());
    expect((await claim(other, [perHour(1)])).kind).toBe("claimed");
  });

  test("while a claim looks at them keep their job: it asks again", async () => {
    const id = await insertTestPost(env, tenant);
    const other = new pg.Client({ connectionString: env.databaseUrl });
    await other.connect();
    try {
      await other.query("BEGIN");
      await other.query("UPDATE posts SET next_attempt_at = app_now() + interval '1 hour' WHERE id = $1", [id]);
      const claiming = claimOnce(id, limits);
      await until("the claim to wait for the post", async () => {
        const waiting = await env.sql(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        return waiting.length > 0;
      });
      await other.query("COMMIT");
      expect(await claiming).toEqual({ kind: "not_due", dueInMs: 100, generation: 0 });
    } finally {
      await other.end();
    }
  });

  test("that will be past their grace by then are at risk, told once", async () => {
    const [first, second] = [
      await insertTestPost(env, tenant),
      await insertTestPost(env, tenant, { graceMinutes: 30 }),
    ];
    await claim(first, [perHour(1)]);
    for (let round = 0; round < 2; round += 1) {
      await env.sql("UPDATE posts SET next_attempt_at = app_now() WHERE id = $1", [second]);
      await giveLimitedPostsPlaces(env.database, { postId: second, limits: [perHour(1)] });
    }
    const events = await env.sql<{ type: string; data: object }>("SELECT type, data FROM events WHERE post_id = $1", [
      second,
    ]);
    expect(events).toMatchObject([{ type: "post.at_risk", data: { reason: "limited", status: "scheduled" } }]);
  });
});

describe("a platform that says to wait", () => {
  test.each(["account", "app"] as const)("means the whole %s, and it is not asked before", async (blocks) => {
    const [id, other] = [await insertTestPost(env, tenant), await insertTestPost(env, tenant)];
    const neighbour: ClaimedPost | string = await insertTestPost(env, await env.createTenant());
    await claim(id, []);
    await settle(
      id,
      { kind: "wait", waitMs: 60_000, ...fault },
      { ...retrying("rate_limited"), delayMs: 60_000, blocks },
    );
    expect((await claim(other, [])).kind).toBe("limited");
    const inMs = await giveLimitedPostsPlaces(env.database, { postId: other, limits: [] });
    expect(inMs).toBeGreaterThan(50_000);
    expect((await claim(neighbour, [])).kind).toBe(blocks === "account" ? "claimed" : "not_due");
    expect(await row(id)).toMatchObject({ limited_until: (await row(id))?.["next_attempt_at"] });
    await env.advanceClock(61_000);
    expect((await claim(other, [])).kind).toBe("claimed");
  });
});
