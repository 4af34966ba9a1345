/** Probe jobs go the way of every job, and leave no trace. */
import { randomUUID } from "node:crypto";
import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openConsumer, type JobConsumer } from "./consumer.ts";
import { probeIntervalMs, sendProbes } from "./probes.ts";
import { openProducer, type PublishProducer } from "./producer.ts";
import { connectRedis } from "./redis.ts";

const platform = "letter";

let env: TestEnvironment;
let redis: ReturnType<typeof connectRedis>;
let prefix: string;
let producer: PublishProducer;
let consumer: JobConsumer;
let handled: number;

beforeAll(async () => {
  env = await createTestEnvironment();
  redis = connectRedis(env.redisUrl, "consumer", env.logger);
});
afterAll(async () => {
  redis.disconnect();
  await env.close();
});
beforeEach(async () => {
  prefix = randomUUID();
  handled = 0;
  const connection = { redisUrl: env.redisUrl, prefix };
  producer = openProducer({ ...connection, platforms: [platform] }, { logger: env.logger });
  const handle = async () => {
    handled += 1;
    return { kind: "done" } as const;
  };
  const options = { ...connection, platform, concurrency: 2, drainTimeoutMs: 1_000 };
  consumer = openConsumer(options, { logger: env.logger, handle });
  await until("Redis is reached", () => producer.isReady());
});
afterEach(async () => {
  await consumer.stop();
  await producer.stop();
});

const bodies = () => redis.keys(`${prefix}:publish-${platform}:probe_*`);
const send = (now: number) => sendProbes(redis, producer.queues, now);

test("a probe comes through without troubling the pipeline, and nothing is left of it", async () => {
  expect(consumer.probeAgeMs()).toBeNull();
  await producer.probe();
  expect(await producer.census.depth(platform)).toMatchObject({ queue: `publish-${platform}`, delayed: 1, waiting: 0 });
  await consumer.start();
  await until("the probe came through", async () => consumer.probeAgeMs() !== null);
  expect(consumer.taken()).toBe(1);
  expect(handled).toBe(0);
  await until("its job is gone", async () => (await bodies()).length === 0);
  const depth = { queue: `publish-${platform}`, waiting: 0, active: 0, delayed: 0, failed: 0 };
  expect(await producer.census.depth(platform)).toEqual(depth);
});

test("several that send at once send one, and where nobody takes them few are kept", async () => {
  const now = Date.now();
  await Promise.all(Array.from({ length: 5 }, () => send(now)));
  expect(await bodies()).toHaveLength(1);
  for (let round = 1; round <= 20; round += 1) await send(now + round * probeIntervalMs);
  expect((await bodies()).length).toBeLessThanOrEqual(7);
});

test("a probe that lost its place does not stop those after it", async () => {
  const now = Date.now();
  await send(now);
  await redis.del(`${prefix}:publish-${platform}:delayed`);
  await send(now + probeIntervalMs);
  await consumer.start();
  await until("the next probe came through", async () => consumer.probeAgeMs() !== null);
  expect(handled).toBe(0);
});

test("a producer tells whether its Redis is fit to run on, also when it is away", async () => {
  expect(await producer.inspect()).toMatchObject({ kind: "fit" });
  const unreachable = openProducer(
    { redisUrl: "redis://127.0.0.1:1/0", platforms: [platform] },
    { logger: env.logger },
  );
  expect(await unreachable.inspect()).toEqual({ kind: "away" });
  await unreachable.stop();
});
