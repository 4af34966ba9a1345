import { randomUUID } from "node:crypto";
import { publishJobId, type PublishJobId } from "@punctual/core";
import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import type { Job } from "bullmq";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openConsumer, type JobConsumer, type JobVerdict } from "./consumer.ts";
import { openProducer, type PublishProducer, type WaitingPost } from "./producer.ts";
import { connectRedis } from "./redis.ts";

const inAnHourMs = 3_600_000;

let env: TestEnvironment;
let prefix: string;
let producer: PublishProducer;
let consumer: JobConsumer;
/** Every job that was handled, in order, and when. */
let handled: (PublishJobId & { at: number })[];
/** What the pipeline says; tests replace it. */
let verdict: (job: PublishJobId) => Promise<JobVerdict>;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

beforeEach(async () => {
  prefix = randomUUID();
  handled = [];
  verdict = async () => ({ kind: "done" });
  producer = openProducer({ redisUrl: env.redisUrl, prefix, platforms: ["webhook"] }, { logger: env.logger });
  consumer = openTestConsumer();
  await until("Redis is reached", () => producer.isReady());
});
afterEach(async () => {
  await consumer.stop();
  await producer.stop();
});

function openTestConsumer(): JobConsumer {
  return openConsumer(
    { redisUrl: env.redisUrl, prefix, platform: "webhook", concurrency: 10, drainTimeoutMs: 20_000 },
    {
      logger: env.logger,
      handle: (job) => {
        handled.push({ ...job, at: Date.now() });
        return verdict(job);
      },
    },
  );
}

function waiting(changes: Partial<WaitingPost> = {}): WaitingPost {
  return {
    postId: randomUUID(),
    platform: "webhook",
    revision: 1,
    generation: 0,
    dueAt: new Date(),
    maxAttempts: 5,
    requestId: null,
    ...changes,
  };
}

function queue() {
  const [only] = producer.queues;
  if (only === undefined) throw new Error("there is no queue");
  return only;
}

const jobOf = async (post: WaitingPost): Promise<Job | undefined> => queue().getJob(publishJobId(post));

/** Waits until the job of a post is in that state, and returns it. */
function jobIn(state: string, post: WaitingPost): Promise<Job> {
  return until(`the job to be ${state}`, async () => {
    // The state first: what is read after it is no older.
    return (await queue().getJobState(publishJobId(post))) === state && jobOf(post);
  });
}

test("a job is handled once it is due, not before, and completes", async () => {
  const later = waiting({ dueAt: new Date(Date.now() + inAnHourMs), revision: 2, generation: 3 });
  const soon = waiting({ dueAt: new Date(Date.now() + 300), revision: 4, generation: 5 });
  await producer.enqueue([later, soon]);
  await consumer.start();
  await jobIn("completed", soon);
  expect(handled).toMatchObject([{ postId: soon.postId, revision: 4, generation: 5 }]);
  expect(handled[0]?.at).toBeGreaterThanOrEqual(soon.dueAt.getTime());
  expect(await (await jobOf(later))?.getState()).toBe("delayed");
  expect(consumer.taken()).toBe(1);
});

test("of many jobs that finish at once some are kept to be looked at, and the others leave nothing", async () => {
  const posts = Array.from({ length: 200 }, () => waiting());
  await producer.enqueue(posts);
  await consumer.start();
  await until("all jobs to be handled", async () => consumer.taken() === posts.length && consumer.running() === 0);
  await until("all jobs to be finished", async () => (await queue().getActiveCount()) === 0);
  const kept = await queue().getCompletedCount();
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(posts.length / 2);
  const left = await Promise.all(posts.map(jobOf));
  expect(left.filter((job) => job !== undefined)).toHaveLength(kept);
});

describe("an attempt that failed and is to be made again", () => {
  test("shows as delayed for as long as was said, with the reason and without a stack", async () => {
    verdict = async () => ({ kind: "again", delayMs: inAnHourMs, reason: "platform: http_503" });
    const post = waiting();
    await producer.enqueue([post]);
    await consumer.start();
    const job = await jobIn("delayed", post);
    expect(job).toMatchObject({ attemptsMade: 1, failedReason: "platform: http_503", delay: inAnHourMs });
    expect(job.stacktrace).toEqual([]);
    expect(await queue().getFailedCount()).toBe(0);
  });

  test("comes back after that wait, and each one counts, with waits that differ", async () => {
    const waits = [150, 300, 450];
    verdict = async () => {
      const delayMs = waits[handled.length - 1];
      return delayMs === undefined ? { kind: "done" } : { kind: "again", delayMs, reason: "network: refused" };
    };
    const post = waiting();
    await producer.enqueue([post]);
    await consumer.start();
    const job = await jobIn("completed", post);
    expect(job.attemptsMade).toBe(4);
    expect(handled).toHaveLength(4);
    for (const [index, wait] of waits.entries()) {
      const [before, after] = [handled[index]?.at ?? 0, handled[index + 1]?.at ?? 0];
      expect(after - before, `wait ${index + 1}`).toBeGreaterThanOrEqual(wait);
    }
  });

  test("is never given up by BullMQ before Postgres gives it up", async () => {
    verdict = async () =>
      handled.length < 6
        ? { kind: "again", delayMs: 1, reason: "network: refused" }
        : { kind: "failed", reason: "spent" };
    const post = waiting({ maxAttempts: 2 });
    await producer.enqueue([post]);
    await consumer.start();
    expect(await jobIn("failed", post)).toMatchObject({ failedReason: "spent" });
    expect(handled).toHaveLength(6);
  });
});

