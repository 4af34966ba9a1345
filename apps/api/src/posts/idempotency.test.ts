import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { PostOut } from "./schemas.ts";

let env: TestEnvironment;
let api: AppUnderTest;
let tenant: Awaited<ReturnType<TestEnvironment["createTenant"]>>;

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
  tenant = await env.createTenant();
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});

const post = (key: string, body: object, from = tenant) =>
  api.call<PostOut>(from.apiKey, "POST", "/v1/posts", {
    body: { socialAccountId: from.socialAccountId, text: "Hello", ...body },
    headers: { "idempotency-key": key },
  });
const countPosts = async (groupId: string) => {
  const [row] = await env.sql<{ count: number }>("SELECT count(*)::int AS count FROM posts WHERE group_id = $1", [
    groupId,
  ]);
  return row?.count;
};

test("50 parallel requests with one key make one post and get 50 equal answers", async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => post("parallel", { groupId: "parallel" })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(new Set(answers.map(({ headers }) => headers["location"])).size).toBe(1);
  expect(answers.filter(({ headers }) => headers["idempotent-replayed"] === undefined)).toHaveLength(1);
  expect(await countPosts("parallel")).toBe(1);
  const events = await env.sql("SELECT type FROM events WHERE post_id = $1", [answers[0]?.body.id]);
  expect(events).toEqual([{ type: "post.scheduled" }]);
});

test("without a key, 50 parallel requests make 50 posts", async () => {
  const body = { socialAccountId: tenant.socialAccountId, text: "Hello", groupId: "keyless" };
  await Promise.all(Array.from({ length: 50 }, () => api.call(tenant.apiKey, "POST", "/v1/posts", { body })));
  expect(await countPosts("keyless")).toBe(50);
});

describe("a repeat gets the first answer, to the letter,", () => {
  test("when the fields come in another order", async () => {
    const first = await post("order", { metadata: { a: "1", b: "2" }, groupId: "order" });
    const repeat = await api.callRaw<PostOut>({
      method: "POST",
      url: "/v1/posts",
      headers: {
        authorization: `Bearer ${tenant.apiKey}`,
        "content-type": "application/json; charset=utf-8",
        "idempotency-key": "order",
      },
      payload: `{ "groupId": "order",\n "metadata": {"b":"2","a":"\\u0031"}, "text":"Hello",
        "socialAccountId": "${tenant.socialAccountId}" }`,
    });
    expect(repeat).toMatchObject({ status: 201, text: first.text });
    expect(repeat.headers).toMatchObject({ "idempotent-replayed": "true", location: first.headers["location"] });
    expect(repeat.headers["x-request-id"]).not.toBe(first.headers["x-request-id"]);
  });

  test("after the instant has passed", async () => {
    const [clock] = await env.sql<{ now: Date }>("SELECT app_now() AS now");
    const scheduledAt = new Date((clock?.now.getTime() ?? 0) + 60_000).toISOString();
    const first = await post("passed", { scheduledAt });
    await env.advanceClock(600_000);
    const late = await post("passed-later", { scheduledAt });
    expect(late.status).toBe(422);
    expect(await post("passed", { scheduledAt })).toMatchObject({ status: 201, text: first.text });
  });

  test("after its account was paused", async () => {
    const paused = await env.createTenant();
    const first = await post("paused", {}, paused);
    await env.sql("UPDATE social_accounts SET paused = true WHERE id = $1", [paused.socialAccountId]);
    const repeat = await post("paused", {}, paused);
    expect(repeat.text).toBe(first.text);
    expect(repeat.body.status).toBe("scheduled");
  });

  test("after the post was cancelled", async () => {
    const first = await post("cancelled", {});
    await api.call(tenant.apiKey, "DELETE", `/v1/posts/${first.body.id}`);
    expect((await post("cancelled", {})).text).toBe(first.text);
  });
});

test("the same key with another body is refused", async () => {
  await post("reused", { text: "one" });
  const other = await post("reused", { text: "two" });
  expect(other).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
});

test("a key belongs to one company", async () => {
  const other = await env.createTenant();
  const first = await post("shared", {});
  const second = await post("shared", {}, other);
  expect(second.status).toBe(201);
  expect(second.headers["idempotent-replayed"]).toBeUndefined();
  expect(second.body.id).not.toBe(first.body.id);
});

