import { randomUUID } from "node:crypto";
import { claimPost, recordSettlement, attemptEnd } from "@punctual/db";
import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { PostOut } from "./schemas.ts";
import { toTimeline, type Timeline, type TimelineEntry } from "./timeline.ts";

describe("merging", () => {
  const at = (ms: number) => new Date(Date.UTC(2027, 0, 1) + ms);
  const event = (type: string, ms: number) => ({
    sequence: String(ms),
    type,
    data: {},
    requestId: null,
    createdAt: at(ms),
  });
  const attempt = (number: number, started: number, sent: number | null, ended: number | null) => ({
    number,
    revision: 1,
    worker: "w",
    phase: sent === null ? "preparing" : "sending",
    outcome: ended === null ? null : "retry",
    category: null,
    code: null,
    message: null,
    httpStatus: null,
    externalId: null,
    externalUrl: null,
    startedAt: at(started),
    sentAt: sent === null ? null : at(sent),
    endedAt: ended === null ? null : at(ended),
  });
  const types = (entries: readonly TimelineEntry[]) => entries.map(({ type }) => type);

  test("what happened in one millisecond is told as cause and effect", () => {
    const events = [event("post.scheduled", 0), event("post.retrying", 0), event("post.published", 0)];
    const attempts = [attempt(1, 0, 0, 0), attempt(2, 0, 0, 0)];
    expect(types(toTimeline({ events, attempts })).slice(0, 4)).toEqual([
      "post.scheduled",
      "attempt.started",
      "attempt.sending",
      "attempt.ended",
    ]);
    expect(types(toTimeline({ events, attempts })).at(-1)).toBe("post.published");
  });

  test("an attempt that still runs has not ended, one that prepares has not sent", () => {
    const events = [event("post.scheduled", 0)];
    expect(types(toTimeline({ events, attempts: [attempt(1, 5, 9, null)] }))).toEqual([
      "post.scheduled",
      "attempt.started",
      "attempt.sending",
    ]);
    expect(types(toTimeline({ events, attempts: [attempt(1, 5, null, null)] }))).toEqual([
      "post.scheduled",
      "attempt.started",
    ]);
  });

  test("a cancel after a failed attempt stands after it", () => {
    const events = [event("post.scheduled", 0), event("post.retrying", 8), event("post.cancelled", 9)];
    expect(types(toTimeline({ events, attempts: [attempt(1, 5, 6, 8)] }))).toEqual([
      "post.scheduled",
      "attempt.started",
      "attempt.sending",
      "attempt.ended",
      "post.retrying",
      "post.cancelled",
    ]);
  });
});

