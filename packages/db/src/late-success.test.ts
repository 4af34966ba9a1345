/** A success that the platform reported is a fact, whatever state the post has come to since. */
import { randomUUID } from "node:crypto";
import type { PostStatus, Published, Settlement } from "@punctual/core";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { claimPost } from "./post-claim.ts";
import { resolvePost } from "./post-resolution.ts";
import { attemptEnd, recordLateSuccess, recordSettlement } from "./post-settlement.ts";

const leaseMs = 20_000;
const published: Published = {
  kind: "published",
  externalId: "r-1",
  externalUrl: "https://example.com/r-1",
  httpStatus: 201,
};
const lost = { kind: "unknown", code: "worker_lost", message: "the worker died while sending" } as const;
const failure = { category: "unknown_outcome", code: "worker_lost", message: lost.message } as const;

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
});

async function claim(postId: string): Promise<string> {
  const claimToken = randomUUID();
  const request = { postId, revision: 1, claimToken, worker: "worker-1", phase: "sending", leaseMs } as const;
  expect(await claimPost(env.database, request)).toMatchObject({ kind: "claimed" });
  return claimToken;
}

/** A post whose worker was taken for dead: its attempt is over, its claim is lost. */
async function rescuedPost(settlement: Settlement): Promise<{ postId: string; claimToken: string }> {
  const postId = await insertTestPost(env, tenant);
  const claimToken = await claim(postId);
  await env.advanceClock(leaseMs + 1);
  const record = { postId, claimToken, settlement, attempt: attemptEnd(lost), needsJob: true, onlyAfterLease: true };
  expect(await recordSettlement(env.database, record)).toBe(true);
  return { postId, claimToken };
}

const open: Settlement = { status: "retrying", delayMs: 0, outcomeOpen: true, counts: true, failure };
const unconfirmed: Settlement = { status: "unconfirmed", failure };

const late = (post: { postId: string; claimToken: string }, changes: object = {}) =>
  recordLateSuccess(env.database, { ...post, published, repeatIsHarmless: false, ...changes });

async function row(id: string): Promise<Record<string, unknown>> {
  const [found] = await env.sql<Record<string, unknown>>("SELECT * FROM posts WHERE id = $1", [id]);
  if (found === undefined) throw new Error("there is no such post");
  return found;
}

const attempts = (id: string) =>
  env.sql<Record<string, unknown>>("SELECT * FROM attempts WHERE post_id = $1 ORDER BY number", [id]);
const publishedEvents = (id: string) =>
  env.sql("SELECT data FROM events WHERE post_id = $1 AND type = 'post.published'", [id]);

describe("is recorded under its attempt", () => {
  test.each<PostStatus>(["scheduled", "retrying", "unconfirmed", "held", "failed", "missed", "cancelled"])(
    "when the post is %s by then",
    async (status) => {
      const post = await rescuedPost(unconfirmed);
      await env.sql(
        "UPDATE posts SET status = $2, held_reason = CASE WHEN $2 = 'held' THEN 'paused' END WHERE id = $1",
        [post.postId, status],
      );
      expect(await late(post)).toBe("recorded");
      expect(await row(post.postId)).toMatchObject({
        status: "published",
        external_id: "r-1",
        external_url: "https://example.com/r-1",
        outcome_open: false,
        held_reason: null,
        failure_code: null,
        confirm_at: null,
      });
      expect(await attempts(post.postId)).toMatchObject([{ outcome: "published", code: null, http_status: 201 }]);
      expect(await publishedEvents(post.postId)).toHaveLength(1);
    },
  );

  test("while another holds the post, who then comes too late", async () => {
    const post = await rescuedPost(open);
    const other = await claim(post.postId);
    expect(await late(post)).toBe("recorded");
    expect(await row(post.postId)).toMatchObject({ status: "published", claim_token: null, lease_until: null });
    const settlement: Settlement = { status: "failed", failure };
    const record = { postId: post.postId, claimToken: other, settlement, attempt: attemptEnd(lost), needsJob: false };
    expect(await recordSettlement(env.database, record)).toBe(false);
    expect(await row(post.postId)).toMatchObject({ status: "published" });
  });

  test("with the lateness of its own send", async () => {
    const post = await rescuedPost(unconfirmed);
    await env.advanceClock(3_600_000);
    await late(post);
    const [{ sent_at: sentAt } = {}] = await attempts(post.postId);
    const { scheduled_at: scheduledAt, lateness_ms: latenessMs } = await row(post.postId);
    expect(latenessMs).toBe(Number(sentAt) - Number(scheduledAt));
  });
});

