import { randomUUID } from "node:crypto";
import { createTestEnvironment, insertTestPost, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { claimPost } from "./post-claim.ts";
import { strandedPosts } from "./post-leases.ts";

const leaseMs = 20_000;

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

async function claimed(
  phase: "preparing" | "sending" = "sending",
  lease = leaseMs,
): Promise<{ id: string; token: string }> {
  const id = await insertTestPost(env, tenant, { text: "Hello" });
  const claimToken = randomUUID();
  const request = { postId: id, revision: 1, claimToken, worker: "worker-1", phase, leaseMs: lease };
  expect(await claimPost(env.database, request)).toMatchObject({ kind: "claimed" });
  return { id, token: claimToken };
}

const stranded = async (limit = 10) => (await strandedPosts(env.database, limit)).map(({ id }) => id);

test("a post is stranded once its lease is over, and not a moment before", async () => {
  const { id } = await claimed("sending", 3_600_000);
  await env.advanceClock(3_500_000);
  expect(await stranded()).toEqual([]);
  await env.advanceClock(100_001);
  expect(await stranded()).toEqual([id]);
});

test.each(["preparing", "sending"] as const)("all that deciding needs is told of one left %s", async (phase) => {
  const { id, token } = await claimed(phase);
  await env.advanceClock(leaseMs + 1);
  const [post, ...more] = await strandedPosts(env.database, 10);
  expect(more).toEqual([]);
  expect(post).toMatchObject({
    id,
    claimToken: token,
    worker: "worker-1",
    phase,
    platform: "webhook",
    text: "Hello",
    attempt: 1,
    attemptsUsed: 1,
    maxAttempts: 5,
    outcomeOpen: false,
  });
  expect(post?.firstSentAt === null).toBe(phase === "preparing");
  // The database's own time, by which the lease ended.
  expect(post?.now.getTime()).toBeGreaterThan(Date.now());
});

test("the phase is that of the claim that holds the post, not of an earlier attempt", async () => {
  const first = await claimed("sending");
  await env.sql(
    `UPDATE posts SET status = 'retrying', claim_token = NULL, claimed_by = NULL, lease_until = NULL WHERE id = $1`,
    [first.id],
  );
  const request = { postId: first.id, revision: 1, claimToken: randomUUID(), worker: "worker-2" };
  await claimPost(env.database, { ...request, phase: "preparing", leaseMs });
  await env.advanceClock(leaseMs + 1);
  expect(await strandedPosts(env.database, 10)).toMatchObject([{ phase: "preparing", worker: "worker-2", attempt: 2 }]);
});

test("those that have waited longest come first, as many as are wanted", async () => {
  const second = await claimed("sending", 20_000);
  const first = await claimed("sending", 10_000);
  await claimed("sending", 30_000);
  await env.advanceClock(60_000);
  expect(await stranded(2)).toEqual([first.id, second.id]);
});
