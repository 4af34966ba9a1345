import { markLatePosts } from "@punctual/db";
import { leadMs } from "@punctual/queue";
import { createTestEnvironment, until, yearAhead, type TestEnvironment } from "@punctual/testing";
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

const later = `${yearAhead}-06-01T00:00:00.000Z`;
const schedule = async (more: object = {}) => {
  const body = { socialAccountId: tenant.socialAccountId, text: "Hello", scheduledAt: later, ...more };
  return (await api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body })).body;
};
const edit = (id: string, body: unknown, headers: Record<string, string> = {}) =>
  api.call<PostOut>(tenant.apiKey, "PATCH", `/v1/posts/${id}`, { body, headers });
const refused = async (id: string, body: unknown) => {
  const answer = await api.call(tenant.apiKey, "PATCH", `/v1/posts/${id}`, { body });
  return { status: answer.status, errors: answer.body.errors?.map(({ path, code }) => [path, code]) };
};
const read = async (id: string) => (await api.call<PostOut>(tenant.apiKey, "GET", `/v1/posts/${id}`)).body;
/** Puts a post into a state that only workers bring about. */
const force = (id: string, change: string) => env.sql(`UPDATE posts SET ${change} WHERE id = $1`, [id]);

describe("an edit", () => {
  test("changes what it names, leaves the rest, and is a new revision", async () => {
    const post = await schedule({ metadata: { a: "1" }, groupId: "g" });
    const { status, body, headers } = await edit(post.id, { text: "Changed", link: "https://example.com/" });
    expect(status).toBe(200);
    expect(headers["etag"]).toBe('"2"');
    expect(body).toEqual({
      ...post,
      text: "Changed",
      link: "https://example.com/",
      revision: 2,
      updatedAt: body.updatedAt,
    });
    expect(await read(post.id)).toEqual(body);
  });

  test("discards what was prepared, and takes the post from whoever prepares it", async () => {
    const { id } = await schedule();
    const prepared = `checkpoint = '{"upload": 1}', prepared_at = app_now(), risks_told = '{limited}'`;
    await force(
      id,
      `${prepared}, preparing_token = gen_random_uuid(), preparing_until = app_now() + interval '1 hour'`,
    );
    expect((await edit(id, { text: "Changed" })).status).toBe(200);
    const [row] = await env.sql(
      "SELECT checkpoint, prepared_at, preparing_token, preparing_until, risks_told FROM posts WHERE id = $1",
      [id],
    );
    const none = { checkpoint: null, prepared_at: null, preparing_token: null, preparing_until: null };
    expect(row).toEqual({ ...none, risks_told: [] });
  });

  test("is a merge patch: null takes a field back to its default, objects are merged", async () => {
    const { id } = await schedule({
      metadata: { keep: "1", drop: "2" },
      link: "https://example.com",
      media: [{ url: "https://example.com/a" }],
      groupId: "g",
      maxAttempts: 2,
      lateness: { graceMinutes: 7, then: "publish" },
    });
    const { body } = await edit(id, {
      metadata: { drop: null, add: "3" },
      link: null,
      media: null,
      groupId: null,
      maxAttempts: null,
      lateness: { then: "miss" },
    });
    expect(body).toMatchObject({
      metadata: { keep: "1", add: "3" },
      link: null,
      media: [],
      groupId: null,
      maxAttempts: 5,
      lateness: { graceMinutes: 7, then: "miss" },
    });
    expect(body.metadata).not.toHaveProperty("drop");
    expect((await edit(id, { metadata: null, lateness: null })).body).toMatchObject({
      metadata: {},
      lateness: { graceMinutes: 2_880, then: "miss" },
    });
  });

  test("that changes nothing is no revision", async () => {
    const post = await schedule({ metadata: { b: "1", a: "2" } });
    for (const patch of [
      {},
      { text: "Hello" },
      { scheduledAt: `${yearAhead}-06-01T02:00:00+02:00` },
      { metadata: { a: "2", b: "1" } },
    ]) {
      expect((await edit(post.id, patch)).body).toEqual(post);
    }
  });

  test("replaces the job by one for the new revision and instant", async () => {
    const { id } = await schedule();
    const job = (jobId: string) => api.producer.queues[0]?.getJob(jobId) ?? Promise.resolve(undefined);
    await until("the first job is there", () => job(`${id}_1_0`));
    await edit(id, { scheduledAt: `${yearAhead}-07-01T00:00:00Z` });
    const second = await until("the second job is there", () => job(`${id}_2_0`));
    expect(second.timestamp + second.delay).toBe(Date.parse(`${yearAhead}-07-01T00:00:00Z`) - leadMs);
    await until("the first job is gone", async () => (await job(`${id}_1_0`)) === undefined);
    await until("the row says so", async () => {
      const rows = await env.sql("SELECT FROM posts WHERE id = $1 AND enqueued_rev = 2", [id]);
      return rows.length === 1;
    });
  });

  test("is an event that names the fields, not their values", async () => {
    const { id } = await schedule();
    await edit(id, { text: "Very private", scheduledAt: `${yearAhead}-07-01T00:00:00Z` });
    const [event] = await env.sql("SELECT data FROM events WHERE post_id = $1 AND type = 'post.updated'", [id]);
    expect(event).toEqual({
      data: {
        status: "scheduled",
        revision: 2,
        scheduledAt: `${yearAhead}-07-01T00:00:00.000Z`,
        changed: ["text", "scheduledAt"],
      },
    });
  });
});