describe("of a post that was published already", () => {
  async function publishedByAnother(first: Published): Promise<{ postId: string; claimToken: string }> {
    const post = await rescuedPost(open);
    const settlement: Settlement = { status: "published", published: first };
    const claimToken = await claim(post.postId);
    const record = { postId: post.postId, claimToken, settlement, attempt: attemptEnd(first), needsJob: false };
    expect(await recordSettlement(env.database, record)).toBe(true);
    return post;
  }

  test("is a repeat where the platform takes it for the same", async () => {
    const post = await publishedByAnother({ kind: "published", externalId: "r-2" });
    expect(await late(post, { repeatIsHarmless: true })).toBe("repeat");
    expect(await attempts(post.postId)).toMatchObject([{ outcome: "published" }, { outcome: "published" }]);
    expect(await row(post.postId)).toMatchObject({ external_id: "r-2" });
  });

  test("is a repeat if the platform gave it the same id", async () => {
    const post = await publishedByAnother(published);
    expect(await late(post)).toBe("repeat");
  });

  test("is a double as well if the first was being recorded at that moment", async () => {
    const post = await rescuedPost(open);
    const token = await claim(post.postId);
    const first = new pg.Client(env.databaseUrl);
    await first.connect();
    try {
      await first.query("BEGIN");
      await first.query(
        `UPDATE posts SET status = 'published', external_id = 'r-2', published_at = app_now(), lateness_ms = 0,
                outcome_open = false, claim_token = NULL, claimed_by = NULL, lease_until = NULL
          WHERE id = $1`,
        [post.postId],
      );
      await first.query("UPDATE attempts SET outcome = 'published', ended_at = app_now() WHERE claim_token = $1", [
        token,
      ]);
      const outcome = late(post);
      await until("it waits for the row", async () => {
        const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        return (await env.sql(waiting)).length > 0;
      });
      await first.query("COMMIT");
      expect(await outcome).toBe("doubled");
    } finally {
      await first.end();
    }
    expect(await attempts(post.postId)).toMatchObject([{ outcome: "doubled" }, { outcome: "published" }]);
  });

  test.each<[string, Published]>([
    ["another id", { kind: "published", externalId: "r-2" }],
    ["no id", { kind: "published" }],
  ])("is a double if the first has %s and a repeat is not harmless", async (_what, first) => {
    const post = await publishedByAnother(first);
    expect(await late(post)).toBe("doubled");
    expect(await attempts(post.postId)).toMatchObject([
      { outcome: "doubled", external_id: "r-1" },
      { outcome: "published" },
    ]);
    expect(await row(post.postId)).toMatchObject({ status: "published", external_id: first.externalId ?? null });
    expect(await publishedEvents(post.postId)).toHaveLength(1);
  });

  test("is no double if a person had found it and knew no id", async () => {
    const post = await rescuedPost(unconfirmed);
    const verdict = { outcome: "published", externalId: null } as const;
    const { companyId } = tenant;
    await resolvePost(env.database, { companyId, id: post.postId, requestId: "req-1", verdict });
    expect(await row(post.postId)).toMatchObject({ status: "published", external_id: null });
    expect(await late(post)).toBe("repeat");
    expect(await attempts(post.postId)).toMatchObject([{ outcome: "published", external_id: "r-1" }]);
  });

  test("is a double if a person had found another one", async () => {
    const post = await rescuedPost(unconfirmed);
    const verdict = { outcome: "published", externalId: "r-2" } as const;
    const { companyId } = tenant;
    await resolvePost(env.database, { companyId, id: post.postId, requestId: "req-1", verdict });
    expect(await late(post)).toBe("doubled");
  });

  test("and by this very attempt is no double, however often it is recorded", async () => {
    const post = await rescuedPost(unconfirmed);
    const withoutId = { published: { kind: "published" } as const };
    expect(await late(post, withoutId)).toBe("recorded");
    expect(await late(post, withoutId)).toBe("repeat");
    expect(await attempts(post.postId)).toMatchObject([{ outcome: "published" }]);
    expect(await publishedEvents(post.postId)).toHaveLength(1);
  });
});

test("of an attempt nobody made changes nothing", async () => {
  const post = await rescuedPost(unconfirmed);
  expect(await late({ ...post, claimToken: randomUUID() })).toBe("unknown_attempt");
  expect(await late({ ...post, postId: randomUUID() })).toBe("unknown_attempt");
  expect(await row(post.postId)).toMatchObject({ status: "unconfirmed" });
});
