/** What lost jobs leave behind in Redis is cleared away, and nothing else is. */
import { randomUUID } from "node:crypto";
import { publishJobId } from "@punctual/core";
import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openProducer, type PublishProducer, type WaitingPost } from "./producer.ts";
import { connectRedis } from "./redis.ts";

const platform = "letter";

let env: TestEnvironment;
let redis: ReturnType<typeof connectRedis>;
let producer: PublishProducer;
let base: string;

beforeAll(async () => {
  env = await createTestEnvironment();
  redis = connectRedis(env.redisUrl, "consumer", env.logger);
});
afterAll(async () => {
  redis.disconnect();
  await env.close();
});

beforeEach(async () => {
  const prefix = randomUUID();
  base = `${prefix}:publish-${platform}:`;
  producer = openProducer({ redisUrl: env.redisUrl, prefix, platforms: [platform] }, { logger: env.logger });
  await until("Redis is reached", () => producer.isReady());
});
afterEach(() => producer.stop());

function waiting(inMs: number): WaitingPost {
  const dueAt = new Date(Date.now() + inMs);
  return { postId: randomUUID(), platform, revision: 1, generation: 0, dueAt, maxAttempts: 5, requestId: null };
}

/** The whole walk, from the beginning until it is back there. */
async function walk(): Promise<number> {
  let removed = 0;
  let cursor = "0";
  do {
    const step = await producer.census.removeOrphans([platform], cursor);
    removed += step.removed;
    cursor = step.cursor;
  } while (cursor !== "0");
  return removed;
}

test("bodies of jobs whose set was lost go; delayed, waiting and finished jobs stay", async () => {
  const lost = [waiting(3_600_000), waiting(3_600_000)];
  await producer.enqueue(lost);
  await redis.del(`${base}delayed`);
  const alive = [waiting(3_600_000), waiting(0)];
  await producer.enqueue(alive);
  const finished = publishJobId(waiting(0));
  await redis.hset(base + finished, "name", "publish");
  await redis.zadd(`${base}completed`, Date.now(), finished);

  expect(await walk()).toBe(lost.length);

  for (const post of lost) expect(await redis.exists(base + publishJobId(post))).toBe(0);
  for (const id of [...alive.map(publishJobId), finished]) expect(await redis.exists(base + id)).toBe(1);
});

test("of given jobs only those are forgotten that are in no list or set", async () => {
  const [lost, delayed, finished] = [waiting(3_600_000), waiting(3_600_000), waiting(3_600_000)];
  await producer.enqueue([lost, delayed, finished]);
  await redis.zrem(`${base}delayed`, publishJobId(lost), publishJobId(finished));
  await redis.zadd(`${base}completed`, Date.now(), publishJobId(finished));
  await producer.census.forget(platform, [lost, delayed, finished]);
  const left = [lost, delayed, finished].map((post) => redis.exists(base + publishJobId(post)));
  expect(await Promise.all(left)).toEqual([0, 1, 1]);
});

test("a job that is being worked on stays", async () => {
  const running = publishJobId(waiting(0));
  await redis.hset(base + running, "name", "publish");
  await redis.lpush(`${base}active`, running);
  expect(await walk()).toBe(0);
  expect(await redis.exists(base + running)).toBe(1);
});

test("what does not look like a job of ours is left alone", async () => {
  await redis.hset(`${base}somebody-elses`, "name", "other");
  expect(await walk()).toBe(0);
  expect(await redis.exists(`${base}somebody-elses`)).toBe(1);
});