describe("over HTTP", () => {
  let env: TestEnvironment;
  let api: AppUnderTest;

  beforeAll(async () => {
    env = await createTestEnvironment();
    api = await openAppUnderTest(env);
  });
  afterAll(async () => {
    await api?.close();
    await env?.close();
  });

  test("a post that was published at the second try tells its whole story", async () => {
    const tenant = await env.createTenant();
    const body = { socialAccountId: tenant.socialAccountId, text: "Hello" };
    const headers = { "x-request-id": "story" };
    const { body: post } = await api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body, headers });
    const attemptOnce = async (
      outcome: Parameters<typeof attemptEnd>[0],
      settlement: Parameters<typeof recordSettlement>[1]["settlement"],
    ) => {
      const claimToken = randomUUID();
      const claim = {
        postId: post.id,
        revision: 1,
        claimToken,
        worker: "worker-1",
        phase: "sending",
        leaseMs: 20_000,
      } as const;
      expect((await claimPost(env.database, claim)).kind).toBe("claimed");
      const record = { postId: post.id, claimToken, settlement, attempt: attemptEnd(outcome), needsJob: false };
      expect(await recordSettlement(env.database, record)).toBe(true);
      await env.advanceClock(10_000);
    };
    const fault = { code: "http_503", message: "the receiver answered 503" };
    await attemptOnce(
      { kind: "retry", category: "platform", ...fault, httpStatus: 503 },
      {
        status: "retrying",
        delayMs: 5_000,
        outcomeOpen: false,
        counts: true,
        failure: { category: "platform", ...fault },
      },
    );
    const published = { kind: "published", externalId: "42", httpStatus: 200 } as const;
    await attemptOnce(published, { status: "published", published });

    const { status, body: timeline } = await api.call<Timeline>(tenant.apiKey, "GET", `/v1/posts/${post.id}/timeline`);
    expect(status).toBe(200);
    expect(timeline.data).toMatchObject([
      { type: "post.scheduled", requestId: "story", data: { status: "scheduled", scheduledAt: post.scheduledAt } },
      { type: "attempt.started", attempt: { number: 1, worker: "worker-1", outcome: null } },
      { type: "attempt.sending", attempt: { number: 1 } },
      {
        type: "attempt.ended",
        attempt: { number: 1, outcome: "retry", category: "platform", code: "http_503", httpStatus: 503 },
      },
      { type: "post.retrying", data: { status: "retrying" } },
      { type: "attempt.started", attempt: { number: 2 } },
      { type: "attempt.sending", attempt: { number: 2 } },
      { type: "attempt.ended", attempt: { number: 2, outcome: "published", externalId: "42", httpStatus: 200 } },
      { type: "post.published", data: { status: "published" } },
    ]);
    const moments = timeline.data.map(({ at }) => at);
    expect(moments).toEqual(moments.toSorted());
    expect(JSON.stringify(timeline)).not.toContain("Hello");
  });

  test("a long story is told in pages of any size, each entry once and in order, also what came meanwhile", async () => {
    const tenant = await env.createTenant();
    const body = { socialAccountId: tenant.socialAccountId, text: "Hello" };
    const { body: post } = await api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body });
    await env.sql(
      `INSERT INTO events (company_id, post_id, social_account_id, type, created_at)
       SELECT $1, $2, $3, 'post.updated', app_now() + n * interval '3 seconds' FROM generate_series(1, 300) AS n`,
      [tenant.companyId, post.id, tenant.socialAccountId],
    );
    const attempts = (from: number, to: number) =>
      env.sql(
        `INSERT INTO attempts (post_id, number, revision, claim_token, worker, phase, outcome, started_at, sent_at, ended_at)
         SELECT $1, n, 1, gen_random_uuid(), 'w', 'sending', 'retry', app_now() + n * interval '7 seconds',
                app_now() + n * interval '7 seconds', app_now() + (7 * n + 1) * interval '1 second'
         FROM generate_series($2::int, $3::int) AS n`,
        [post.id, from, to],
      );
    await attempts(1, 100);
    const url = `/v1/posts/${post.id}/timeline`;
    const read = async (query: string) => (await api.call<Timeline>(tenant.apiKey, "GET", `${url}${query}`)).body;
    const readAll = async (limit: number) => {
      const pages = [await read(`?limit=${limit}`)];
      while (pages.at(-1)?.nextCursor) pages.push(await read(`?limit=${limit}&cursor=${pages.at(-1)?.nextCursor}`));
      for (const page of pages.slice(0, -1)) expect(page.data).toHaveLength(limit);
      return pages.flatMap(({ data }) => data);
    };
    const whole = await readAll(200);
    expect(whole).toHaveLength(1 + 300 + 3 * 100);
    const moments = whole.map(({ at }) => at);
    expect(moments).toEqual(moments.toSorted());
    for (const limit of [7, 50]) expect(await readAll(limit)).toEqual(whole);
    const first = await read("");
    expect(first.data).toEqual(whole.slice(0, 200));
    await attempts(101, 110);
    const rest = await read(`?cursor=${first.nextCursor}`);
    expect(rest.data).toEqual(whole.slice(200, 400));
  });

  test("an attempt that was running when a page ended is told to its end on the next", async () => {
    const tenant = await env.createTenant();
    const body = { socialAccountId: tenant.socialAccountId, text: "Hello" };
    const { body: post } = await api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body });
    const claimToken = randomUUID();
    const claim = { postId: post.id, revision: 1, claimToken, worker: "w", phase: "sending", leaseMs: 20_000 } as const;
    await claimPost(env.database, claim);
    const url = `/v1/posts/${post.id}/timeline`;
    const first = await api.call<Timeline>(tenant.apiKey, "GET", `${url}?limit=2`);
    expect(first.body.data.map(({ type }) => type)).toEqual(["post.scheduled", "attempt.started"]);
    const published = { kind: "published", httpStatus: 200 } as const;
    const settlement = { status: "published", published } as const;
    const record = { postId: post.id, claimToken, settlement, attempt: attemptEnd(published), needsJob: false };
    await recordSettlement(env.database, record);
    const second = await api.call<Timeline>(tenant.apiKey, "GET", `${url}?cursor=${first.body.nextCursor}`);
    expect(second.body.data.map(({ type }) => type)).toEqual(["attempt.sending", "attempt.ended", "post.published"]);
    expect(second.body.nextCursor).toBeNull();
  });

  test("a cursor of something else is 400", async () => {
    const tenant = await env.createTenant();
    const body = { socialAccountId: tenant.socialAccountId, text: "Hello" };
    const { body: post } = await api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body });
    const encoded = ["", "1.1", "1.1.4", "-1.1.1", "9999999999999999999.1.1"].map((text) =>
      Buffer.from(text).toString("base64url"),
    );
    for (const cursor of [...encoded, "%00", "x"]) {
      const { status } = await api.call(tenant.apiKey, "GET", `/v1/posts/${post.id}/timeline?cursor=${cursor}`);
      expect(status, cursor).toBe(400);
    }
  });
});