describe("rescheduling", () => {
  test("by an instant forgets the wall clock, by a wall clock takes its zone along", async () => {
    const { id } = await schedule({
      scheduledAt: undefined,
      localTime: `${yearAhead}-06-01T09:00`,
      timeZone: "Europe/Rome",
    });
    const zone = await edit(id, { timeZone: "Asia/Tokyo" });
    expect(zone.body).toMatchObject({
      scheduledAt: `${yearAhead}-06-01T00:00:00.000Z`,
      localTime: `${yearAhead}-06-01T09:00`,
      timeZone: "Asia/Tokyo",
    });
    const clock = await edit(id, { localTime: `${yearAhead}-06-02T09:00` });
    expect(clock.body).toMatchObject({
      scheduledAt: `${yearAhead}-06-02T00:00:00.000Z`,
      timeZone: "Asia/Tokyo",
      timeAdjustment: "none",
    });
    const instant = await edit(id, { scheduledAt: `${yearAhead}-06-03T00:00:00Z` });
    expect(instant.body).toMatchObject({
      scheduledAt: `${yearAhead}-06-03T00:00:00.000Z`,
      localTime: null,
      timeZone: null,
      timeAdjustment: null,
    });
  });

  test("keeps the instant when only the wall clock is dropped", async () => {
    const { id, scheduledAt } = await schedule({
      scheduledAt: undefined,
      localTime: `${yearAhead}-06-01T09:00`,
      timeZone: "Europe/Rome",
    });
    const { body } = await edit(id, { localTime: null, timeZone: null });
    expect(body).toMatchObject({ scheduledAt, localTime: null, timeZone: null });
  });

  test("moves the end of the grace along", async () => {
    const { id } = await schedule({ lateness: { graceMinutes: 10, then: "miss" } });
    await edit(id, { scheduledAt: `${yearAhead}-07-01T00:00:00Z` });
    const [row] = await env.sql("SELECT late_at FROM posts WHERE id = $1", [id]);
    expect(row).toEqual({ late_at: new Date(`${yearAhead}-07-01T00:10:00Z`) });
  });

  test("of what happens after the grace counts also when the grace is over already", async () => {
    const { id } = await schedule({ lateness: { graceMinutes: 10, then: "publish" } });
    const ago = (minutes: number) => `app_now() - interval '${minutes} minutes'`;
    await force(id, `status = 'held', held_reason = 'paused', scheduled_at = ${ago(20)}, late_at = ${ago(10)}`);
    await markLatePosts(env.database, 100);
    expect(await read(id)).toMatchObject({ status: "held" });
    await edit(id, { lateness: { then: "miss" } });
    await markLatePosts(env.database, 100);
    expect(await read(id)).toMatchObject({ status: "missed" });
  });

  test("may repeat an instant that has passed meanwhile, but not choose one", async () => {
    const { id, scheduledAt } = await schedule({ scheduledAt: undefined });
    await force(
      id,
      "status = 'retrying', scheduled_at = scheduled_at - interval '1 hour', next_attempt_at = app_now() + interval '1 hour'",
    );
    const passed = new Date(Date.parse(scheduledAt) - 3_600_000).toISOString();
    expect((await edit(id, { scheduledAt: passed, text: "Changed" })).body).toMatchObject({
      scheduledAt: passed,
      text: "Changed",
    });
    const chosen = new Date(Date.parse(scheduledAt) - 1_800_000).toISOString();
    expect(await refused(id, { scheduledAt: chosen })).toEqual({
      status: 422,
      errors: [["/scheduledAt", "scheduled_in_past"]],
    });
  });
});

