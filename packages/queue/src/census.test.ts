/** What counts as lost, and that asking about many jobs costs Redis little. */
import { randomUUID } from "node:crypto";
import { publishJobId } from "@punctual/core";
import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openProducer, type PublishProducer, type WaitingPost } from "./producer.ts";
import { connectRedis } from "./redis.ts";

const platform = "letter";
const hourMs = 3_600_000;

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
  producer = openProducer({ redisUrl: env.redisUrl, prefix, platforms: [platform, "card"] }, { logger: env.logger });
  await until("Redis is reached", () => producer.isReady());
});
afterEach(() => producer.stop());

function waiting(inMs: number): WaitingPost {
  const dueAt = new Date(Date.now() + inMs);
  return { postId: randomUUID(), platform, revision: 1, generation: 0, dueAt, maxAttempts: 5, requestId: null };
}

test("a job is lost when no list or set has it, or when nothing is left of it but its place", async () => {
  const [delayed, due, active, prioritized, unplaced, bodiless, unknown] = Array.from({ length: 7 }, () =>
    waiting(hourMs),
  );
  const all = [delayed, due, active, prioritized, unplaced, bodiless, unknown].map((post) => post!);
  await producer.enqueue(all.slice(0, 6));
  const move = async (post: WaitingPost | undefined, to: (id: string) => Promise<unknown>) => {
    const id = publishJobId(post!);
    await redis.zrem(`${base}delayed`, id);
    await to(id);
  };
  await move(due, (id) => redis.lpush(`${base}wait`, id));
  await move(active, (id) => redis.lpush(`${base}active`, id));
  await move(prioritized, (id) => redis.zadd(`${base}prioritized`, 1, id));
  await move(unplaced, async () => {});
  await redis.del(base + publishJobId(bodiless!));
  expect(await producer.census.missing(platform, all)).toEqual([unplaced, bodiless, unknown]);
});

test("an id is known whose body is there, wherever its job is", async () => {
  const [delayed, unplaced, gone] = [waiting(hourMs), waiting(hourMs), waiting(hourMs)];
  const { census } = producer;
  expect(await census.known(platform, [])).toEqual([]);
  expect(await census.known(platform, [gone])).toEqual([]);
  await producer.enqueue([delayed, unplaced]);
  await redis.zrem(`${base}delayed`, publishJobId(unplaced));
  expect(await census.known(platform, [delayed, unplaced])).toEqual([delayed, unplaced]);
  expect(await census.known(platform, [gone, unplaced, delayed])).toEqual([unplaced, delayed]);
});

test("asking about many jobs of which none is lost takes two commands", async () => {
  const posts = Array.from({ length: 300 }, () => waiting(hourMs));
  await producer.enqueue(posts);
  const monitor = await redis.monitor();
  const seen: string[] = [];
  let ended = false;
  // Others use the same server; what they ask for names other keys.
  monitor.on("monitor", (_time: string, [command = "", ...rest]: string[], source: string) => {
    if (rest[0] === base) ended = true;
    else if (source === "lua" && rest.some((key) => key.startsWith(base))) seen.push(command.toLowerCase());
  });
  expect(await producer.census.missing(platform, posts)).toEqual([]);
  await until("Redis has told all", async () => (await redis.exists(base), ended));
  monitor.disconnect();
  expect(seen).toEqual(["zmscore", "exists"]);
});

test("a queue that somebody paused is told from others, and resumed", async () => {
  await producer.queues[0]!.pause();
  expect(await producer.census.paused([platform, "card"])).toEqual([platform]);
  expect(await producer.resumePaused()).toEqual([platform]);
  expect(await producer.census.paused([platform, "card"])).toEqual([]);
});

test("the marks of all lanes are read at once, and not at all from a Redis that is away", async () => {
  await producer.census.setEpoch(`publish-${platform}`, "one");
  expect(await producer.marks()).toEqual(
    new Map([
      [platform, "one"],
      ["card", null],
    ]),
  );
  const away = openProducer({ redisUrl: "redis://127.0.0.1:1", platforms: [platform] }, { logger: env.logger });
  expect(await away.marks()).toBeNull();
  await away.stop();
});
