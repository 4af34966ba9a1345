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
    const scheduledAt = "2027-05-01T12:00:00.123+02:00";
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
      scheduledAt: "2027-05-01T10:00:00.123Z",
      nextAttemptAt: "2027-05-01T10:00:00.123Z",
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
    expect((job?.timestamp ?? 0) + (job?.delay ?? 0)).toBe(Date.parse(body.scheduledAt));
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
    const { body } = await schedule({ localTime: "2027-03-28T02:30", timeZone: "Europe/Berlin" });
    expect(body).toMatchObject({
      scheduledAt: "2027-03-28T01:30:00.000Z",
      localTime: "2027-03-28T02:30",
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

describe("a request that does not fit", () => {
  test("names every fault by its path, and stores nothing", async () => {
    const { status, body } = await refused({
      socialAccountId: "not-a-uuid",
      text: 7,
      media: [{ url: "ftp://example.com" }, { alt: "no url" }, { url: "https://ok.example", width: 3 }],
      link: "nonsense",
      scheduledAt: "tomorrow",
      localTime: "2027-01-01 10:00",
      timeZone: "../etc",
      lateness: { graceMinutes: -1, then: "maybe" },
      maxAttempts: 1.5,
      groupId: "",
      metadata: { a: 1 },
      colour: "red",
    });
    expect(status).toBe(400);
    expect(body.code).toBe("invalid_request");
    expect(Object.fromEntries((body.errors ?? []).map(({ path, code }) => [path, code]))).toEqual({
      "/socialAccountId": "invalid_format",
      "/text": "wrong_type",
      "/media/0/url": "invalid_format",
      "/media/1/url": "required",
      "/media/2/width": "unknown_field",
      "/link": "invalid_format",
      "/scheduledAt": "invalid_format",
      "/localTime": "invalid_format",
      "/timeZone": "invalid_format",
      "/lateness/graceMinutes": "too_small",
      "/lateness/then": "not_allowed",
      "/maxAttempts": "wrong_type",
      "/groupId": "too_short",
      "/metadata/a": "wrong_type",
      "/colour": "unknown_field",
    });
  });

  test.each([
    ["a number where text belongs", { text: 5 }, "/text"],
    ["more text than any platform takes", { text: "x".repeat(100_001) }, "/text"],
    ["null, which is not a value", { link: null }, "/link"],
    ["an attempt too many", { maxAttempts: 21 }, "/maxAttempts"],
    ["a grace of more than a year", { lateness: { graceMinutes: 525_601, then: "miss" } }, "/lateness/graceMinutes"],
    [
      "too much metadata",
      { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, ""])) },
      "/metadata",
    ],
    ["a date that does not exist", { scheduledAt: "2027-02-30T10:00:00Z" }, "/scheduledAt"],
    ["an offset instead of a zone", { localTime: "2027-02-03T10:00", timeZone: "+02:00" }, "/timeZone"],
    ["an instant without an offset", { scheduledAt: "2027-02-03T10:00:00" }, "/scheduledAt"],
  ])("is refused for %s", async (_name, fault, path) => {
    const { status, body } = await refused(valid(fault));
    expect(status).toBe(400);
    expect(body.errors?.map((error) => error.path)).toEqual([path]);
  });

  test.each([
    [
      "both kinds of time",
      { scheduledAt: "2027-02-03T10:00:00Z", localTime: "2027-02-03T10:00", timeZone: "UTC" },
      "/localTime",
      "conflicting_times",
    ],
    ["a wall clock without a zone", { localTime: "2027-02-03T10:00" }, "/timeZone", "required"],
    ["a zone without a wall clock", { timeZone: "Europe/Rome" }, "/localTime", "required"],
    [
      "a zone nobody knows",
      { localTime: "2027-02-03T10:00", timeZone: "Mars/Olympus" },
      "/timeZone",
      "unknown_time_zone",
    ],
    [
      "a local date that does not exist",
      { localTime: "2027-02-30T10:00", timeZone: "UTC" },
      "/localTime",
      "invalid_local_time",
    ],
    ["a URL with a password", { link: "https://user:secret@example.com" }, "/link", "invalid_url"],
    ["a URL that is none", { media: [{ url: "https://[::1" }] }, "/media/0/url", "invalid_url"],
    ["an option the platform does not have", { options: { pin: true } }, "/options/pin", "unknown_option"],
  ])("cannot be done with %s", async (_name, fault, path, code) => {
    const { status, body } = await refused(valid(fault));
    expect({ status, code: body.code, errors: body.errors?.map((error) => [error.path, error.code]) }).toEqual({
      status: 422,
      code,
      errors: [[path, code]],
    });
  });

  test("tells all that cannot be done at once", async () => {
    const { body } = await refused(valid({ options: { pin: true }, scheduledAt: "2020-01-01T00:00:00Z" }));
    expect(body).toMatchObject({ status: 422, code: "invalid_post" });
    expect(body.errors?.map(({ path }) => path)).toEqual(["/options/pin", "/scheduledAt"]);
  });

  test("finds another company's account as little as one that does not exist", async () => {
    const other = await env.createTenant();
    const foreign = await refused({ socialAccountId: other.socialAccountId, text: "Hello" });
    const missing = await refused({ socialAccountId: "01a20000-0000-7000-8000-000000000000", text: "Hello" });
    expect(foreign.status).toBe(404);
    expect({ ...foreign.body, requestId: "" }).toEqual({ ...missing.body, requestId: "" });
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
