/**
 * From the job in Redis to the receiver and back: producer, consumer, pipeline and platform on real Postgres and Redis,
 * with the sandbox as the receiver. Nothing else brings a post here, so what is seen of a job is its own doing.
 */
import { publishJobId, type RetryPolicy } from "@punctual/core";
import { cancelWaitingPost, markEnqueued } from "@punctual/db";
import { createPlatforms, type Platforms } from "@punctual/platforms";
import { openConsumer, openProducer, type JobConsumer, type PublishProducer } from "@punctual/queue";
import {
  createTestEnvironment,
  insertTestPost,
  launchApp,
  until,
  type LaunchedApp,
  type TestEnvironment,
  type TestPostOptions,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { shippedParts } from "../parts.ts";
import { createPublisher } from "./publisher.ts";

const retryPolicy: RetryPolicy = {
  network: { baseMs: 100, factor: 3 },
  platform: { baseMs: 200, factor: 3 },
  internal: { baseMs: 1_000, factor: 3 },
  delayMaxMs: 60_000,
  toldWaitMaxMs: 60_000,
  limitWaitMinMs: 100,
  limitWaitMinMaxMs: 100,
};

let env: TestEnvironment;
let sandbox: LaunchedApp;
let tenant: TestTenant;
let platforms: Platforms;
let producer: PublishProducer;
let consumers: JobConsumer[];

beforeAll(async () => {
  env = await createTestEnvironment();
  sandbox = await launchApp("sandbox", {});
  platforms = createPlatforms({ sandboxUrl: sandbox.url, allowPrivateNetworks: true });
  producer = openProducer(
    { redisUrl: env.redisUrl, platforms: ["webhook"] },
    { logger: env.logger, onEnqueued: (posts) => markEnqueued(env.database, posts) },
  );
  await until("Redis is reached", () => producer.isReady());
});
afterAll(async () => {
  await producer.stop();
  await platforms.stop();
  sandbox.kill("SIGTERM");
  await env.close();
});
beforeEach(async () => {
  consumers = [];
  tenant = await env.createTenant();
  await control("PUT", `accounts/${tenant.socialAccountId}`, { secret: tenant.webhookSecret });
});
afterEach(async () => {
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  await producer.queues[0]?.obliterate({ force: true });
  await control("DELETE", "faults");
});

async function startWorker(worker = "worker-1", policy = retryPolicy): Promise<void> {
  const { database, keyring, logger } = env;
  const deps = { database, keyring, logger, parts: shippedParts };
  const publisher = createPublisher(deps, { worker, retryPolicy: policy });
  const platform = platforms.byName.get("webhook");
  if (platform === undefined) throw new Error("there is no webhook platform");
  const consumer = openConsumer(
    { redisUrl: env.redisUrl, platform: platform.name, concurrency: 20, drainTimeoutMs: 20_000 },
    { logger, handle: (job) => publisher.publish(platform, job, "job") },
  );
  consumers.push(consumer);
  await consumer.start();
}

async function control(method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`${sandbox.url}/_control/${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  expect(answer.ok, await answer.text()).toBe(true);
}

/** What the receiver does to the next deliveries of this test's account. */
const misbehave = (fault: object, times = 1) =>
  control("POST", "faults", { account: tenant.socialAccountId, times, fault });

interface Received {
  outcome: string;
  receivedAt: string;
  status: number | null;
  body: string;
  bodyChanged: boolean;
  headers: Record<string, string>;
}

async function received(postId: string): Promise<Received[]> {
  const answer = await fetch(`${sandbox.url}/_ledger?postId=${postId}`);
  return ((await answer.json()) as { data: Received[] }).data;
}

async function schedule(options: TestPostOptions = {}): Promise<string> {
  const id = await insertTestPost(env, tenant, options);
  await enqueue(id, options);
  return id;
}

async function enqueue(postId: string, { dueInMs = 0, maxAttempts = 5 }: TestPostOptions = {}): Promise<void> {
  const dueAt = new Date(Date.now() + dueInMs);
  const job = { postId, platform: "webhook", revision: 1, generation: 0, dueAt, maxAttempts, requestId: null };
  expect(await producer.enqueue([job])).toBe(true);
}

const jobOf = async (postId: string) =>
  producer.queues[0]?.getJob(publishJobId({ postId, revision: 1, generation: 0 }));

async function row(id: string): Promise<Record<string, unknown>> {
  const [found] = await env.sql<Record<string, unknown>>("SELECT * FROM posts WHERE id = $1", [id]);
  if (found === undefined) throw new Error("there is no such post");
  return found;
}

const becomes = (id: string, status: string) =>
  until(`the post to be ${status}`, async () => {
    const post = await row(id);
    return post["status"] === status && post;
  });

test("a post goes out at its instant, not before, signed, and once", async () => {
  await startWorker();
  const id = await schedule({ dueInMs: 700, text: "Grüße 🎉" });
  const post = await becomes(id, "published");
  const entries = await received(id);
  expect(entries).toMatchObject([{ outcome: "accepted", status: 200 }]);
  expect(Date.parse(entries[0]?.receivedAt ?? "")).toBeGreaterThanOrEqual(Number(post["scheduled_at"]));
  expect(JSON.parse(entries[0]?.body ?? "")).toMatchObject({ postId: id, text: "Grüße 🎉" });
  expect(post["external_id"]).toBeTruthy();
  expect(post["lateness_ms"]).toBeGreaterThanOrEqual(0);
});

test("errors are answered with waits that grow, shown in the job, until it works", async () => {
  await misbehave({ kind: "status", status: 503 }, 2);
  // Hours, so that there is time to look; each is then cut short by hand.
  const platform = { baseMs: 3_600_000, factor: 3 };
  await startWorker("worker-1", { ...retryPolicy, platform, delayMaxMs: 100 * platform.baseMs });
  const id = await schedule();
  for (const attempt of [1, 2]) {
    const job = await until(`attempt ${attempt} to have failed`, async () => {
      const found = await jobOf(id);
      return (await found?.isDelayed()) === true && found?.attemptsMade === attempt && found;
    });
    const fullMs = platform.baseMs * platform.factor ** (attempt - 1);
    expect(job.failedReason).toBe("platform: http_503");
    expect(job.delay).toBeGreaterThanOrEqual(fullMs / 2);
    expect(job.delay).toBeLessThanOrEqual(fullMs);
    const post = await row(id);
    expect(job.delay).toBe(Number(post["next_attempt_at"]) - Number(post["updated_at"]));
    await env.sql("UPDATE posts SET next_attempt_at = app_now() WHERE id = $1", [id]);
    await job.promote();
  }
  await becomes(id, "published");
  expect((await received(id)).map(({ status }) => status)).toEqual([503, 503, 200]);
});

describe("Retry-After", () => {
  test("of 429 is waited for, and costs no attempt", async () => {
    await misbehave({ kind: "status", status: 429, retryAfter: 1 });
    await startWorker();
    const id = await schedule({ maxAttempts: 1 });
    expect(await becomes(id, "published")).toMatchObject({ attempts: 2, attempts_used: 1 });
    const [one, two] = (await received(id)).map(({ receivedAt }) => Date.parse(receivedAt));
    expect(Number(two) - Number(one)).toBeGreaterThanOrEqual(1_000);
  });

  test("of 503 is waited for where it is longer than the backoff", async () => {
    await misbehave({ kind: "status", status: 503, retryAfter: 1 });
    await startWorker();
    const id = await schedule();
    expect(await becomes(id, "published")).toMatchObject({ attempts: 2, attempts_used: 2 });
    const [one, two] = (await received(id)).map(({ receivedAt }) => Date.parse(receivedAt));
    expect(Number(two) - Number(one)).toBeGreaterThanOrEqual(1_000);
  });
});

test.each([400, 404, 410])("%i fails at once, with the receiver's reason and without the text", async (status) => {
  await misbehave({ kind: "status", status, body: { error: "not here" } });
  await startWorker();
  const id = await schedule({ text: "a very private text" });
  expect(await becomes(id, "failed")).toMatchObject({
    failure_category: "rejected",
    failure_code: `http_${status}`,
    failure_message: `the receiver answered ${status}: not here`,
  });
  const job = await until("the job to be set aside", async () => {
    const found = await jobOf(id);
    return found?.finishedOn !== undefined && found;
  });
  expect(job.failedReason).toBe(`failed: rejected: http_${status}`);
  expect(JSON.stringify(job.toJSON())).not.toContain("private text");
  expect(await received(id)).toHaveLength(1);
});

test("a post whose budget is spent fails with the last reason", async () => {
  await misbehave({ kind: "status", status: 500 }, 10);
  await startWorker();
  const id = await schedule({ maxAttempts: 3 });
  expect(await becomes(id, "failed")).toMatchObject({ attempts: 3, failure_code: "http_500" });
  expect(await received(id)).toHaveLength(3);
});

test.each([["accept_then_reset"], ["garbage"]])(
  "an answer lost by %s is asked for again with the same bytes",
  async (kind) => {
    await misbehave(kind === "garbage" ? { kind, form: "not_http" } : { kind });
    await startWorker();
    const id = await schedule();
    const open = await until("the outcome to be open", async () => {
      const [event] = await env.sql<{ data: { outcomeOpen: boolean } }>(
        "SELECT data FROM events WHERE post_id = $1 AND type = 'post.retrying'",
        [id],
      );
      return event;
    });
    expect(open.data.outcomeOpen).toBe(true);
    expect(await becomes(id, "published")).toMatchObject({ outcome_open: false, attempts: 2 });
    const [first, second, ...more] = await received(id);
    expect(more).toEqual([]);
    expect([first?.outcome, second?.outcome]).toEqual(["accepted", "repeat"]);
    expect(second).toMatchObject({ body: first?.body, bodyChanged: false });
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  },
);

test("a post whose outcome is open cannot be cancelled", async () => {
  const id = await insertTestPost(env, tenant);
  await env.sql("UPDATE posts SET status = 'retrying', outcome_open = true WHERE id = $1", [id]);
  expect(await cancelWaitingPost(env.database, { companyId: tenant.companyId, id, requestId: null })).toBeNull();
  expect(await row(id)).toMatchObject({ status: "retrying" });
});

test("a job that fires early goes back to waiting until its post is due", async () => {
  const id = await insertTestPost(env, tenant, { dueInMs: 3_600_000 });
  await startWorker();
  await enqueue(id);
  const job = await until("the job to wait again", async () => {
    const found = await jobOf(id);
    return (await found?.isDelayed()) === true && (found?.delay ?? 0) > 0 && found;
  });
  expect(job.attemptsMade).toBe(0);
  expect(await row(id)).toMatchObject({ status: "scheduled", attempts: 0 });
  expect(await received(id)).toEqual([]);
  // Somebody promotes it by hand: still nothing goes out early.
  await job.promote();
  await until("it to be delayed once more", async () => (await (await jobOf(id))?.isDelayed()) ?? false);
  expect(await received(id)).toEqual([]);
  await env.sql("UPDATE posts SET next_attempt_at = app_now() WHERE id = $1", [id]);
  await (await jobOf(id))?.promote();
  await becomes(id, "published");
});

test("a job whose post was cancelled ends, and nothing goes out", async () => {
  const id = await insertTestPost(env, tenant);
  expect(await cancelWaitingPost(env.database, { companyId: tenant.companyId, id, requestId: null })).not.toBeNull();
  await startWorker();
  await enqueue(id);
  await until("the job to end", async () => (await (await jobOf(id))?.isCompleted()) ?? false);
  expect(await received(id)).toEqual([]);
});

test("two workers with two jobs for every post send each post once", async () => {
  await Promise.all([startWorker("worker-1"), startWorker("worker-2")]);
  const ids = await Promise.all(Array.from({ length: 60 }, () => insertTestPost(env, tenant, { dueInMs: 200 })));
  for (const generation of [0, 1]) {
    await producer.enqueue(
      ids.map((postId) => ({
        postId,
        platform: "webhook",
        revision: 1,
        generation,
        dueAt: new Date(),
        maxAttempts: 5,
        requestId: null,
      })),
    );
  }
  await until("all to be published", async () => {
    const rows = await env.sql("SELECT FROM posts WHERE id = ANY ($1) AND status <> 'published'", [ids]);
    return rows.length === 0;
  });
  const entries = (await Promise.all(ids.map(received))).flat();
  expect(entries).toHaveLength(ids.length);
  expect(entries.every(({ outcome }) => outcome === "accepted")).toBe(true);
});
