/** Posts beyond the horizon wait in Postgres only, and get their job as they come closer. */
import { publishJobId } from "@punctual/core";
import { markEnqueued, readInstallationFigures } from "@punctual/db";
import { openProducer, type WaitingPost } from "@punctual/queue";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestLookout } from "./lookout.fixture.ts";
import { createStager } from "./stager.ts";

const hourMs = 3_600_000;
const minuteMs = 60_000;

let env: TestEnvironment;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

test("a far post has no job, is not missed as one, and gets it in time", async () => {
  const tenant = await env.createTenant();
  const producer = openProducer(
    { redisUrl: env.redisUrl, prefix: env.redisPrefix, platforms: ["webhook"], horizonMs: hourMs },
    { logger: env.logger, onEnqueued: (posts) => markEnqueued(env.database, posts) },
  );
  const stager = createStager({ ...env, producer, lookout: openTestLookout(env) });
  try {
    await until("Redis is reached", () => producer.isReady());
    const dueInMs = { near: 30 * minuteMs, middle: 50 * minuteMs, far: 2 * hourMs };
    const near = await insertTestPost(env, tenant, { dueInMs: dueInMs.near });
    const far = await insertTestPost(env, tenant, { dueInMs: dueInMs.far });
    const waiting = (postId: string, inMs: number): WaitingPost => ({
      postId,
      platform: "webhook",
      revision: 1,
      generation: 0,
      dueAt: new Date(Date.now() + inMs),
      maxAttempts: 5,
      requestId: null,
    });
    const hasJob = async (postId: string) =>
      (await producer.queues[0]?.getJob(publishJobId({ postId, revision: 1, generation: 0 }))) !== undefined;
    const withoutJob = async (horizonMs: number | null) =>
      (await readInstallationFigures(env.database, { horizonMs })).withoutJob;

    producer.nudge([waiting(near, dueInMs.near), waiting(far, dueInMs.far)]);
    await until("the near one has its job", () => hasJob(near));
    expect(await hasJob(far)).toBe(false);

    // One more that nobody nudged shows that the stager went past the far one.
    const middle = await insertTestPost(env, tenant, { dueInMs: dueInMs.middle });
    await env.advanceClock(10_000);
    await stager.start();
    await until("the stager has made its round", () => hasJob(middle));
    expect(await hasJob(far)).toBe(false);
    await until("its row knows", async () => (await withoutJob(null)) === 1);
    expect(await withoutJob(producer.horizonMs)).toBe(0);

    await env.advanceClock(dueInMs.far - hourMs);
    await until("it has come close enough", () => hasJob(far));
  } finally {
    await stager.stop();
    await producer.stop();
  }
});
