/** The look tells of every kind of work, of nothing else, and never reads a table to find that there is nothing. */
import {
  createTestEnvironment,
  insertTestPost,
  insertTestPosts,
  untilEventsAreVisible,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addUpPostCounts } from "./post-counts.ts";
import { addUpStatistics } from "./minute-statistics.ts";
import { fanOut, nextFanOutBatch } from "./event-fan-out.ts";
import { Prisma } from "./generated/client.ts";
import { setQueueEpoch } from "./maintenance.ts";
import { lookOut, outlookStatement, type Outlook } from "./outlook.ts";

const minuteMs = 60_000;
const hourMs = 3_600_000;
const platforms = ["webhook", "facebook"];

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  for (const table of [
    "preparations",
    "webhook_deliveries",
    "webhook_endpoints",
    "events",
    "attempts",
    "posts",
    "queue_epochs",
  ]) {
    await env.sql(`DELETE FROM ${table}`);
  }
  tenant = await env.createTenant();
  await readAll();
});

const look = () => lookOut(env.database, { platforms });

/** Nothing is left to be handed on or added up. */
async function readAll(): Promise<void> {
  await untilEventsAreVisible(env);
  while ((await addUpPostCounts(env.database, 1_000)) > 0);
  while (await addUpStatistics(env.database, 1_000));
  for (;;) {
    const batch = await nextFanOutBatch(env.database, 1_000);
    if (batch === null) return;
    await fanOut(env.database, batch);
  }
}

const nothing: Outlook = {
  latePosts: false,
  unenqueuedPostInMs: null,
  strandedPosts: false,
  unconfirmedPosts: false,
  postsToPrepare: false,
  unenqueuedPreparations: false,
  strandedDeliveries: false,
  unenqueuedDeliveries: false,
  eventsToFanOut: false,
  toAddUp: false,
  postsInMs: {},
  preparationsInMs: {},
  deliveryInMs: null,
  epochs: {},
};

const about = (ms: number): number => expect.closeTo(ms, -5) as number;

/** A post like any other that waits for its hour, then changed. */
async function post(change: string): Promise<string> {
  const id = await insertTestPost(env, tenant, { dueInMs: hourMs, enqueued: true });
  await env.sql(`UPDATE posts SET needs_preparing = false WHERE id = $1`, [id]);
  await env.sql(`UPDATE posts SET ${change} WHERE id = $1`, [id]);
  await readAll();
  return id;
}

async function delivery(columns: string, values: string): Promise<void> {
  await env.sql(
    `INSERT INTO webhook_endpoints (id, company_id, url, secret) VALUES ($1, $1, 'https://example.com', 'sealed')`,
    [tenant.companyId],
  );
  await env.sql("INSERT INTO events (company_id, type, data) VALUES ($1, 'post.published', '{}')", [tenant.companyId]);
  await readAll();
  await env.sql("DELETE FROM webhook_deliveries");
  await env.sql(
    `INSERT INTO webhook_deliveries (id, company_id, endpoint_id, event_sequence, ${columns})
     SELECT gen_random_uuid(), $1, $1, max(sequence), ${values} FROM events`,
    [tenant.companyId],
  );
}

