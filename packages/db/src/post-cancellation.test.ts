import { randomUUID } from "node:crypto";
import { cancellableStatuses, postStatuses, type PostStatus } from "@punctual/core";
import {
  createTestEnvironment,
  insertTestPost,
  insertTestPosts,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cancelWaitingPost } from "./post-cancellation.ts";
import { claimPost } from "./post-claim.ts";

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
});

const cancel = (id: string, companyId = tenant.companyId) =>
  cancelWaitingPost(env.database, { companyId, id, requestId: "req-9" });
const claim = (postId: string) =>
  claimPost(env.database, {
    postId,
    revision: 1,
    claimToken: randomUUID(),
    worker: "worker-1",
    phase: "sending",
    leaseMs: 20_000,
  });

async function force(id: string, status: PostStatus): Promise<void> {
  await env.sql(
    `UPDATE posts SET status = $2, published_at = CASE WHEN $2 = 'published' THEN app_now() END,
       held_reason = CASE WHEN $2 = 'held' THEN 'paused' END,
       claim_token = CASE WHEN $2 = 'publishing' THEN gen_random_uuid() END,
       claimed_by = CASE WHEN $2 = 'publishing' THEN 'worker-1' END,
       lease_until = CASE WHEN $2 = 'publishing' THEN app_now() END WHERE id = $1`,
    [id, status],
  );
}

async function statusOf(id: string): Promise<string | undefined> {
  const [row] = await env.sql<{ status: string }>("SELECT status FROM posts WHERE id = $1", [id]);
  return row?.status;
}

describe("a post", () => {
  test.each(cancellableStatuses)("that is %s is cancelled, once, and told so", async (status) => {
    const id = await insertTestPost(env, tenant);
    await force(id, status);
    expect(await cancel(id)).toMatchObject({ id, status: "cancelled", heldReason: null });
    expect(await cancel(id)).toBeNull();
    const events = await env.sql("SELECT type, data, request_id FROM events WHERE post_id = $1", [id]);
    expect(events).toEqual([
      { type: "post.cancelled", data: { status: "cancelled", revision: 1 }, request_id: "req-9" },
    ]);
  });

  test.each(postStatuses.filter((status) => !(cancellableStatuses as readonly string[]).includes(status)))(
    "that is %s stays so",
    async (status) => {
      const id = await insertTestPost(env, tenant);
      await force(id, status);
      expect(await cancel(id)).toBeNull();
      expect(await statusOf(id)).toBe(status);
    },
  );

  test("whose outcome is open is not cancelled: it may be out", async () => {
    const id = await insertTestPost(env, tenant);
    await env.sql("UPDATE posts SET status = 'retrying', outcome_open = true WHERE id = $1", [id]);
    expect(await cancel(id)).toBeNull();
    expect(await statusOf(id)).toBe("retrying");
  });

  test("of another company is not there", async () => {
    const id = await insertTestPost(env, tenant);
    expect(await cancel(id, (await env.createTenant()).companyId)).toBeNull();
    expect(await statusOf(id)).toBe("scheduled");
  });
});

test("of cancelling and claiming the same posts at once, each post sees exactly one", async () => {
  const ids = await insertTestPosts(env, tenant, 100);
  const races = await Promise.all(
    ids.map(async (id, index) => {
      // Which of the two is asked first takes turns.
      const [first, second] = index % 2 === 0 ? [cancel, claim] : [claim, cancel];
      const [one, two] = await Promise.all([first(id), second(id)]);
      const [cancelled, claimed] = index % 2 === 0 ? [one, two] : [two, one];
      return { id, cancelled: cancelled !== null, claimed: (claimed as { kind: string }).kind === "claimed" };
    }),
  );
  for (const { id, cancelled, claimed } of races) {
    expect(cancelled, `${id} was cancelled`).toBe(!claimed);
    expect(await statusOf(id)).toBe(claimed ? "publishing" : "cancelled");
  }
});