test("a refusal is not kept: the key works once the request does", async () => {
  const refused = await post("corrected", { options: { nonsense: 1 } });
  expect(refused.status).toBe(422);
  const accepted = await post("corrected", {});
  expect(accepted.status).toBe(201);
  expect(accepted.headers["idempotent-replayed"]).toBeUndefined();
});

test.each([
  ["is empty", ""],
  ["is longer than 255 characters", "x".repeat(256)],
  ["is not printable ASCII", "caf\u00e9"],
])("a key that %s is refused", async (_name, key) => {
  const answer = await post(key, {});
  expect(answer).toMatchObject({
    status: 400,
    body: { code: "invalid_request", errors: [{ path: "idempotency-key" }] },
  });
});

describe("while the first request is running, its account being changed,", () => {
  /** Holds the account, so that whoever accepts posts for it waits. @returns lets go */
  async function holdAccount(socialAccountId: string): Promise<() => Promise<void>> {
    const release = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const transaction = env.database.prisma.$transaction(
      async (tx) => {
        await tx.$executeRaw`SELECT FROM social_accounts WHERE id = ${socialAccountId}::uuid FOR UPDATE`;
        held.resolve();
        await release.promise;
      },
      { timeout: 60_000 },
    );
    await held.promise;
    return async () => {
      release.resolve();
      await transaction;
    };
  }

  const waiting = (count: number) =>
    until(`${count} statements wait for a lock`, async () => {
      const [row] = await env.sql<{ count: number }>(
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      return row?.count === count;
    });
  const clock = async () => {
    const [row] = await env.sql<{ now: Date }>("SELECT app_now() AS now");
    return row!.now;
  };

  test("a repeat after its instant has passed waits for it and gets its answer", async () => {
    const scheduledAt = (await clock()).toISOString();
    const release = await holdAccount(tenant.socialAccountId);
    const first = post("running", { scheduledAt });
    await waiting(1);
    await env.advanceClock(61_000);
    const repeat = post("running", { scheduledAt });
    await waiting(2);
    await release();
    expect((await first).status).toBe(201);
    expect(await repeat).toMatchObject({ status: 201, text: (await first).text });
    expect((await repeat).headers["idempotent-replayed"]).toBe("true");
  });

  test("a repeat waits only so long, and is told to come again", async () => {
    const hasty = await openAppUnderTest(env, { limits: { idempotencyWaitMs: 50 } });
    const scheduledAt = (await clock()).toISOString();
    const body = { socialAccountId: tenant.socialAccountId, text: "Hello", scheduledAt };
    const options = { body, headers: { "idempotency-key": "hasty" } };
    const release = await holdAccount(tenant.socialAccountId);
    const first = hasty.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", options);
    await waiting(1);
    await env.advanceClock(61_000);
    const repeat = await hasty.call(tenant.apiKey, "POST", "/v1/posts", options);
    expect(repeat).toMatchObject({ status: 409, body: { code: "idempotency_key_in_use" } });
    expect(repeat.headers["retry-after"]).toBe("1");
    await release();
    const { text } = await first;
    expect(await hasty.call(tenant.apiKey, "POST", "/v1/posts", options)).toMatchObject({ status: 201, text });
    await hasty.close();
  });

  test("what must be refused is refused to all of them alike", async () => {
    const scheduledAt = new Date((await clock()).getTime() - 120_000).toISOString();
    const answers = await Promise.all(Array.from({ length: 10 }, () => post("late", { scheduledAt })));
    for (const { status, body } of answers) {
      expect({ status, code: (body as unknown as { code: string }).code }).toEqual({
        status: 422,
        code: "scheduled_in_past",
      });
    }
  });

  test("one under another key does not wait for it", async () => {
    const scheduledAt = (await clock()).toISOString();
    const release = await holdAccount(tenant.socialAccountId);
    const first = post("held up", { scheduledAt });
    await waiting(1);
    await env.advanceClock(61_000);
    expect((await post("another key", { scheduledAt })).status).toBe(422);
    await release();
    expect((await first).status).toBe(201);
  });
});