describe("the look", () => {
  test("finds nothing where there is nothing", async () => {
    expect(await look()).toEqual(nothing);
  });

  const publishing = "status = 'publishing', claim_token = gen_random_uuid(), claimed_by = 'w', attempts = 1";
  test.each<[string, string, Partial<Outlook>]>([
    ["a waiting post", "id = id", { postsInMs: { webhook: about(hourMs) } }],
    [
      "an overdue one",
      "next_attempt_at = app_now() - interval '1 minute'",
      { postsInMs: { webhook: about(-minuteMs) } },
    ],
    [
      "one past its grace",
      "late_at = app_now() - interval '1 second'",
      { latePosts: true, postsInMs: { webhook: about(hourMs) } },
    ],
    [
      "one without a job",
      "enqueued_rev = 0",
      { unenqueuedPostInMs: about(hourMs), postsInMs: { webhook: about(hourMs) } },
    ],
    ["one in the hands of a worker", `${publishing}, lease_until = app_now() + interval '1 minute'`, {}],
    ["one in dead hands", `${publishing}, lease_until = app_now() - interval '1 second'`, { strandedPosts: true }],
    [
      "one to look up",
      "status = 'unconfirmed', unconfirmed_at = app_now(), confirm_at = app_now()",
      { unconfirmedPosts: true },
    ],
    [
      "one to look up later",
      "status = 'unconfirmed', unconfirmed_at = app_now(), confirm_at = app_now() + interval '1 minute'",
      {},
    ],
    ["one that a person must decide", "status = 'unconfirmed', unconfirmed_at = app_now(), confirm_at = NULL", {}],
    [
      "one that is prepared now",
      "needs_preparing = true, next_attempt_at = app_now() + interval '5 minutes'",
      { postsToPrepare: true, postsInMs: { webhook: about(5 * minuteMs) } },
    ],
    ["one that is prepared later", "needs_preparing = true", { postsInMs: { webhook: about(hourMs) } }],
    ["one that ended", "status = 'published', published_at = app_now()", {}],
  ])("tells of %s", async (_what, change, expected) => {
    await post(change);
    expect(await look()).toEqual({ ...nothing, ...expected });
  });

  test("tells of preparations that need a job, and when the soonest is due", async () => {
    const id = await post("id = id");
    await env.sql(
      `INSERT INTO preparations (post_id, platform, revision, next_attempt_at)
       VALUES ($1, 'facebook', 1, app_now() - interval '1 minute')`,
      [id],
    );
    const expected = { postsInMs: { webhook: about(hourMs) }, preparationsInMs: { facebook: about(-minuteMs) } };
    expect(await look()).toEqual({ ...nothing, ...expected, unenqueuedPreparations: true });
    await env.sql("UPDATE preparations SET enqueued = true");
    expect(await look()).toEqual({ ...nothing, ...expected });
    await env.sql("UPDATE preparations SET next_attempt_at = NULL");
    expect(await look()).toEqual({ ...nothing, postsInMs: expected.postsInMs });
  });

  test.each<[string, string, string, Partial<Outlook>]>([
    [
      "that needs a job",
      "status, next_attempt_at",
      "'pending', app_now()",
      { unenqueuedDeliveries: true, deliveryInMs: about(0) },
    ],
    ["that has one", "status, next_attempt_at, enqueued_round", "'pending', app_now(), 1", { deliveryInMs: about(0) }],
    [
      "in dead hands",
      "status, claim_token, claimed_by, lease_until",
      "'delivering', gen_random_uuid(), 'w', app_now() - interval '1 second'",
      { strandedDeliveries: true },
    ],
  ])("tells of a delivery %s", async (_what, columns, values, expected) => {
    await delivery(columns, values);
    expect(await look()).toEqual({ ...nothing, ...expected });
  });

  test("tells of events until each reader has come past them, and of changes until they are added up", async () => {
    await insertTestPost(env, tenant, { dueInMs: hourMs, enqueued: true });
    await env.sql("INSERT INTO events (company_id, type, data) VALUES ($1, 'post.published', '{}')", [
      tenant.companyId,
    ]);
    await untilEventsAreVisible(env);
    expect(await look()).toMatchObject({ eventsToFanOut: true, toAddUp: true });
    await addUpPostCounts(env.database, 1_000);
    expect(await look()).toMatchObject({ eventsToFanOut: true, toAddUp: true });
    await addUpStatistics(env.database, 1_000);
    expect(await look()).toMatchObject({ eventsToFanOut: true, toAddUp: false });
    await readAll();
    expect(await look()).toMatchObject({ eventsToFanOut: false, toAddUp: false });
    await env.sql("DELETE FROM event_cursors");
    expect(await look()).toMatchObject({ eventsToFanOut: true, toAddUp: true });
  });

  test("does not tell of events that an older transaction may still be overtaken by", async () => {
    await env.sql("INSERT INTO events (company_id, type, data) VALUES ($1, 'post.published', '{}')", [
      tenant.companyId,
    ]);
    await readAll();
    await env.database.prisma.$transaction(async (open) => {
      await open.$executeRaw`SELECT pg_current_xact_id()`;
      await env.sql("INSERT INTO events (company_id, type, data) VALUES ($1, 'post.failed', '{}')", [tenant.companyId]);
      expect(await look()).toMatchObject({ eventsToFanOut: false });
    });
    await untilEventsAreVisible(env);
    expect(await look()).toMatchObject({ eventsToFanOut: true });
  });

  test("tells the marks of the queues", async () => {
    await setQueueEpoch(env.database, "publish-webhook", "one");
    expect(await look()).toEqual({ ...nothing, epochs: { "publish-webhook": "one" } });
  });

  test("reads no table of posts, events or deliveries, also where Postgres knows nothing of what is in them", async () => {
    await insertTestPosts(env, tenant, 5_000, { dueInMs: hourMs, enqueued: true });
    const plan = async () => {
      const statement = Prisma.sql`EXPLAIN ${outlookStatement({ platforms })}`;
      const lines = await env.database.prisma.$queryRaw<{ "QUERY PLAN": string }[]>(statement);
      return lines.map((line) => line["QUERY PLAN"]).filter((line) => /Seq Scan|Sort/.test(line));
    };
    expect((await plan()).filter((line) => / on posts/.test(line))).toEqual([]);
    await env.sql("ANALYZE posts");
    expect((await plan()).filter((line) => / on posts/.test(line))).toEqual([]);
  });
});
