import {
  createTestEnvironment,
  lastSundayOfMarchAhead,
  until,
  yearAhead,
  type TestEnvironment,
} from "@punctual/testing";
import { leadMs } from "@punctual/queue";
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

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
const schedule = (body: object, key = tenant.apiKey) =>
  api.call<PostOut>(key, "POST", "/v1/posts", {
    body: { socialAccountId: tenant.socialAccountId, text: "Hello", ...body },
  });
const refused = async (body: object) => {
  const [before] = await env.sql<{ count: string }>("SELECT count(*) FROM posts");
  const answer = await api.call(tenant.apiKey, "POST", "/v1/posts", { body });
  const [after] = await env.sql<{ count: string }>("SELECT count(*) FROM posts");
  expect(after).toEqual(before);
  return answer;
};
const valid = (more: object = {}) => ({ socialAccountId: tenant.socialAccountId, text: "Hello", ...more });

describe("an accepted post", () => {
  test("is answered whole, with its address, and reads back the same", async () => {
    const scheduledAt = `${yearAhead}-05-01T12:00:00.123+02:00`;
    const given = {
      text: "Grüße, 世界 👋\n\u2028",
      media: [{ url: "https://example.com/a.png", alt: "A" }, { url: "https://example.com/b.png" }],
      link: "https://example.com/?q=1#x",
      lateness: { graceMinutes: 10, then: "publish" },
      maxAttempts: 3,
      groupId: "spring",
      metadata: { campaign: "spring", "a/b~c": "" },
    };
    const { status, body, headers } = await schedule({ ...given, scheduledAt });
    expect(status).toBe(201);
    expect(headers["location"]).toBe(`/v1/posts/${body.id}`);
    expect(body).toMatchObject({
      ...given,
      scheduledAt: `${yearAhead}-05-01T10:00:00.123Z`,
      nextAttemptAt: `${yearAhead}-05-01T10:00:00.123Z`,
      clientId: tenant.clientId,
      platform: "webhook",
      status: "scheduled",
      revision: 1,
      attempts: 0,
      outcomeOpen: false,
      options: {},
    });
    for (const name of [
      "heldReason",
      "publishedAt",
      "latenessMs",
      "externalId",
      "externalUrl",
      "failure",
      "localTime",
    ]) {
      expect(body).toHaveProperty(name, null);
    }
    const read = await api.call<PostOut>(tenant.apiKey, "GET", `/v1/posts/${body.id}`);
    expect(read.body).toEqual(body);
  });

  test("gets the documented defaults, and goes out now if no time is given", async () => {
    const before = Date.now();
    const { body } = await schedule({});
    expect(body).toMatchObject({
      maxAttempts: 5,
      lateness: { graceMinutes: 2_880, then: "miss" },
      media: [],
      link: null,
      groupId: null,
      metadata: {},
    });
    expect(body.scheduledAt).toBe(body.createdAt);
    expect(Math.abs(Date.parse(body.scheduledAt) - before)).toBeLessThan(60_000);
  });

  test("has a delayed job with ids only, and its row knows that Redis took it", async () => {
    const { body } = await schedule({ scheduledAt: inMinutes(60), text: "secret text", maxAttempts: 7 });
    await until("the row says its job was taken", async () => {
      const [row] = await env.sql("SELECT FROM posts WHERE id = $1 AND enqueued_rev = 1", [body.id]);
      return row !== undefined;
    });
    const job = await api.producer.queues[0]?.getJob(`${body.id}_1_0`);
    expect(job?.data).toEqual({ postId: body.id, revision: 1 });
    expect(job?.opts.attempts).toBe(7);
    expect((job?.timestamp ?? 0) + (job?.delay ?? 0)).toBe(Date.parse(body.scheduledAt) - leadMs);
    expect(await job?.getState()).toBe("delayed");
  });

  test("carries the request's id from the answer to the row and its event", async () => {
    const headers = { "x-request-id": "my-request.1" };
    const answer = await api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body: valid(), headers });
    expect(answer.headers["x-request-id"]).toBe("my-request.1");
    const rows = await env.sql(
      "SELECT p.request_id AS post, e.request_id AS event, e.type FROM posts p JOIN events e ON e.post_id = p.id WHERE p.id = $1",
      [answer.body.id],
    );
    expect(rows).toEqual([{ post: "my-request.1", event: "my-request.1", type: "post.scheduled" }]);
  });

  test("may lie up to a minute in the past, and not further", async () => {
    expect((await schedule({ scheduledAt: new Date(Date.now() - 30_000).toISOString() })).status).toBe(201);
    const late = await refused(valid({ scheduledAt: new Date(Date.now() - 61_000).toISOString() }));
    expect(late).toMatchObject({
      status: 422,
      body: { code: "scheduled_in_past", errors: [{ path: "/scheduledAt" }] },
    });
  });

  test("may lie up to five years ahead, and not further", async () => {
    const ahead = (years: number, minutes: number) => {
      const instant = new Date(Date.now() + minutes * 60_000);
      instant.setUTCFullYear(instant.getUTCFullYear() + years);
      return instant.toISOString();
    };
    expect((await schedule({ scheduledAt: ahead(5, -60) })).status).toBe(201);
    const far = await refused(valid({ scheduledAt: ahead(5, 60) }));
    expect(far).toMatchObject({ status: 422, body: { code: "scheduled_too_far_ahead" } });
  });

  test("is timed by the wall clock of a zone, and says what daylight saving did", async () => {
    const { body } = await schedule({ localTime: `${lastSundayOfMarchAhead}T02:30`, timeZone: "Europe/Berlin" });
    expect(body).toMatchObject({
      scheduledAt: `${lastSundayOfMarchAhead}T01:30:00.000Z`,
      localTime: `${lastSundayOfMarchAhead}T02:30`,
      timeZone: "Europe/Berlin",
      timeAdjustment: "gap",
    });
    const read = await api.call<PostOut>(tenant.apiKey, "GET", `/v1/posts/${body.id}`);
    expect(read.body).toEqual(body);
  });
});

