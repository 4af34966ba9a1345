import { randomUUID } from "node:crypto";
import { publishJobId } from "@punctual/core";
import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { leadMs } from "./job-producer.ts";
import { openProducer, type PublishProducer, type WaitingPost } from "./producer.ts";

const inAnHourMs = 3_600_000;

let env: TestEnvironment;
let producer: PublishProducer;
let prefix: string;
let noted: WaitingPost[];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

beforeEach(async () => {
  prefix = randomUUID();
  noted = [];
  producer = openProducer(
    { redisUrl: env.redisUrl, prefix, platforms: ["webhook", "letter"] },
    { logger: env.logger, onEnqueued: async (posts) => void noted.push(...posts) },
  );
  await until("Redis is reached", () => producer.isReady());
});
afterEach(() => producer.stop());

function waiting(changes: Partial<WaitingPost> = {}): WaitingPost {
  return {
    postId: randomUUID(),
    platform: "webhook",
    revision: 1,
    generation: 0,
    dueAt: new Date(Date.now() + inAnHourMs),
    maxAttempts: 5,
    requestId: "req-1",
    ...changes,
  };
}

function queueOf(platform: string) {
  const queue = producer.queues.find(({ name }) => name === `publish-${platform}`);
  if (queue === undefined) throw new Error(`there is no queue for ${platform}`);
  return queue;
}

const jobOf = (post: WaitingPost) => queueOf(post.platform).getJob(publishJobId(post));

test("a job carries ids only, under the id of the contract, delayed until just before the post is due", async () => {
  const post = waiting({ revision: 3, generation: 2, maxAttempts: 7 });
  expect(await producer.enqueue([post])).toBe(true);
  const job = await jobOf(post);
  expect(job?.id).toBe(`${post.postId}_3_2`);
  expect(job?.name).toBe("publish");
  expect(job?.data).toEqual({ postId: post.postId, revision: 3 });
  expect(await job?.getState()).toBe("delayed");
  expect((job?.timestamp ?? 0) + (job?.delay ?? 0)).toBe(post.dueAt.getTime() - leadMs);
});

test("a job shows operators its attempts and that its waits grow, and does not pile up once it ended", async () => {
  const post = waiting({ maxAttempts: 7 });
  await producer.enqueue([post]);
  expect((await jobOf(post))?.opts).toMatchObject({
    attempts: 7,
    backoff: { type: "exponential" },
    removeOnComplete: { age: 3_600, count: 1_000 },
    removeOnFail: { age: 604_800, count: 5_000 },
  });
});

test("a post that is due already waits for nothing", async () => {
  const post = waiting({ dueAt: new Date(Date.now() - inAnHourMs) });
  await producer.enqueue([post]);
  expect(await (await jobOf(post))?.getState()).toBe("waiting");
});

test("nothing of a request or a text reaches Redis", async () => {
  const post = waiting({ requestId: "req-secret" });
  await producer.enqueue([post]);
  expect(JSON.stringify((await jobOf(post))?.toJSON())).not.toContain("req-secret");
});

test("each platform has its own queue, and what Redis took is noted", async () => {
  const posts = [waiting(), waiting({ platform: "letter" }), waiting()];
  expect(await producer.enqueue(posts)).toBe(true);
  expect(await queueOf("webhook").getDelayedCount()).toBe(2);
  expect(await queueOf("letter").getDelayedCount()).toBe(1);
  expect(noted.map(publishJobId).toSorted()).toEqual(posts.map(publishJobId).toSorted());
});

test("enqueueing again is harmless, and noted again because the first note may have been lost", async () => {
  const post = waiting();
  for (let time = 0; time < 3; time += 1) expect(await producer.enqueue([post])).toBe(true);
  expect(await queueOf("webhook").getDelayedCount()).toBe(1);
  expect(noted).toHaveLength(3);
});

test("a new generation is a job of its own, since BullMQ ignores an id it still knows", async () => {
  const post = waiting();
  await producer.enqueue([post, { ...post, generation: 1 }]);
  expect(await queueOf("webhook").getDelayedCount()).toBe(2);
});

test("a post of a platform without a queue is not said to be enqueued", async () => {
  const [known, unknown] = [waiting(), waiting({ platform: "pigeon" })];
  expect(await producer.enqueue([known, unknown])).toBe(false);
  expect(noted).toEqual([known]);
});

test("a note that fails changes nothing: the job is there", async () => {
  const failing = openProducer(
    { redisUrl: env.redisUrl, prefix, platforms: ["webhook"] },
    { logger: env.logger, onEnqueued: () => Promise.reject(new Error("Postgres is away")) },
  );
  try {
    await until("Redis is reached", () => failing.isReady());
    const post = waiting();
    expect(await failing.enqueue([post])).toBe(true);
    expect(await jobOf(post)).toBeDefined();
  } finally {
    await failing.stop();
  }
});

describe("a nudge", () => {
  test("returns at once and enqueues in the background, also many at a time", async () => {
    const posts = Array.from({ length: 2_500 }, () => waiting());
    expect(producer.nudge(posts)).toBeUndefined();
    expect(noted).toEqual([]);
    await until("all jobs to be noted", async () => noted.length === posts.length);
    expect(await queueOf("webhook").getDelayedCount()).toBe(posts.length);
  });

  test("given while another is worked off is not forgotten", async () => {
    const posts = Array.from({ length: 50 }, () => waiting());
    for (const post of posts) producer.nudge([post]);
    await until("all jobs to be noted", async () => noted.length === posts.length);
    expect(await queueOf("webhook").getDelayedCount()).toBe(posts.length);
  });

  test("given just before the end is worked off before it", async () => {
    const post = waiting();
    producer.nudge([post]);
    await producer.stop();
    expect(noted).toEqual([post]);
  });

  test("of more than is held is left to the stager, and the next one is taken", async () => {
    producer.nudge(Array.from({ length: 20_001 }, () => waiting()));
    const post = waiting();
    producer.nudge([post]);
    await until("the job to be noted", async () => noted.length > 0);
    expect(noted).toEqual([post]);
  });
});

describe("discarding", () => {
  test("removes a job that waits", async () => {
    const [kept, dropped] = [waiting(), waiting()];
    await producer.enqueue([kept, dropped]);
    producer.discard([dropped]);
    await until("the job to be gone", async () => (await queueOf("webhook").getDelayedCount()) === 1);
    expect(await jobOf(kept)).toBeDefined();
  });

  test("what is not there, or of an unknown platform, is no fault", async () => {
    const post = waiting();
    producer.discard([waiting(), waiting({ platform: "pigeon" })]);
    await producer.enqueue([post]);
    producer.discard([post]);
    await until("the job to be gone", async () => (await queueOf("webhook").getDelayedCount()) === 0);
    expect(await jobOf(post)).toBeUndefined();
  });
});

test("stopping twice, or at once, is no fault", async () => {
  const another = openProducer({ redisUrl: env.redisUrl, prefix, platforms: ["webhook"] }, { logger: env.logger });
  await another.stop();
  await another.stop();
  expect(await another.isReady()).toBe(false);
  expect(await another.enqueue([waiting()])).toBe(false);
});
