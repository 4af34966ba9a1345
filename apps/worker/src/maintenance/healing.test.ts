/**
 * What maintenance heals, with real Postgres and real Redis: each fault is made by hand, and the services find it.
 */
import { defaultRetryPolicy, publishJobId } from "@punctual/core";
import { markEnqueued, raiseGenerations } from "@punctual/db";
import { connectRedis, openProducer, type PublishProducer } from "@punctual/queue";
import type { Service } from "@punctual/runtime";
import {
  createTestEnvironment,
  insertTestPost,
  insertTestPosts,
  until,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTally } from "../health/tally.ts";
import { openTestLookout } from "./lookout.fixture.ts";
import { createRebuilder } from "./rebuilder.ts";
import { createRescuer } from "./rescuer.ts";
import { createStager } from "./stager.ts";

const inAnHourMs = 3_600_000;

let env: TestEnvironment;
let tenant: TestTenant;
let producer: PublishProducer;
let redis: ReturnType<typeof connectRedis>;
let services: Service[] = [];

beforeAll(async () => {
  env = await createTestEnvironment();
  tenant = await env.createTenant();
  redis = connectRedis(env.redisUrl, "consumer", env.logger);
});
afterAll(async () => {
  redis.disconnect();
  await env.close();
});

beforeEach(async () => {
  await env.sql("DELETE FROM events");
  await env.sql("DELETE FROM posts");
  await env.sql("DELETE FROM queue_epochs");
  await redis.flushdb();
  producer = openProducer(
    { redisUrl: env.redisUrl, prefix: env.redisPrefix, platforms: ["webhook"] },
    { logger: env.logger, onEnqueued: (posts) => markEnqueued(env.database, posts) },
  );
  await until("Redis is reached", () => producer.isReady());
});
afterEach(async () => {
  for (const service of services.toReversed()) await service.stop();
  services = [];
  await producer.stop();
});

async function run(...started: Service[]): Promise<void> {
  for (const service of started) {
    services.push(service);
    await service.start();
  }
}

const stager = () =>
  createStager({ database: env.database, producer, logger: env.logger, lookout: openTestLookout(env) });
const rebuilder = (seen = producer) =>
  createRebuilder(
    { platforms: ["webhook"], holder: "test" },
    { ...env, producer: seen, lookout: openTestLookout(env), raiseGenerations },
  );
const delayedKey = () => `${env.redisPrefix}:publish-webhook:delayed`;

async function jobIds(): Promise<string[]> {
  return redis.zrange(delayedKey(), "0", "-1");
}

async function expectedIds(): Promise<string[]> {
  const rows = await env.sql<{ id: string; revision: number; generation: number }>(
    "SELECT id, revision, generation FROM posts",
  );
  return rows.map(({ id, ...rest }) => publishJobId({ postId: id, ...rest }));
}

async function everyPostHasItsJob(): Promise<boolean> {
  const [jobs, expected] = [new Set(await jobIds()), await expectedIds()];
  return expected.length > 0 && expected.every((id) => jobs.has(id));
}

/** Once the rebuilder has marked the queue, it knows this Redis. */
async function marked(): Promise<unknown> {
  const [row] = await env.sql<{ epoch: string }>("SELECT epoch FROM queue_epochs WHERE queue = 'publish-webhook'");
  return row !== undefined && (await producer.census.epochs(["publish-webhook"]))[0] === row.epoch;
}

describe("the stager", () => {
  it("enqueues a post whose nudge was lost", async () => {
    await insertTestPost(env, tenant, { dueInMs: inAnHourMs });
    await run(stager());
    await until("the post has its job", everyPostHasItsJob);
    const row = await until("the row knows", async () => {
      const [post] = await env.sql<{ enqueued_rev: number }>("SELECT enqueued_rev FROM posts WHERE enqueued_rev > 0");
      return post;
    });
    expect(row.enqueued_rev).toBe(1);
  });

  it("marks what is past its grace as missed, and only reports what is to go out anyway", async () => {
    const missed = await insertTestPost(env, tenant, { dueInMs: -120_000, graceMinutes: 1 });
    const late = await insertTestPost(env, tenant, { dueInMs: -120_000, graceMinutes: 1, whenLate: "publish" });
    await run(stager());
    const types = () =>
      env.sql<{ post_id: string; type: string }>("SELECT post_id, type FROM events ORDER BY sequence");
    await until("both are told", async () => (await types()).length === 2);
    expect(await types()).toEqual(
      expect.arrayContaining([
        { post_id: missed, type: "post.missed" },
        { post_id: late, type: "post.at_risk" },
      ]),
    );
    const rows = await env.sql<{ id: string; status: string }>("SELECT id, status FROM posts");
    expect(new Map(rows.map(({ id, status }) => [id, status]))).toEqual(
      new Map([
        [missed, "missed"],
        [late, "scheduled"],
      ]),
    );
  });
});

