import { randomUUID } from "node:crypto";
import type { Published, Settlement } from "@punctual/core";
import { attemptEnd, claimPost, openDatabase, type ClaimedPost } from "@punctual/db";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shippedParts } from "../parts.ts";
import { restartPostgres } from "./postgres-restart.fixture.ts";
import { recordOutcome } from "./recording.ts";

/** What recording promises to outlast is an outage of 20 s. */
const outageMs = 20_500;
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

test("a success is recorded although Postgres was away for longer than 20 s meanwhile", async () => {
  const held = await claimed();
  const own = new URL(env.databaseUrl).pathname.slice(1);
  const administration = openDatabase(
    { url: new URL("/postgres", env.databaseUrl).href, pooled: false, connectionsMax: 1, applicationName: "test" },
    { logger: env.logger },
  );
  const { prisma } = administration;
  const rename = async (from: string, to: string) => {
    await prisma.$executeRaw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${from}`;
    await prisma.$executeRawUnsafe(`ALTER DATABASE ${from} RENAME TO ${to}`);
    return true;
  };
  try {
    // A database under another name is as good as away to those that look for it.
    await until("it is away", () => rename(own, `away_${own}`));
    const since = performance.now();
    const recorded = record(held);
    await until("the outage is over", async () => performance.now() - since > outageMs, { timeoutMs: 2 * outageMs });
    await rename(`away_${own}`, own);
    expect(await recorded).toBe(true);
  } finally {
    await administration.close();
  }
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
