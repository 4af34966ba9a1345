/** How a consumer ends, and how it comes through the end of its Redis. */
import { randomUUID } from "node:crypto";
import { publishJobId, type PublishJobId } from "@punctual/core";
import { createLogger } from "@punctual/runtime";
import { startOwnRedis, until, type OwnRedis } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openConsumer, type JobConsumer, type JobVerdict } from "./consumer.ts";
import { openProducer, type PublishProducer, type WaitingPost } from "./producer.ts";

const logger = createLogger("test", "silent");
/** Far beyond what a test may take: a stop that only ends with it has hung. */
const drainTimeoutMs = 50_000;
const hangs = 10_000;

let redis: OwnRedis;
let prefix: string;
let producer: PublishProducer;
let consumer: JobConsumer;
let handled: PublishJobId[];
let verdict: (job: PublishJobId) => Promise<JobVerdict>;

beforeAll(async () => {
  redis = await startOwnRedis();
});
afterAll(() => redis.close());

beforeEach(async () => {
  prefix = randomUUID();
  handled = [];
  verdict = async () => ({ kind: "done" });
  producer = openProducer({ redisUrl: redis.url, prefix, platforms: ["webhook"] }, { logger });
  consumer = openTestConsumer();
  await until("Redis is reached", () => producer.isReady());
});
afterEach(async () => {
  await consumer.stop();
  await producer.stop();
});

function openTestConsumer(): JobConsumer {
  return openConsumer(
    { redisUrl: redis.url, prefix, platform: "webhook", concurrency: 10, drainTimeoutMs },
    {
      logger,
      handle: (job) => {
        handled.push(job);
        return verdict(job);
      },
    },
  );
}

function waiting(): WaitingPost {
  return {
    postId: randomUUID(),
    platform: "webhook",
    revision: 1,
    generation: 0,
    dueAt: new Date(),
    maxAttempts: 5,
    requestId: null,
  };
}

/** A pipeline that says nothing until it is told to. */
function heldVerdict(): (said: JobVerdict) => void {
  let say = (_said: JobVerdict) => {};
  const said = new Promise<JobVerdict>((resolve) => (say = resolve));
  verdict = () => said;
  return say;
}

/** Rejects if it does not end by itself. */
async function inTime(ending: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("it hangs")), hangs);
  });
  await Promise.race([ending, late]).finally(() => clearTimeout(timer));
}

async function oneRunning(): Promise<WaitingPost> {
  const post = waiting();
  await producer.enqueue([post]);
  await consumer.start();
  await until("the job to be handled", async () => consumer.running() === 1);
  return post;
}

const stateOf = (post: WaitingPost) => producer.queues[0]?.getJobState(publishJobId(post));

describe("stopping", () => {
  test("waits for what is handled, and tells Redis what came of it", async () => {
    const say = heldVerdict();
    const post = await oneRunning();
    let stopped = false;
    const stopping = consumer.stop().then(() => (stopped = true));
    await producer.enqueue([waiting()]);
    expect(stopped).toBe(false);
    say({ kind: "done" });
    await inTime(stopping);
    expect(await stateOf(post)).toBe("completed");
    expect(handled).toHaveLength(1);
  });

  test("is safe before the start, and twice", async () => {
    await inTime(consumer.stop());
    await consumer.start();
    await inTime(Promise.all([consumer.stop(), consumer.stop()]));
    expect(consumer.isConnected()).toBe(false);
  });

  test("can be followed by another start", async () => {
    await consumer.start();
    await consumer.stop();
    await consumer.start();
    const post = waiting();
    await producer.enqueue([post]);
    await until("the job to be done", async () => (await stateOf(post)) === "completed");
    expect(handled).toHaveLength(1);
  });

  test("leaves no job half taken: each is handled once, by this one or the next", async () => {
    const posts: WaitingPost[] = [];
    let stopping = false;
    let lateStarts = 0;
    verdict = async () => {
      if (stopping) lateStarts += 1;
      return { kind: "done" };
    };
    for (let round = 0; round < 20; round += 1) {
      const batch = Array.from({ length: 40 }, waiting);
      posts.push(...batch);
      await producer.enqueue(batch);
      await consumer.start();
      const before = handled.length;
      await until("some jobs to be handled", async () => handled.length > before);
      stopping = true;
      await inTime(consumer.stop());
      expect(consumer.running(), "nothing runs after a stop").toBe(0);
      stopping = false;
    }
    expect(lateStarts, "nothing is begun once a stop was asked for").toBe(0);
    await consumer.start();
    await until("all to be done", async () => {
      return (await producer.queues[0]?.getJobCountByTypes("waiting", "delayed", "active")) === 0;
    });
    expect(handled).toHaveLength(posts.length);
    expect(new Set(handled.map(({ postId }) => postId)).size).toBe(posts.length);
  });
});

describe("stopping while Redis is away", () => {
  afterEach(() => redis.restart());

  test("ends at once if nothing is handled", async () => {
    await consumer.start();
    await until("the connection", async () => consumer.isConnected());
    await redis.kill();
    await inTime(consumer.stop());
    expect(consumer.isConnected()).toBe(false);
  });

  test("waits for what is handled, and for nothing else", async () => {
    const say = heldVerdict();
    await oneRunning();
    await redis.kill();
    let stopped = false;
    const stopping = consumer.stop().then(() => (stopped = true));
    await until("the loss to be noticed", async () => !(await producer.isReady()));
    expect(stopped).toBe(false);
    say({ kind: "done" });
    await inTime(stopping);
    expect(consumer.running()).toBe(0);
  });

  test.each<JobVerdict>([
    { kind: "done" },
    { kind: "later", delayMs: 1_000 },
    { kind: "again", delayMs: 1_000, reason: "network: refused" },
    { kind: "failed", reason: "failed: rejected" },
  ])("does not wait for Redis to hear of $kind", async (said) => {
    const say = heldVerdict();
    await oneRunning();
    await redis.kill();
    await until("the loss to be noticed", async () => !consumer.isConnected());
    say(said);
    await until("the pipeline to be through", async () => consumer.running() === 0);
    await inTime(consumer.stop());
    expect(handled).toHaveLength(1);
  });
});

test("a consumer whose Redis died and came back takes jobs again, without help", async () => {
  await consumer.start();
  await until("the connection", async () => consumer.isConnected());
  await redis.kill();
  await until("the loss to be noticed", async () => !consumer.isConnected());
  await redis.restart();
  await until("Redis is reached again", () => producer.isReady());
  const post = waiting();
  expect(await producer.enqueue([post])).toBe(true);
  await until("the job to be done", async () => (await stateOf(post)) === "completed");
  expect(handled).toHaveLength(1);
});

test("a consumer that is started while Redis is away takes jobs once it is there", async () => {
  await redis.kill();
  await consumer.start();
  await redis.restart();
  await until("Redis is reached again", () => producer.isReady());
  await producer.enqueue([waiting()]);
  await until("the job to be handled", async () => handled.length === 1);
  expect(consumer.taken()).toBe(1);
});