it("asks nothing of Postgres where the look shows nothing, and all it ever asked where nobody looks", async () => {
  let asked = 0;
  const prisma = new Proxy(env.database.prisma, {
    get(target, name) {
      asked += 1;
      return Reflect.get(target, name) as unknown;
    },
  });
  const database = { ...env.database, prisma };
  let looks = 0;
  const { next } = openTestLookout(env);
  const lookout = { next: () => next().finally(() => (looks += 1)) };
  const { logger } = env;
  const watching = [
    (deps: object) => createStager({ database, producer, logger, ...deps }),
    (deps: object) =>
      createRescuer({ database, platforms: new Map(), retryPolicy: defaultRetryPolicy, logger, ...deps }),
    (deps: object) => createTally({ database, logger, ...deps }),
    (deps: object) =>
      createRebuilder(
        { platforms: ["webhook"], holder: "test" },
        { database, producer, logger, raiseGenerations, ...deps },
      ),
  ];
  // Whatever other tests left behind is added up, and the queue gets its mark.
  await run(...watching.map((create) => create({})));
  await until("the queue is marked", marked);
  expect(asked).toBeGreaterThan(0);
  for (const service of services.splice(0)) await service.stop();
  await until("all is added up", async () => !((await next())?.toAddUp ?? true));

  asked = 0;
  await run(...watching.map((create) => create({ lookout })));
  await until("some looks", async () => looks >= 10 * watching.length);
  expect(asked).toBe(0);
});

describe("the rebuilder", () => {
  it("puts every job back after Redis was emptied, what is due first coming first", async () => {
    await insertTestPosts(env, tenant, 1_500, { dueInMs: inAnHourMs });
    const soon = await insertTestPost(env, tenant, { dueInMs: 600_000 });
    await run(stager(), rebuilder());
    await until("all posts have jobs", everyPostHasItsJob);
    await until("the queue is marked", marked);

    await redis.flushdb();
    await until("all jobs are back", async () => {
      const ids = await jobIds();
      if (ids.length > 0) expect(ids.some((id) => id.startsWith(soon))).toBe(true);
      return everyPostHasItsJob();
    });
    await until("the queue is marked anew", marked);
    // An emptied Redis knows no id, so nothing had to change here.
    expect(await env.sql("SELECT DISTINCT generation, enqueued_rev FROM posts")).toEqual([
      { generation: 0, enqueued_rev: 1 },
    ]);
  });

  it("puts jobs back whose set was deleted while BullMQ still knows their ids", async () => {
    await insertTestPosts(env, tenant, 30, { dueInMs: inAnHourMs });
    await run(stager(), rebuilder());
    await until("all posts have jobs", everyPostHasItsJob);
    await until("the queue is marked", marked);

    await redis.del(delayedKey());
    await until("all jobs are back", everyPostHasItsJob);
    const generations = await env.sql<{ generation: number }>("SELECT DISTINCT generation FROM posts");
    expect(generations).toEqual([{ generation: 1 }]);
    await until("nothing is left behind of the old ones", async () => {
      const hashes = await redis.keys(`${env.redisPrefix}:publish-webhook:*_1_0`);
      return hashes.length === 0;
    });
  });

  it("finds a single lost job among many", async () => {
    const ids = await insertTestPosts(env, tenant, 300, { dueInMs: inAnHourMs });
    await run(stager(), rebuilder());
    await until("all posts have jobs", everyPostHasItsJob);
    await redis.zrem(delayedKey(), publishJobId({ postId: ids[250]!, revision: 1, generation: 0 }));
    await until("the job is back", everyPostHasItsJob);
    const raised = await env.sql<{ id: string }>("SELECT id FROM posts WHERE generation > 0");
    expect(raised).toEqual([{ id: ids[250] }]);
  });

  it("does not take a backlog of due posts for a loss", async () => {
    await insertTestPosts(env, tenant, 10_000, { dueInMs: 0 });
    await run(stager());
    await until("all are enqueued", async () => {
      const [row] = await env.sql<{ count: string }>("SELECT count(*) FROM posts WHERE enqueued_rev = 0");
      return row?.count === "0";
    });
    // No consumer runs: they all wait in Redis, due.
    let looks = 0;
    const { census } = producer;
    const counted = {
      ...census,
      missing: (platform: string, jobs: never[]) => {
        looks += 1;
        return census.missing(platform, jobs);
      },
    };
    await run(rebuilder({ ...producer, census: counted }));
    await until("the queue is marked", marked);
    const looked = looks;
    // Each round looks twice: at the soonest, and at the next part of the walk.
    await until("some rounds have passed", async () => looks >= looked + 8);
    const raised = await env.sql("SELECT id FROM posts WHERE generation > 0");
    expect(raised).toEqual([]);
  });

  it("resumes a queue that somebody paused", async () => {
    await run(rebuilder());
    await until("the queue is marked", marked);
    await producer.queues[0]!.pause();
    await until("it is resumed", async () => !(await producer.queues[0]!.isPaused()));
    expect(await producer.resumePaused()).toEqual([]);
  });
});
