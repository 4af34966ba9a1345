/** What callers of the producer feel of a Redis that is away, frozen or full: nothing. */
import { randomUUID } from "node:crypto";
import { createLogger } from "@punctual/runtime";
import { freePort, startOwnRedis, until, type OwnRedis } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openProducer, type PublishProducer, type WaitingPost } from "./producer.ts";
import { connectRedis } from "./redis.ts";

const logger = createLogger("test", "silent");
/** No call may take longer, on however slow a machine; Redis' own timeouts are seconds. */
const atOnceMs = 250;

let redis: OwnRedis;
let producer: PublishProducer;
let noted: WaitingPost[];

beforeAll(async () => {
  redis = await startOwnRedis();
});
afterAll(() => redis.close());
afterEach(() => producer.stop());

function open(redisUrl: string): void {
  noted = [];
  producer = openProducer(
    { redisUrl, prefix: randomUUID(), platforms: ["webhook"] },
    { logger, onEnqueued: async (posts) => void noted.push(...posts) },
  );
}

function waiting(): WaitingPost {
  const dueAt = new Date(Date.now() + 3_600_000);
  return {
    postId: randomUUID(),
    platform: "webhook",
    revision: 1,
    generation: 0,
    dueAt,
    maxAttempts: 5,
    requestId: null,
  };
}

function tookMs(call: () => void): number {
  const started = performance.now();
  call();
  return performance.now() - started;
}

/** Everything a request does with the producer. */
function nudgeAndDiscard(): void {
  const posts = Array.from({ length: 1_000 }, waiting);
  producer.nudge(posts);
  producer.discard(posts);
}

const delayed = () => producer.queues[0]?.getDelayedCount();

async function worksAgain(): Promise<void> {
  await until("Redis to be reached again", () => producer.isReady());
  // A nudge given just then may be given up with those before it.
  const posts: WaitingPost[] = [];
  await until("a nudge to be noted", async () => {
    posts.push(waiting());
    producer.nudge(posts.slice(-1));
    return posts.some((post) => noted.includes(post));
  });
  expect(await delayed()).toBeGreaterThan(0);
}

describe("with nobody listening", () => {
  test("a nudge returns at once, throws nothing, and nothing is said to be enqueued", async () => {
    open(`redis://127.0.0.1:${await freePort()}/0`);
    expect(tookMs(nudgeAndDiscard)).toBeLessThan(atOnceMs);
    expect(await producer.isReady()).toBe(false);
    expect(await producer.enqueue([waiting()])).toBe(false);
    expect(noted).toEqual([]);
  });

  test("stopping ends at once", async () => {
    open(`redis://127.0.0.1:${await freePort()}/0`);
    const stopped = producer.stop().then(() => "stopped");
    await expect(Promise.race([stopped, late(3_000)])).resolves.toBe("stopped");
  });
});

describe("when Redis dies in between", () => {
  test("nudges are given up quietly, and work again once it is back", async () => {
    open(redis.url);
    await until("Redis is reached", () => producer.isReady());
    producer.nudge(Array.from({ length: 5_000 }, waiting));
    await redis.kill();
    expect(tookMs(nudgeAndDiscard)).toBeLessThan(atOnceMs);
    await until("the loss to be noticed", async () => !(await producer.isReady()));
    expect(await producer.enqueue([waiting()])).toBe(false);
    nudgeAndDiscard();
    await redis.restart();
    await worksAgain();
  });

  test("what was asked in that moment is answered, one way or the other, and does not hang for ever", async () => {
    open(redis.url);
    await until("Redis is reached", () => producer.isReady());
    redis.freeze();
    const answer = producer.resumePaused().then(
      () => "answered",
      () => "refused",
    );
    await redis.kill();
    await redis.restart();
    expect(["answered", "refused"]).toContain(await Promise.race([answer, late(10_000)]));
  });

  test("also if it was away when the producer was opened", async () => {
    await redis.kill();
    open(redis.url);
    expect(await producer.enqueue([waiting()])).toBe(false);
    nudgeAndDiscard();
    await redis.restart();
    await worksAgain();
  });
});

describe("while Redis is frozen", () => {
  test("even a question without a limit of its own ends", async () => {
    open(redis.url);
    await until("Redis is reached", () => producer.isReady());
    redis.freeze();
    try {
      const answer = producer.resumePaused().then(
        () => "answered",
        () => "refused",
      );
      expect(await Promise.race([answer, late(20_000)])).toBe("refused");
    } finally {
      redis.thaw();
    }
  });

  test("nudges return at once, and questions are answered with no within their limits", async () => {
    open(redis.url);
    await until("Redis is reached", () => producer.isReady());
    redis.freeze();
    try {
      expect(tookMs(nudgeAndDiscard)).toBeLessThan(atOnceMs);
      expect(await producer.isReady()).toBe(false);
      expect(await producer.enqueue([waiting()])).toBe(false);
      expect(noted).toEqual([]);
    } finally {
      redis.thaw();
    }
    await worksAgain();
  });

  test("stopping ends within its limits", async () => {
    open(redis.url);
    await until("Redis is reached", () => producer.isReady());
    redis.freeze();
    try {
      producer.nudge([waiting()]);
      const stopped = producer.stop().then(() => "stopped");
      await expect(Promise.race([stopped, late(5_000)])).resolves.toBe("stopped");
    } finally {
      redis.thaw();
    }
  });
});

test("a Redis that is full takes nothing, and nothing is said to be enqueued until there is room", async () => {
  open(redis.url);
  const operator = connectRedis(redis.url, "consumer", logger);
  try {
    await until("Redis is reached", () => producer.isReady());
    await operator.config("SET", "maxmemory", "1");
    expect(await producer.enqueue([waiting()])).toBe(false);
    producer.nudge([waiting()]);
    expect(await producer.enqueue([waiting()])).toBe(false);
    expect(noted).toEqual([]);
    await operator.config("SET", "maxmemory", "0");
    await worksAgain();
  } finally {
    await operator.config("SET", "maxmemory", "0");
    operator.disconnect();
  }
});

function late(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve("too late"), ms).unref());
}
