import { randomUUID } from "node:crypto";
import type { Outcome, Settlement } from "@punctual/core";
import { createTestEnvironment, insertTestPost, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { claimPost } from "./post-claim.ts";
import { attemptEnd, endLostAttempt, recordSettlement, type SettlementRecord } from "./post-settlement.ts";

const leaseMs = 20_000;
const failure = { category: "platform", code: "http_503", message: "the receiver answered 503" } as const;
const fault = { code: failure.code, message: failure.message, httpStatus: 503 };
const refused: Outcome = { kind: "retry", category: "platform", ...fault };
const published: Outcome = {
  kind: "published",
  httpStatus: 201,
  externalId: "r-1",
  externalUrl: "https://example.com/r-1",
};
const retrying: Settlement = { status: "retrying", delayMs: 7_000, outcomeOpen: false, counts: true, failure };

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
});

interface Claimed {
  id: string;
  token: string;
}

async function claimedPost(options: Parameters<typeof insertTestPost>[2] = {}): Promise<Claimed> {
  const id = await insertTestPost(env, tenant, { enqueued: true, ...options });
  return { id, token: await claim(id) };
}

async function claim(postId: string): Promise<string> {
  const claimToken = randomUUID();
  const result = await claimPost(env.database, {
    postId,
    revision: 1,
    claimToken,
    worker: "worker-1",
    phase: "sending",
    leaseMs,
  });
  expect(result.kind).toBe("claimed");
  return claimToken;
}

function record(
  { id, token }: Claimed,
  settlement: Settlement,
  outcome: Outcome,
  changes: Partial<SettlementRecord> = {},
): Promise<boolean> {
  return recordSettlement(env.database, {
    postId: id,
    claimToken: token,
    settlement,
    attempt: attemptEnd(outcome),
    needsJob: false,
    ...changes,
  });
}

async function row(id: string): Promise<Record<string, unknown>> {
  const [found] = await env.sql<Record<string, unknown>>(
    "SELECT *, extract(epoch FROM next_attempt_at - updated_at) * 1000 AS wait_ms FROM posts WHERE id = $1",
    [id],
  );
  if (found === undefined) throw new Error("there is no such post");
  return found;
}

const attempts = (id: string) =>
  env.sql<Record<string, unknown>>("SELECT * FROM attempts WHERE post_id = $1 ORDER BY number", [id]);
const events = (id: string) =>
  env.sql<{ type: string; data: Record<string, unknown>; request_id: string | null }>(
    "SELECT type, data, request_id FROM events WHERE post_id = $1 ORDER BY sequence",
    [id],
  );

describe("a settlement", () => {
  test("published ends the post with what the platform said of it", async () => {
    const post = await claimedPost();
    expect(await record(post, { status: "published", published }, published)).toBe(true);
    const found = await row(post.id);
    expect(found).toMatchObject({
      status: "published",
      external_id: "r-1",
      external_url: "https://example.com/r-1",
      claim_token: null,
      claimed_by: null,
      lease_until: null,
      failure_category: null,
    });
    expect(found["published_at"]).toEqual(found["updated_at"]);
    expect(await attempts(post.id)).toMatchObject([
      { outcome: "published", category: null, code: null, http_status: 201, external_id: "r-1" },
    ]);
    const [event] = await events(post.id);
    expect(event).toMatchObject({
      type: "post.published",
      data: { status: "published", revision: 1, attempt: 1, externalId: "r-1", externalUrl: "https://example.com/r-1" },
    });
  });

  test("retrying sets the next attempt from the moment it is recorded, with the reason", async () => {
    const post = await claimedPost();
    expect(await record(post, retrying, refused)).toBe(true);
    const found = await row(post.id);
    expect(found).toMatchObject({
      status: "retrying",
      outcome_open: false,
      attempts: 1,
      attempts_used: 1,
      generation: 0,
      enqueued_rev: 1,
      failure_category: "platform",
      failure_code: "http_503",
      failure_message: "the receiver answered 503",
      claim_token: null,
    });
    expect(Number(found["wait_ms"])).toBe(7_000);
    expect(await attempts(post.id)).toMatchObject([
      {
        outcome: "retry",
        category: "platform",
        code: "http_503",
        http_status: 503,
        ended_at: expect.any(Date) as Date,
      },
    ]);
    const nextAttemptAt = (found["next_attempt_at"] as Date).toISOString();
    expect(await events(post.id)).toMatchObject([
      { type: "post.retrying", data: { status: "retrying", outcomeOpen: false, nextAttemptAt, failure } },
    ]);
  });

  test("that does not count gives the attempt back to the budget, and the numbers go on", async () => {
    const post = await claimedPost();
    await record(post, { ...retrying, counts: false, delayMs: 0 }, { kind: "wait", waitMs: 0, ...fault });
    expect(await row(post.id)).toMatchObject({ attempts: 1, attempts_used: 0 });
    await claim(post.id);
    expect(await row(post.id)).toMatchObject({ attempts: 2, attempts_used: 1 });
    expect(await attempts(post.id)).toMatchObject([{ outcome: "wait", category: "rate_limited" }, { outcome: null }]);
  });

  test("with an open outcome says so until the next one settles it", async () => {
    const post = await claimedPost();
    const unknown: Outcome = { kind: "unknown", ...fault };
    await record(post, { ...retrying, outcomeOpen: true, delayMs: 0 }, unknown);
    expect(await row(post.id)).toMatchObject({ status: "retrying", outcome_open: true });
    const again = { id: post.id, token: await claim(post.id) };
    await record(again, { status: "published", published }, published);
    expect(await row(post.id)).toMatchObject({ status: "published", outcome_open: false, failure_code: null });
  });

  test("failed ends the post with the reason", async () => {
    const post = await claimedPost();
    await record(post, { status: "failed", failure }, refused);
    const found = await row(post.id);
    expect(found).toMatchObject({ status: "failed", failure_code: "http_503" });
    expect(found["failed_at"]).toEqual(found["updated_at"]);
    expect(await events(post.id)).toMatchObject([{ type: "post.failed", data: { failure } }]);
  });

  test("unconfirmed leaves the post to be looked up", async () => {
    const post = await claimedPost();
    await record(post, { status: "unconfirmed", failure }, { kind: "unknown", ...fault });
    const found = await row(post.id);
    expect(found).toMatchObject({ status: "unconfirmed", confirm_count: 0 });
    expect(Number(found["confirm_at"]) - Number(found["unconfirmed_at"])).toBeGreaterThan(0);
    expect(await events(post.id)).toMatchObject([{ type: "post.unconfirmed" }]);
  });

  test("held takes the account along, if it still has the credentials that were refused", async () => {
    const held: Settlement = { status: "held", outcomeOpen: false, credentialsVersion: 1, failure };
    const post = await claimedPost();
    await record(post, held, { kind: "reconnect", category: "auth", credentialsVersion: 1, ...fault });
    expect(await row(post.id)).toMatchObject({ status: "held", held_reason: "needs_reconnect" });
    expect(await events(post.id)).toMatchObject([{ type: "post.held", data: { heldReason: "needs_reconnect" } }]);
    const accountStatus = "SELECT status FROM social_accounts WHERE id = $1";
    const told = "SELECT data FROM events WHERE social_account_id = $1 AND type = 'account.needs_reconnect'";
    expect(await env.sql(accountStatus, [tenant.socialAccountId])).toEqual([{ status: "needs_reconnect" }]);
    expect(await env.sql(told, [tenant.socialAccountId])).toEqual([{ data: { credentialsVersion: 1 } }]);
  });

  test("held leaves an account alone that has newer credentials by now", async () => {
    const post = await claimedPost();
    await env.sql("UPDATE social_accounts SET credentials_version = 2 WHERE id = $1", [tenant.socialAccountId]);
    const held: Settlement = { status: "held", outcomeOpen: false, credentialsVersion: 1, failure };
    await record(post, held, { kind: "reconnect", category: "auth", credentialsVersion: 1, ...fault });
    const [account] = await env.sql("SELECT status FROM social_accounts WHERE id = $1", [tenant.socialAccountId]);
    expect(account).toEqual({ status: "active" });
  });

  test("asks for a new job where none will bring the post back", async () => {
    const post = await claimedPost();
    await record(post, retrying, refused, { needsJob: true });
    expect(await row(post.id)).toMatchObject({ generation: 1, enqueued_rev: 0 });
  });

  test("names the API request that accepted the post in its event", async () => {
    const post = await claimedPost();
    await env.sql("UPDATE posts SET request_id = 'req-1' WHERE id = $1", [post.id]);
    await record(post, retrying, refused);
    expect(await events(post.id)).toMatchObject([{ request_id: "req-1" }]);
  });
});

