/**
 * The API through types generated from its own description, so that the compiler knows every path, field and code:
 *
 *     npx openapi-typescript http://127.0.0.1:3000/openapi.json --output docs/examples/typed-client/api-types.ts
 *     API_URL=… API_KEY=… ACCOUNT_ID=… node_modules/.bin/node docs/examples/typed-client/client.ts
 *
 * A post is scheduled, found, edited and cancelled; what is refused says why in words the compiler knows; and what
 * happened is read back as events. Each line marked `@ts-expect-error` is one that must not compile.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./api-types.ts";

const { API_URL: baseUrl = "http://127.0.0.1:3000", API_KEY: key, ACCOUNT_ID: account } = process.env;
assert.ok(key !== undefined && account !== undefined, "API_KEY and ACCOUNT_ID are needed");

type Post = components["schemas"]["Post"];

/** Everything but the stream of events, which is no JSON. */
type Json = "application/json" | "application/problem+json";
const api = createClient<paths, Json>({ baseUrl, headers: { authorization: `Bearer ${key}` } });
const inAnHour = new Date(Date.now() + 3_600_000).toISOString();

// Schedule; the same request again is answered with the same post.
const request = {
  params: { header: { "Idempotency-Key": `typed-${inAnHour}` } },
  body: { socialAccountId: account, text: "Typed", scheduledAt: inAnHour, groupId: "typed" },
} as const;
const scheduled = await api.POST("/v1/posts", request);
assert.ok(scheduled.data, JSON.stringify(scheduled.error));
const post: Post = scheduled.data;
assert.equal(scheduled.response.headers.get("location"), `/v1/posts/${post.id}`);
const repeated = await api.POST("/v1/posts", request);
assert.equal(repeated.data?.id, post.id);
assert.equal(repeated.response.headers.get("idempotent-replayed"), "true");
console.log(`scheduled ${post.status}, repeated`);

// List.
const list = await api.GET("/v1/posts", { params: { query: { groupId: "typed", status: "scheduled,held" } } });
assert.deepEqual(
  list.data?.data.map(({ id }) => id),
  [post.id],
);
const next: string | null | undefined = list.data?.nextCursor;
assert.equal(next, null);
console.log("listed");

// Edit what was read, and only that.
const path = { id: post.id };
const edited = await api.PATCH("/v1/posts/{id}", {
  params: { path, header: { "If-Match": `"${post.revision}"` } },
  body: { text: "Typed, edited", groupId: null },
});
assert.deepEqual([edited.data?.revision, edited.data?.text, edited.data?.groupId], [2, "Typed, edited", null]);
const stale = await api.PATCH("/v1/posts/{id}", {
  params: { path, header: { "If-Match": '"1"' } },
  body: { text: "Too late" },
});
assert.equal(stale.error?.code, "other_revision");
console.log("edited once");

// Cancel.
const cancelled = await api.DELETE("/v1/posts/{id}", { params: { path } });
assert.equal(cancelled.data?.status, "cancelled");
console.log("cancelled");

// A refusal is a problem document, whose codes are known where they are few.
const tooEarly = { socialAccountId: account, text: "Late", scheduledAt: "2020-01-01T00:00:00Z" };
const refused = await api.POST("/v1/posts", { body: tooEarly });
assert.equal(refused.response.status, 422);
assert.equal(refused.error?.code, "scheduled_in_past");
assert.equal(refused.error.errors?.[0]?.path, "/scheduledAt");
const again = await api.POST("/v1/posts/{id}/resolve", { params: { path }, body: { outcome: "published" } });
assert.equal(whyNotResolved(again.error), "there was nothing to resolve");
console.log("refused as typed");

// Events, oldest first; they show when nothing older can turn up any more, which is soon.
const happened = ["post.scheduled", "post.updated", "post.cancelled"];
for (let tries = 0; (await eventsOf(post)).length < happened.length; tries += 1) {
  assert.ok(tries < 300, "the events did not show");
  await delay(100);
}
assert.deepEqual(await eventsOf(post), happened);
console.log("events read");

async function eventsOf({ id }: Post): Promise<string[]> {
  const { data: page } = await api.GET("/v1/events", { params: { query: { type: happened.join(",") } } });
  return (page?.data ?? []).filter(({ data }) => data.postId === id).map(({ type }) => type);
}

type Resolution = paths["/v1/posts/{id}/resolve"]["post"]["responses"];
type ResolveConflict = Resolution[409]["content"]["application/problem+json"]["code"];

function whyNotResolved(problem: { code: string } | undefined): string {
  const conflict: ResolveConflict = "not_unconfirmed";
  // @ts-expect-error No conflict of this operation has that code.
  const other: ResolveConflict = "too_late";
  return problem?.code === conflict ? "there was nothing to resolve" : `${problem?.code}, not ${other}`;
}

/** Never called: that it compiles as marked is the test. */
export async function mustNotCompile(): Promise<void> {
  // @ts-expect-error There is no such path.
  await api.GET("/v1/nothing");
  // @ts-expect-error A post needs a text.
  await api.POST("/v1/posts", { body: { socialAccountId: "" } });
  // @ts-expect-error A text is a string.
  await api.PATCH("/v1/posts/{id}", { params: { path }, body: { text: 7 } });
  // @ts-expect-error There is no such state.
  const state: Post["status"] = "lost";
  // @ts-expect-error A failure may be null.
  console.log(post.failure.code, state);
}
