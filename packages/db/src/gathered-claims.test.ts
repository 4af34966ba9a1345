/** Claims and successes that come at the same time: one statement, each as if it were alone, and nobody waits for another. */
import { randomUUID } from "node:crypto";
import type { Published, RateLimit } from "@punctual/core";
import { createTestEnvironment, insertTestPost, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { claiming } from "./claiming.fixture.ts";
import { attemptEnd, recordSettlement, settleClaim, type SettledPost } from "./post-settlement.ts";
import { makeRateSlots } from "./rate-slots.ts";

const hourMs = 3_600_000;

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

const newPosts = (count: number) => Promise.all(Array.from({ length: count }, () => insertTestPost(env, tenant)));

/** How many statements last wrote the attempts of posts. */
async function writers(ids: readonly string[]): Promise<number> {
  const [found] = await env.sql<{ writers: number }>(
    "SELECT count(DISTINCT xmin::text)::int AS writers FROM attempts WHERE post_id = ANY ($1::uuid[])",
    [ids],
  );
  return found?.writers ?? 0;
}

/** Somebody is at the post until the function returned is called. */
async function busyWith(id: string): Promise<() => Promise<void>> {
  const locked = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const holding = env.database.prisma.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT id FROM posts WHERE id = ${id}::uuid FOR UPDATE`;
    locked.resolve();
    await done.promise;
  });
  await Promise.race([locked.promise, holding]);
  return async () => {
    done.resolve();
    await holding;
  };
}

describe("claims that come at the same time", () => {
  test("share a statement, and each has its own post under its own token", async () => {
    const ids = await newPosts(20);
    const tokens = ids.map(() => randomUUID());
    const posts = await Promise.all(ids.map((id, index) => claimed(id, { claimToken: tokens[index]! })));
    expect(posts.map(({ id }) => id)).toEqual(ids);
    for (const [index, id] of ids.entries()) {
      const claimToken = tokens[index];
      expect(await row(id)).toMatchObject({ status: "publishing", claim_token: claimToken, attempts: 1 });
      expect(await attempts(id)).toMatchObject([{ number: 1, claim_token: claimToken, phase: "sending" }]);
    }
    expect(await writers(ids)).toBe(1);
  });

  test("do not wait for a post somebody is at: that one is claimed once it is free", async () => {
    const ids = await newPosts(3);
    const busy = ids[1]!;
    const leave = await busyWith(busy);
    const claims = new Map(ids.map((id) => [id, claim(id)]));
    const others = ids.filter((id) => id !== busy);
    const results = await Promise.all(others.map((id) => claims.get(id)!));
    expect(results.map(({ kind }) => kind)).toEqual(others.map(() => "claimed"));
    // Also those that come while one is waited for.
    const [later] = await newPosts(1);
    expect(await claim(later!)).toMatchObject({ kind: "claimed" });
    await leave();
    expect(await claims.get(busy)).toMatchObject({ kind: "claimed" });
    expect(await row(busy)).toMatchObject({ attempts: 1 });
  });

  test("are each answered as alone, whatever their company", async () => {
    const closed = await env.createTenant();
    const waiting = await env.createTenant();
    await env.sql("UPDATE social_accounts SET paused = true WHERE id = $1", [closed.socialAccountId]);
    await env.sql("INSERT INTO rate_blocks VALUES ($1, app_now() + interval '1 hour')", [waiting.socialAccountId]);
    const prepared = await insertTestPost(env, tenant);
    await env.sql(
      `UPDATE posts SET preparing_token = gen_random_uuid(), preparing_until = app_now() + interval '1 hour' WHERE id = $1`,
      [prepared],
    );
    const edited = await insertTestPost(env, tenant);
    await env.sql("UPDATE posts SET revision = 2 WHERE id = $1", [edited]);
    const ids = [
      ...(await newPosts(1)),
      await insertTestPost(env, tenant, { dueInMs: hourMs }),
      await insertTestPost(env, tenant, { dueInMs: -hourMs, graceMinutes: 59 }),
      await insertTestPost(env, closed),
      await insertTestPost(env, waiting),
      prepared,
      edited,
      randomUUID(),
      ...(await newPosts(1)),
    ];
    expect((await Promise.all(ids.map((id) => claim(id)))).map(({ kind }) => kind)).toEqual([
      ...Array.from({ length: 1 }, () => "claimed"),
      "not_due",
      "not_claimable",
      "account_closed",
      "limited",
      "being_prepared",
      "not_claimable",
      "not_claimable",
      "claimed",
    ]);
    for (const id of ids.slice(1, -1)) expect(await attempts(id)).toEqual([]);
  });

  test("do not suffer for one that Postgres refuses", async () => {
    const ids = await newPosts(3);
    const results = await Promise.allSettled(
      ids.map((id, index) => claim(id, index === 1 ? { worker: "\u0000" } : {})),
    );
    expect(results.map(({ status }) => status)).toEqual(ids.map((_id, at) => (at === 1 ? "rejected" : "fulfilled")));
    expect(results.filter((result) => result.status === "fulfilled" && result.value.kind !== "claimed")).toEqual([]);
    expect(await attempts(ids[1]!)).toEqual([]);
  });
});

describe("successes that come at the same time", () => {
  const success = (index: number): Published => ({
    kind: "published",
    httpStatus: 200 + index,
    ...(index % 2 === 0 ? { externalId: `r-${index}`, externalUrl: `https://example.com/${index}` } : {}),
  });

  async function claimedPosts(count: number): Promise<{ id: string; token: string }[]> {
    const posts = (await newPosts(count)).map((id) => ({ id, token: randomUUID() }));
    await Promise.all(posts.map(({ id, token }) => claimed(id, { claimToken: token })));
    return posts;
  }

  function settle({ id, token }: { id: string; token: string }, index: number): Promise<SettledPost | null> {
    const published = success(index);
    const settlement = { status: "published", published } as const;
    const needsJob = index % 3 === 0;
    return settleClaim(env.database, {
      postId: id,
      claimToken: token,
      settlement,
      attempt: attemptEnd(published),
      needsJob,
    });
  }

  test("share a statement, and each is recorded as it was", async () => {
    const posts = await claimedPosts(20);
    const settled = await Promise.all(posts.map(settle));
    for (const [index, { id, token }] of posts.entries()) {
      const told = { external_id: success(index).externalId ?? null, external_url: success(index).externalUrl ?? null };
      const post = await row(id);
      expect(post).toMatchObject({
        status: "published",
        claim_token: null,
        generation: index % 3 === 0 ? 1 : 0,
        ...told,
      });
      expect(settled[index]).toEqual({ latenessMs: post["lateness_ms"] });
      expect(settled[index]?.latenessMs).toBeGreaterThanOrEqual(0);
      const ended = { outcome: "published", category: null, http_status: 200 + index, ended_at: post["published_at"] };
      expect(await attempts(id)).toMatchObject([{ claim_token: token, ...ended, ...told }]);
      const events = await env.sql("SELECT type, data, company_id FROM events WHERE post_id = $1", [id]);
      expect(events).toMatchObject([
        { type: "post.published", company_id: tenant.companyId, data: { status: "published" } },
      ]);
    }
    expect(await writers(posts.map(({ id }) => id))).toBe(1);
  });

  test("are not recorded under a claim that is lost, and do not wait for a post somebody is at", async () => {
    const posts = await claimedPosts(4);
    const [lost, busy] = posts;
    await env.sql("UPDATE posts SET claim_token = gen_random_uuid() WHERE id = $1", [lost!.id]);
    const leave = await busyWith(busy!.id);
    const settlements = posts.map(settle);
    const others = settlements.filter((_settlement, index) => posts[index] !== busy);
    const results = await Promise.all(others);
    expect(results.map((settled) => settled !== null)).toEqual(others.map((_other, at) => at !== 0));
    expect(await row(lost!.id)).toMatchObject({ status: "publishing" });
    expect(await attempts(lost!.id)).toMatchObject([{ outcome: null }]);
    await leave();
    expect(await settlements[posts.indexOf(busy!)]).toEqual({ latenessMs: expect.any(Number) as number });
    expect(await row(busy!.id)).toMatchObject({ status: "published" });
  });

  test("free each its own slot of a limit, once its window is over", async () => {
    const limits: RateLimit[] = [{ scope: "account", max: 10, windowMs: hourMs }];
    const ids = await newPosts(6);
    await makeRateSlots(env.database, { postId: ids[0]!, limits });
    const posts = ids.map((id) => ({ id, token: randomUUID() }));
    for (const { id, token } of posts) await claimed(id, { claimToken: token, limits });
    await Promise.all(posts.slice(1).map(settle));
    const slots = await env.sql<{ claim_token: string | null; in_ms: number }>(
      `SELECT claim_token, round(extract(epoch FROM free_at - app_now()) * 1000)::int AS in_ms FROM rate_slots
       WHERE subject = $1 AND taken_at IS NOT NULL ORDER BY claim_token NULLS LAST`,
      [tenant.socialAccountId],
    );
    expect(slots.map((slot) => slot.claim_token)).toEqual([posts[0]!.token, null, null, null, null, null]);
    for (const { in_ms: inMs } of slots.slice(1)) {
      expect(inMs).toBeLessThanOrEqual(hourMs);
      expect(inMs).toBeGreaterThan(hourMs - 60_000);
    }
  });

  test("do not suffer for one that Postgres refuses", async () => {
    const posts = await claimedPosts(3);
    const results = await Promise.allSettled(
      posts.map(({ id, token }, index) => {
        const published: Published = {
          kind: "published",
          ...(index === 1 ? { externalId: "\u0000" } : {}),
        };
        const settlement = { status: "published", published } as const;
        return recordSettlement(env.database, {
          postId: id,
          claimToken: token,
          settlement,
          attempt: attemptEnd(published),
          needsJob: false,
        });
      }),
    );
    expect(results.map((result) => result.status === "fulfilled" && result.value)).toEqual(
      posts.map((_post, index) => index !== 1),
    );
  });
});
