/** On what terms the pipeline takes a post: what is to be prepared, and the platform's limits; by job and by poller. */
import { defaultRetryPolicy, type Outcome, type Platform } from "@punctual/core";
import { overduePosts } from "@punctual/db";
import { createPlatforms } from "@punctual/platforms";
import { openConsumer, openProducer } from "@punctual/queue";
import {
  createTestEnvironment,
  insertTestPost,
  insertTestPosts,
  until,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestLookout } from "../maintenance/lookout.fixture.ts";
import { createPoller } from "../maintenance/poller.ts";
import { shippedParts } from "../parts.ts";
import { createPublisher, type Publisher } from "./publisher.ts";

const hourMs = 3_600_000;
const { byName } = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const webhook = byName.get("webhook") as Platform;

let env: TestEnvironment;
let tenant: TestTenant;
let publisher: Publisher;
let calls: string[];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
  const { database, keyring, logger } = env;
  const deps = { database, keyring, logger, parts: shippedParts };
  publisher = createPublisher(deps, { worker: "worker-1", retryPolicy: defaultRetryPolicy });
  calls = [];
});

function platformThat(changes: Partial<Platform>): Platform {
  return {
    ...webhook,
    guarantee: () => "at_most_once",
    async send({ id }, { beforeSend }): Promise<Outcome> {
      beforeSend();
      calls.push(`send ${id}`);
      return { kind: "published" };
    },
    ...changes,
  };
}

const publish = (postId: string, platform: Platform, generation = 0) =>
  publisher.publish(platform, { postId, revision: 1, generation }, "job");
const row = async (id: string) =>
  (await env.sql<Record<string, unknown>>("SELECT * FROM posts WHERE id = $1", [id]))[0];

describe("a platform that prepares", () => {
  const platform = platformThat({
    async prepare() {
      calls.push("prepare");
      return { kind: "ready", checkpoint: {} };
    },
    needsPreparing: ({ media }) => media.length > 0,
  });

  test("does not for a post without media, which is sent straight from its claim", async () => {
    const id = await insertTestPost(env, tenant);
    await env.sql("UPDATE posts SET needs_preparing = false WHERE id = $1", [id]);
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(calls).toEqual([`send ${id}`]);
  });

  test("does so in another attempt, at no cost, if whoever accepted the post did not know that it must", async () => {
    const id = await insertTestPost(env, tenant);
    await env.sql(
      `UPDATE posts SET needs_preparing = false, media = '[{"url": "https://example.com"}]' WHERE id = $1`,
      [id],
    );
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(calls).toEqual([]);
    expect(await row(id)).toMatchObject({ status: "retrying", attempts_used: 0, first_sent_at: null });
    expect(await publish(id, platform, 1)).toEqual({ kind: "done" });
    expect(calls).toEqual(["prepare", `send ${id}`]);
  });
});

describe("a limit", () => {
  const limited = platformThat({ rateLimits: [{ scope: "account", max: 2, windowMs: hourMs }] });

  test("makes a post's job wait for its slot, at no cost, and nobody else's", async () => {
    const ids = await insertTestPosts(env, tenant, 4, { enqueued: true });
    const [a, b, c, d] = ids as [string, string, string, string];
    for (const id of [a, b]) expect(await publish(id, limited)).toEqual({ kind: "done" });
    for (const id of [c, d]) {
      const verdict = await publish(id, limited);
      expect(verdict.kind === "later" && verdict.delayMs).toBeGreaterThan(hourMs - 60_000);
      expect(await row(id)).toMatchObject({ status: "scheduled", attempts: 0, generation: 0, enqueued_rev: 1 });
    }
    const other = await insertTestPost(env, await env.createTenant());
    expect(await publish(other, limited)).toEqual({ kind: "done" });
    expect(calls).toEqual([a, b, other].map((id) => `send ${id}`));
    await env.advanceClock(hourMs + 1_000);
    for (const id of [c, d]) expect(await publish(id, limited)).toEqual({ kind: "done" });
  });

  test("holds for posts that are taken from Postgres too, while Redis is away", async () => {
    const ids = await insertTestPosts(env, tenant, 5, {});
    const redisUrl = "redis://127.0.0.1:1";
    const { logger } = env;
    const options = { redisUrl, platform: "webhook", concurrency: 10, drainTimeoutMs: 5_000 };
    const consumer = openConsumer(options, { logger, handle: (job) => publisher.publish(limited, job, "job") });
    const producer = openProducer({ redisUrl, platforms: ["webhook"] }, { logger });
    const poller = createPoller(options, {
      soonestInMs: ({ postsInMs }) => postsInMs["webhook"] ?? null,
      overdue: (overdueMs, limit) => overduePosts(env.database, { platform: "webhook", overdueMs, limit }),
      work: (job) => publisher.publish(limited, job, "poller"),
      consumer,
      census: producer.census,
      logger,
      lookout: openTestLookout(env),
    });
    await poller.start();
    try {
      const counts = async () =>
        (
          await env.sql<{ sent: number; limited: number }>(
            `SELECT count(*) FILTER (WHERE status = 'published')::int AS sent,
                    count(*) FILTER (WHERE status = 'scheduled' AND limited_until = next_attempt_at AND limited_until > app_now())::int AS limited
             FROM posts WHERE id = ANY ($1)`,
            [ids],
          )
        )[0];
      await until("two to be sent and three to wait", async () => {
        const { sent, limited: waiting } = (await counts()) ?? { sent: 0, limited: 0 };
        return sent === 2 && waiting === 3;
      });
      await env.advanceClock(hourMs + 60_000);
      await until("two more", async () => (await counts())?.sent === 4);
      expect(calls).toHaveLength(4);
    } finally {
      await poller.stop();
      await producer.stop();
    }
  });
});
