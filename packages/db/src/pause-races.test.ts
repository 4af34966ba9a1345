/** Pausing against everything that could let a post slip out: claims, posts being accepted, releases, all at once. */
import { createTestEnvironment, insertTestPosts, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pauseAccount, releaseHeldPosts, resumeAccount } from "./account-pausing.ts";
import { claimPost, type ClaimResult } from "./post-claim.ts";

const tries = 1_000;
const postsPerRound = 20;
const timeoutMs = 120_000;

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
  tenant = await env.createTenant();
});
afterAll(() => env.close());

const account = () => ({ companyId: tenant.companyId, id: tenant.socialAccountId });

async function claim(postId: string): Promise<ClaimResult> {
  return claimPost(env.database, {
    postId,
    revision: 1,
    claimToken: randomUUID(),
    worker: "racer",
    phase: "sending",
    leaseMs: 20_000,
  });
}

test(
  `in ${tries} tries none is claimed after its account's pause was acknowledged`,
  { timeout: timeoutMs },
  async () => {
    let claimed = 0;
    let held = 0;
    for (let round = 0; round < tries / postsPerRound; round += 1) {
      await resumeAccount(env.database, account());
      const ids = await insertTestPosts(env, tenant, postsPerRound, { dueInMs: -1 });
      let pausedAt = Number.POSITIVE_INFINITY;
      // Some claims are asked for before the pause is, some after; in half of the rounds held posts are let go as well.
      const claims = ids.slice(0, postsPerRound / 2).map(claim);
      const pausing = (async () => {
        await pauseAccount(env.database, account());
        const [row] = await env.sql<{ now: Date }>("SELECT clock_timestamp() AS now");
        pausedAt = Number(row?.now);
      })();
      if (round % 2 === 0) claims.push(...ids.slice(0, 3).map(claim));
      const releasing = releaseHeldPosts(env.database, { socialAccountId: tenant.socialAccountId, limit: 100 });
      claims.push(...ids.slice(postsPerRound / 2).map(claim));
      await Promise.all([pausing, releasing, ...claims]);
      // And when it is long over, whatever jobs are left find nothing to take.
      const late = await Promise.all(ids.map(claim));
      expect(late.map(({ kind }) => kind)).not.toContain("claimed");

      const posts = await env.sql<{ status: string; started_at: Date | null }>(
        `SELECT post.status, attempt.started_at FROM posts AS post
       LEFT JOIN attempts AS attempt ON attempt.post_id = post.id WHERE post.id = ANY ($1)`,
        [ids],
      );
      expect(posts).toHaveLength(postsPerRound);
      for (const { status, started_at: startedAt } of posts) {
        expect(["publishing", "held"]).toContain(status);
        if (status === "publishing") expect(Number(startedAt)).toBeLessThanOrEqual(pausedAt);
        else expect(startedAt).toBeNull();
      }
      claimed += posts.filter(({ status }) => status === "publishing").length;
      held += posts.filter(({ status }) => status === "held").length;
    }
    // Otherwise nothing raced.
    expect(claimed).toBeGreaterThan(tries / 20);
    expect(held).toBeGreaterThan(tries / 20);
    expect(claimed + held).toBe(tries);
  },
);