test("a wait that costs no attempt shows as delayed and counts nothing", async () => {
  verdict = async () => (handled.length < 4 ? { kind: "later", delayMs: 1 } : { kind: "later", delayMs: inAnHourMs });
  const post = waiting({ maxAttempts: 1 });
  await producer.enqueue([post]);
  await consumer.start();
  await until("four rounds", async () => handled.length === 4);
  const job = await jobIn("delayed", post);
  expect(job.attemptsMade).toBe(0);
  expect(job.failedReason).toBeUndefined();
  expect(handled).toHaveLength(4);
});

test("a post that ended without being published shows as failed, with the reason and without a stack, for good", async () => {
  verdict = async () => ({ kind: "failed", reason: "failed: rejected: http_410" });
  const post = waiting();
  await producer.enqueue([post]);
  await consumer.start();
  const job = await jobIn("failed", post);
  expect(job.failedReason).toBe("failed: rejected: http_410");
  expect(job.stacktrace).toEqual([]);
  expect(handled).toHaveLength(1);
});

test("a pipeline that throws puts the job off and takes the others", async () => {
  const [bad, good] = [waiting(), waiting()];
  verdict = async ({ postId }) => {
    if (postId === bad.postId) throw new Error("a bug");
    return { kind: "done" };
  };
  await producer.enqueue([bad, good]);
  await consumer.start();
  await jobIn("completed", good);
  const job = await jobIn("delayed", bad);
  expect(job.attemptsMade).toBe(0);
  expect(JSON.stringify(job.toJSON())).not.toContain("a bug");
});

describe("a job that is not one of ours", () => {
  const good = { postId: "0190d8a2-3c1e-7b6f-9d00-0a1b2c3d4e5f", revision: 1 };

  test.each<[string, unknown, string | undefined]>([
    ["without an id of ours", good, undefined],
    ["of another revision than its id", { ...good, revision: 2 }, `${good.postId}_1_0`],
    ["with content", { ...good, text: "hello" }, `${good.postId}_1_0`],
    ["with nothing", null, `${good.postId}_1_0`],
  ])("%s, is set aside at once and never handled", async (_what, data, jobId) => {
    const options = { attempts: 5, backoff: 1, ...(jobId === undefined ? {} : { jobId }) };
    const { id } = await queue().add("publish", data, options);
    await consumer.start();
    await until("the job to be set aside", async () => (await queue().getJobState(id ?? "")) === "failed");
    expect((await queue().getJob(id ?? ""))?.attemptsMade).toBe(1);
    expect(handled).toEqual([]);
  });

  test("whose data is no JSON at all, is set aside too, and the others are taken", async () => {
    const [broken, post] = [waiting(), waiting()];
    await producer.enqueue([broken]);
    const operator = connectRedis(env.redisUrl, "consumer", env.logger);
    await operator.hset(`${prefix}:publish-webhook:${publishJobId(broken)}`, "data", "{not json");
    operator.disconnect();
    await producer.enqueue([post]);
    await consumer.start();
    await jobIn("completed", post);
    await until("the job to be set aside", async () => (await queue().getJobState(publishJobId(broken))) === "failed");
    expect(handled).toMatchObject([{ postId: post.postId }]);
  });
});

test("no more jobs are handled at a time than allowed", async () => {
  let running = 0;
  let most = 0;
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  verdict = async () => {
    running += 1;
    most = Math.max(most, running);
    await released;
    running -= 1;
    return { kind: "done" };
  };
  await producer.enqueue(Array.from({ length: 30 }, () => waiting()));
  await consumer.start();
  await until("all hands to be full", async () => consumer.running() === 10);
  release();
  await until("all to be done", async () => consumer.taken() === 30 && (await queue().getActiveCount()) === 0);
  expect(most).toBe(10);
  expect(consumer.running()).toBe(0);
});