describe("only the claim's holder settles", () => {
  test("another's token changes nothing and says so", async () => {
    const post = await claimedPost();
    const before = await row(post.id);
    expect(await record({ ...post, token: randomUUID() }, { status: "failed", failure }, refused)).toBe(false);
    expect(await row(post.id)).toEqual(before);
    expect(await attempts(post.id)).toMatchObject([{ outcome: null }]);
    expect(await events(post.id)).toEqual([]);
  });

  test("a holder who was rescued meanwhile comes too late, also if the post was claimed again", async () => {
    const post = await claimedPost();
    await env.advanceClock(leaseMs + 1);
    await record(post, { ...retrying, delayMs: 0 }, { kind: "unknown", ...fault }, { onlyAfterLease: true });
    expect(await record(post, { status: "failed", failure }, refused)).toBe(false);
    await claim(post.id);
    expect(await record(post, { status: "failed", failure }, refused)).toBe(false);
    expect(await row(post.id)).toMatchObject({ status: "publishing" });
    expect(await attempts(post.id)).toMatchObject([{ outcome: "unknown" }, { outcome: null }]);
  });

  test("of many who settle at once exactly one does", async () => {
    const post = await claimedPost();
    const results = await Promise.all(Array.from({ length: 20 }, () => record(post, retrying, refused)));
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await events(post.id)).toHaveLength(1);
  });

  test("a rescuer waits for the end of the lease", async () => {
    const post = await claimedPost();
    const rescue = () =>
      record(post, retrying, { kind: "unknown", ...fault }, { onlyAfterLease: true, needsJob: true });
    expect(await rescue()).toBe(false);
    await env.advanceClock(leaseMs + 1);
    expect(await rescue()).toBe(true);
    expect(await rescue()).toBe(false);
    expect(await row(post.id)).toMatchObject({ status: "retrying", generation: 1, enqueued_rev: 0 });
  });
});

test("an attempt that lost its post still tells what it came to, unless that is known already", async () => {
  const post = await claimedPost();
  await env.sql(
    `UPDATE posts SET status = 'cancelled', claim_token = NULL, claimed_by = NULL, lease_until = NULL WHERE id = $1`,
    [post.id],
  );
  const end = (outcome: Outcome) =>
    endLostAttempt(env.database, { postId: post.id, claimToken: post.token, attempt: attemptEnd(outcome) });
  await end(refused);
  await end({ kind: "rejected", category: "rejected", code: "http_410", message: "gone" });
  expect(await attempts(post.id)).toMatchObject([{ outcome: "retry", code: "http_503", http_status: 503 }]);
  expect(await row(post.id)).toMatchObject({ status: "cancelled" });
});
