import { findPost, markEnqueued } from "@punctual/db";
import { openProducer, type PublishProducer } from "@punctual/queue";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createReleaser } from "./releaser.ts";

let env: TestEnvironment;
let producer: PublishProducer;

beforeAll(async () => {
  env = await createTestEnvironment();
  producer = openProducer(
    { redisUrl: env.redisUrl, prefix: env.redisPrefix, platforms: ["webhook"] },
    { logger: env.logger, onEnqueued: (posts) => markEnqueued(env.database, posts) },
  );
  await until("Redis is reached", () => producer.isReady());
});
afterAll(async () => {
  await producer?.stop();
  await env?.close();
});

test("posts left held in an open account are released with a job, those of a closed one stay", async () => {
  const open = await env.createTenant();
  const paused = await env.createTenant();
  await env.sql("UPDATE social_accounts SET paused = true WHERE id = $1", [paused.socialAccountId]);
  const [left, right] = await Promise.all([open, paused].map((tenant) => insertTestPost(env, tenant)));
  await env.sql("UPDATE posts SET status = 'held', held_reason = 'paused'");

  const releaser = createReleaser({ database: env.database, producer, logger: env.logger });
  await releaser.start();
  const released = await until("the post is released and enqueued", async () => {
    const rows = await env.sql("SELECT FROM posts WHERE id = $1 AND status = 'scheduled' AND enqueued_rev = 1", [left]);
    return rows.length > 0 ? findPost(env.database, { companyId: open.companyId, id: left ?? "" }) : null;
  });
  await releaser.stop();
  expect(released).toMatchObject({ heldReason: null, generation: 1 });
  const kept = await findPost(env.database, { companyId: paused.companyId, id: right ?? "" });
  expect(kept).toMatchObject({ status: "held", heldReason: "paused" });
});

test("posts left waiting in a closed account are held", async () => {
  const tenant = await env.createTenant();
  const id = await insertTestPost(env, tenant, { dueInMs: 3_600_000 });
  await env.sql("UPDATE social_accounts SET status = 'needs_reconnect' WHERE id = $1", [tenant.socialAccountId]);

  const releaser = createReleaser({ database: env.database, producer, logger: env.logger });
  await releaser.start();
  const held = await until("the post is held", async () => {
    const post = await findPost(env.database, { companyId: tenant.companyId, id });
    return post?.status === "held" && post;
  });
  await releaser.stop();
  expect(held).toMatchObject({ heldReason: "needs_reconnect" });
});