describe("what cannot be edited", () => {
  test.each([
    [{ socialAccountId: "01a20000-0000-7000-8000-000000000000" }, 400, "/socialAccountId", "unknown_field"],
    [{ text: null }, 400, "/text", "wrong_type"],
    [{ scheduledAt: null }, 400, "/scheduledAt", "wrong_type"],
    [{ link: "nonsense" }, 400, "/link", "invalid_format"],
    [{ metadata: { a: 1 } }, 400, "/metadata/a", "wrong_type"],
    [{ lateness: { graceMinutes: "1" } }, 400, "/lateness/graceMinutes", "wrong_type"],
    [{ scheduledAt: later, localTime: `${yearAhead}-06-01T09:00` }, 422, "/localTime", "conflicting_times"],
    [{ localTime: `${yearAhead}-06-01T09:00` }, 422, "/timeZone", "required"],
    [{ options: { pin: 1 } }, 422, "/options/pin", "unknown_option"],
    [
      { metadata: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, "v"])) },
      422,
      "/metadata",
      "too_many",
    ],
  ])("%j is refused by path, and changes nothing", async (patch, status, path, code) => {
    const post = await schedule({ metadata: { existing: "1" } });
    expect(await refused(post.id, patch)).toEqual({ status, errors: [[path, code]] });
    expect(await read(post.id)).toEqual(post);
  });

  test.each([
    ["published", "status = 'published', published_at = app_now()"],
    ["cancelled", "status = 'cancelled'"],
    ["unconfirmed", "status = 'unconfirmed'"],
    ["retrying with its outcome open", "status = 'retrying', outcome_open = true"],
    ["held with its outcome open", "status = 'held', held_reason = 'paused', outcome_open = true"],
  ])("a post that is %s is 409 too_late", async (_name, change) => {
    const { id } = await schedule();
    await force(id, change);
    expect(await edit(id, { text: "Changed" })).toMatchObject({ status: 409, body: { code: "too_late" } });
    expect((await read(id)).text).toBe("Hello");
  });

  test("another revision than the one in If-Match is 412", async () => {
    const { id } = await schedule();
    expect((await edit(id, { text: "Second" }, { "if-match": '"1"' })).status).toBe(200);
    const late = await edit(id, { text: "Third" }, { "if-match": '"1"' });
    expect(late).toMatchObject({ status: 412, body: { code: "other_revision" }, headers: { etag: '"2"' } });
    expect((await edit(id, { text: "Third" }, { "if-match": "*" })).status).toBe(200);
    // Revisions are named in one way; a weak or a second name would match by luck.
    for (const name of ["2", "", 'W/"3"', '"2", "3"', '"0"', '"three"', '"03"']) {
      expect(await edit(id, { text: "Fourth" }, { "if-match": name }), name).toMatchObject({
        status: 400,
        body: { errors: [{ path: "if-match", code: "invalid_format" }] },
      });
    }
    const got = await api.call(tenant.apiKey, "GET", `/v1/posts/${id}`);
    expect(got.headers["etag"]).toBe('"3"');
  });

  test("another company's post is 404", async () => {
    const { id } = await schedule();
    const other = await env.createTenant();
    expect((await api.call(other.apiKey, "PATCH", `/v1/posts/${id}`, { body: { text: "Mine" } })).status).toBe(404);
  });
});
