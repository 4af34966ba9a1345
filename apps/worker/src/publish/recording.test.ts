import { randomUUID } from "node:crypto";
import type { Published, Settlement } from "@punctual/core";
import { attemptEnd, claimPost, type ClaimedPost } from "@punctual/db";
import { createTestEnvironment, insertTestPost, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shippedParts } from "../parts.ts";
import { restartPostgres } from "./postgres-restart.fixture.ts";
import { recordOutcome } from "./recording.ts";

const published: Published = { kind: "published", externalId: "r-1" };
const settlement: Settlement = { status: "published", published };

let env: TestEnvironment;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

async function claimed(): Promise<{ post: ClaimedPost; claimToken: string }> {
  const postId = await insertTestPost(env, await env.createTenant());
  const claimToken = randomUUID();
  const request = { postId, revision: 1, claimToken, worker: "worker-1", phase: "sending", leaseMs: 20_000 } as const;
  const claim = await claimPost(env.database, request);
  if (claim.kind !== "claimed") throw new Error("not claimed");
  return { post: claim.post, claimToken };
}

function record(held: { post: ClaimedPost; claimToken: string }, repeatIsHarmless = false): Promise<boolean> {
  const attempt = attemptEnd(published);
  const facts = { settlement, attempt, published, needsJob: false, repeatIsHarmless, sinceClaimedMs: () => 0 };
  return recordOutcome(env.database, { ...held, ...facts }, { logger: env.logger, parts: shippedParts });
}

async function statusOf(id: string): Promise<unknown> {
  const [row] = await env.sql("SELECT status, external_id FROM posts WHERE id = $1", [id]);
  return row;
}

test("recording comes through a Postgres that breaks its connections and then blocks for a while", async () => {
  const held = await claimed();
  const restart = await restartPostgres(env);
  const recorded = record(held);
  await restart.breakConnections();
  await restart.isTriedAgain();
  await restart.end();
  expect(await recorded).toBe(true);
  expect(await statusOf(held.post.id)).toEqual({ status: "published", external_id: "r-1" });
});

test("recording what is recorded already, because the answer to it was lost, changes nothing and alarms nobody", async () => {
  const held = await claimed();
  expect(await record(held)).toBe(true);
  await record(held);
  const attempts = await env.sql("SELECT outcome FROM attempts WHERE post_id = $1", [held.post.id]);
  expect(attempts).toEqual([{ outcome: "published" }]);
  const events = await env.sql("SELECT FROM events WHERE post_id = $1 AND type = 'post.published'", [held.post.id]);
  expect(events).toHaveLength(1);
});
