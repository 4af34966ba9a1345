import { randomUUID } from "node:crypto";
import { claimPost } from "@punctual/db";
import { createTestEnvironment, yearAhead, type TestEnvironment } from "@punctual/testing";
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
const read = async (id: string) => (await api.call<PostOut>(tenant.apiKey, "GET", `/v1/posts/${id}`)).body;
/** Puts a post into a state that only workers bring about. */
const force = (id: string, change: string) => env.sql(`UPDATE posts SET ${change} WHERE id = $1`, [id]);
const claim = (id: string, revision: number) =>
  claimPost(env.database, {
    postId: id,
    revision,
    claimToken: randomUUID(),
    worker: "test",
    phase: "sending",
    leaseMs: 20_000,
  });

describe("what becomes of", () => {
  test("a retrying post: it is scheduled again, with a new budget, at its next attempt", async () => {
    const { id } = await schedule();
    await force(
      id,
      `status = 'retrying', attempts = 3, attempts_used = 3, next_attempt_at = '${yearAhead}-06-01T00:05:00Z', first_sent_at = app_now(),
       failure_category = 'platform', failure_code = 'http_503', failure_message = 'x', failed_at = app_now()`,
    );
    const { body } = await edit(id, { text: "Changed" });
    expect(body).toMatchObject({
      status: "scheduled",
      attempts: 3,
      nextAttemptAt: `${yearAhead}-06-01T00:05:00.000Z`,
      failure: null,
    });
    const [row] = await env.sql("SELECT attempts_used, first_sent_at FROM posts WHERE id = $1", [id]);
    expect(row).toEqual({ attempts_used: 0, first_sent_at: null });
  });

  test.each(["failed", "missed"])("a post that %s: it keeps its state", async (status) => {
    const { id } = await schedule();
    await force(id, `status = '${status}'`);
    expect((await edit(id, { text: "Changed", scheduledAt: `${yearAhead}-07-01T00:00:00Z` })).body).toMatchObject({
      status,
      text: "Changed",
      revision: 2,
      nextAttemptAt: null,
    });
  });

  test("a held post: it stays held", async () => {
    const { id } = await schedule();
    await force(id, "status = 'held', held_reason = 'paused'");
    expect((await edit(id, { text: "Changed" })).body).toMatchObject({
      status: "held",
      heldReason: "paused",
      revision: 2,
    });
  });
});

test("of an edit and a claim at the same moment, either the edit is in what goes out or it is refused", async () => {
  for (let race = 0; race < 100; race += 1) {
    const { id } = await schedule({ scheduledAt: undefined });
    const [answer, claimed] = await Promise.all([edit(id, { text: "Changed" }), claim(id, 1)]);
    if (answer.status === 200) {
      expect(claimed.kind).toBe("not_claimable");
      const second = await claim(id, 2);
      expect(second).toMatchObject({ kind: "claimed", post: { text: "Changed" } });
    } else {
      expect(answer).toMatchObject({ status: 409, body: { code: "too_late" } });
      expect(claimed).toMatchObject({ kind: "claimed", post: { text: "Hello" } });
    }
  }
});

test("of edits at the same moment each is applied to the other, none is lost", async () => {
  const { id } = await schedule();
  const answers = await Promise.all([
    edit(id, { text: "Changed" }),
    edit(id, { link: "https://example.com" }),
    edit(id, { metadata: { a: "1" } }),
    edit(id, { groupId: "g" }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await read(id)).toMatchObject({
    text: "Changed",
    link: "https://example.com",
    metadata: { a: "1" },
    groupId: "g",
    revision: 5,
  });
});

test("of many edits at the same moment all are in the post that are answered so, and the others are told to come again", async () => {
  const { id } = await schedule();
  const names = Array.from({ length: 40 }, (_, index) => `edit${index}`);
  const answers = await Promise.all(names.map((name) => edit(id, { metadata: { [name]: "1" } })));
  const taken = names.filter((_, index) => answers[index]?.status === 200);
  expect(taken.length).toBeGreaterThan(10);
  const { metadata, revision } = await read(id);
  expect(Object.keys(metadata).toSorted()).toEqual(taken.toSorted());
  expect(revision).toBe(1 + taken.length);
  for (const { status, headers } of answers.filter(({ status }) => status !== 200)) {
    expect({ status, retryAfter: headers["retry-after"] }).toEqual({ status: 503, retryAfter: "1" });
  }
});