describe("a post for an account that may not publish", () => {
  const close = async (change: string) => {
    const closed = await env.createTenant();
    await env.sql(`UPDATE social_accounts SET ${change} WHERE id = $1`, [closed.socialAccountId]);
    const { body } = await schedule(
      { socialAccountId: closed.socialAccountId, scheduledAt: inMinutes(60) },
      closed.apiKey,
    );
    return body;
  };

  test("is held from the start, because it is paused", async () => {
    expect(await close("paused = true")).toMatchObject({ status: "held", heldReason: "paused", nextAttemptAt: null });
  });

  test("is held because it must be reconnected, whether or not it is paused too", async () => {
    const held = { status: "held", heldReason: "needs_reconnect" };
    expect(await close("status = 'needs_reconnect'")).toMatchObject(held);
    expect(await close("status = 'needs_reconnect', paused = true")).toMatchObject(held);
  });

  test("says so in its timeline and gets no job", async () => {
    const { id } = await close("paused = true");
    const events = await env.sql("SELECT type FROM events WHERE post_id = $1 ORDER BY sequence", [id]);
    expect(events).toEqual([{ type: "post.scheduled" }, { type: "post.held" }]);
    // A later post's job shows that whatever was nudged before has been enqueued.
    const later = await schedule({ scheduledAt: inMinutes(60) });
    await until(
      "the later post has its job",
      () => api.producer.queues[0]?.getJob(`${later.body.id}_1_0`) ?? Promise.resolve(null),
    );
    expect(await api.producer.queues[0]?.getJob(`${id}_1_0`)).toBeUndefined();
  });

  test("is never accepted as open while the account is being paused", async () => {
    const racing = await env.createTenant();
    const pausing = (async () => {
      for (let turn = 0; turn < 40; turn += 1) {
        await env.sql("UPDATE social_accounts SET paused = NOT paused WHERE id = $1", [racing.socialAccountId]);
        await env.sql(
          `UPDATE posts SET status = 'held', held_reason = 'paused' FROM social_accounts a
            WHERE a.id = social_account_id AND a.paused AND a.id = $1 AND posts.status = 'scheduled'`,
          [racing.socialAccountId],
        );
        const slipped = await env.sql(
          `SELECT p.id FROM posts p JOIN social_accounts a ON a.id = p.social_account_id
            WHERE a.id = $1 AND a.paused AND p.status = 'scheduled'`,
          [racing.socialAccountId],
        );
        expect(slipped).toEqual([]);
      }
    })();
    const statuses = new Set<string>();
    const scheduling = Array.from({ length: 4 }, async () => {
      for (let post = 0; post < 25; post += 1) {
        const { status, body } = await schedule({ socialAccountId: racing.socialAccountId }, racing.apiKey);
        expect([201, 503]).toContain(status);
        statuses.add(body.status);
      }
    });
    await Promise.all([pausing, ...scheduling]);
    expect(statuses).toContain("scheduled");
  });
});

test("an account's id is taken in capitals too", async () => {
  const { status } = await schedule({ socialAccountId: tenant.socialAccountId.toUpperCase() });
  expect(status).toBe(201);
});

test("while Redis is away posts are accepted as quickly, and wait without a job", async () => {
  const cut = await openAppUnderTest({ ...env, redisUrl: "redis://127.0.0.1:1/0" });
  try {
    const started = performance.now();
    for (let post = 0; post < 20; post += 1) {
      const { status } = await cut.call(tenant.apiKey, "POST", "/v1/posts", { body: valid({ groupId: "cut" }) });
      expect(status).toBe(201);
    }
    // A single request that waited for Redis would take longer than all of these.
    expect(performance.now() - started).toBeLessThan(5_000);
    const rows = await env.sql("SELECT status, enqueued_rev FROM posts WHERE group_id = 'cut'");
    expect(rows).toHaveLength(20);
    expect(new Set(rows.map((row) => JSON.stringify(row)))).toEqual(
      new Set(['{"status":"scheduled","enqueued_rev":0}']),
    );
  } finally {
    await cut.close();
  }
});
