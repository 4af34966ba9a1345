import { randomUUID } from "node:crypto";
import { defaultRetryPolicy, type Guarantee, type Platform } from "@punctual/core";
import { claimPost } from "@punctual/db";
import { createPlatforms } from "@punctual/platforms";
import type { Service } from "@punctual/runtime";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestLookout } from "./lookout.fixture.ts";
import { createRescuer } from "./rescuer.ts";

const leaseMs = 20_000;
const { byName } = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const webhook = byName.get("webhook") as Platform;

let env: TestEnvironment;
let tenant: TestTenant;
let rescuers: Service[];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
  rescuers = [];
});
afterEach(() => Promise.all(rescuers.map((rescuer) => rescuer.stop())));

async function startRescuer(guarantee: Guarantee = "idempotent"): Promise<void> {
  const platforms = new Map([[webhook.name, { ...webhook, guarantee: () => guarantee }]]);
  const { database, logger } = env;
  const lookout = openTestLookout(env);
  const rescuer = createRescuer({ database, platforms, retryPolicy: defaultRetryPolicy, logger, lookout });
  rescuers.push(rescuer);
  await rescuer.start();
}

/** A post whose worker died in that phase. */
async function stranded(
  phase: "preparing" | "sending",
  { maxAttempts = 5, platform = "webhook" } = {},
): Promise<string> {
  const id = await insertTestPost(env, tenant, { maxAttempts, platform, enqueued: true });
  const request = { postId: id, revision: 1, claimToken: randomUUID(), worker: "dead", phase, leaseMs };
  expect(await claimPost(env.database, request)).toMatchObject({ kind: "claimed" });
  return id;
}

const rescued = (id: string) =>
  until("the post to be taken from the dead", async () => {
    const [row] = await env.sql<Record<string, unknown>>("SELECT * FROM posts WHERE id = $1", [id]);
    return row?.["status"] !== "publishing" && row;
  });

const attempts = (id: string) => env.sql("SELECT outcome, code FROM attempts WHERE post_id = $1 ORDER BY number", [id]);

test("nothing is taken from a worker whose lease still runs", async () => {
  const [alive, dead] = [await stranded("sending"), await stranded("sending")];
  await env.sql("UPDATE posts SET lease_until = app_now() - interval '1 second' WHERE id = $1", [dead]);
  await startRescuer();
  await rescued(dead);
  const [row] = await env.sql("SELECT status, claimed_by FROM posts WHERE id = $1", [alive]);
  expect(row).toEqual({ status: "publishing", claimed_by: "dead" });
});

describe("a post whose worker died", () => {
  test("while preparing is taken again at once, and asks for a job", async () => {
    const id = await stranded("preparing");
    await env.advanceClock(leaseMs + 1);
    await startRescuer("at_most_once");
    const post = await rescued(id);
    expect(post).toMatchObject({ status: "retrying", outcome_open: false, generation: 1, enqueued_rev: 0 });
    expect(post["next_attempt_at"]).toEqual(post["updated_at"]);
    expect(await attempts(id)).toEqual([{ outcome: "abandoned", code: "worker_lost" }]);
  });

  test("while sending is sent again where a repeat is harmless", async () => {
    const id = await stranded("sending");
    await env.advanceClock(leaseMs + 1);
    await startRescuer("idempotent");
    expect(await rescued(id)).toMatchObject({ status: "retrying", outcome_open: true, generation: 1, enqueued_rev: 0 });
    expect(await attempts(id)).toEqual([{ outcome: "unknown", code: "worker_lost" }]);
  });

  test.each(["confirmable", "at_most_once"] as const)(
    "while sending is looked at first where it is %s",
    async (guarantee) => {
      const id = await stranded("sending");
      await env.advanceClock(leaseMs + 1);
      await startRescuer(guarantee);
      expect(await rescued(id)).toMatchObject({ status: "unconfirmed", outcome_open: false });
    },
  );

  test("while sending to a platform nobody here knows is never sent again blindly", async () => {
    const id = await stranded("sending", { platform: "pigeon" });
    await env.advanceClock(leaseMs + 1);
    await startRescuer("idempotent");
    expect(await rescued(id)).toMatchObject({ status: "unconfirmed" });
  });

  test("on its last attempt ends: failed if nothing was sent, else unconfirmed", async () => {
    const preparing = await stranded("preparing", { maxAttempts: 1 });
    const sending = await stranded("sending", { maxAttempts: 1 });
    await env.advanceClock(leaseMs + 1);
    await startRescuer("idempotent");
    expect(await rescued(preparing)).toMatchObject({ status: "failed" });
    expect(await rescued(sending)).toMatchObject({ status: "unconfirmed" });
  });
});

test("many rescuers take each post once", async () => {
  const ids = await Promise.all(Array.from({ length: 30 }, () => stranded("sending")));
  await env.advanceClock(leaseMs + 1);
  await Promise.all([1, 2, 3].map(() => startRescuer()));
  await Promise.all(ids.map(rescued));
  const [told] = await env.sql(
    "SELECT count(*)::int AS events, count(DISTINCT post_id)::int AS posts FROM events WHERE post_id = ANY ($1)",
    [ids],
  );
  expect(told).toEqual({ events: 30, posts: 30 });
});

test("a post that cannot be settled does not stand in the way of the others", async () => {
  const stuck = await stranded("sending");
  const others = [await stranded("sending"), await stranded("preparing"), await stranded("sending")];
  await env.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`);
  await env.sql(
    `CREATE TRIGGER refuse BEFORE UPDATE ON posts FOR EACH ROW WHEN (OLD.id = '${stuck}') EXECUTE FUNCTION refuse()`,
  );
  try {
    await env.sql("ALTER TABLE posts DISABLE TRIGGER refuse");
    await env.sql("UPDATE posts SET lease_until = app_now() - interval '1 second' WHERE id = ANY ($1)", [[...others]]);
    await env.sql("UPDATE posts SET lease_until = app_now() - interval '2 seconds' WHERE id = $1", [stuck]);
    await env.sql("ALTER TABLE posts ENABLE TRIGGER refuse");
    await startRescuer();
    for (const id of others) await rescued(id);
    expect(await env.sql("SELECT status FROM posts WHERE id = $1", [stuck])).toEqual([{ status: "publishing" }]);
  } finally {
    await env.sql("DROP TRIGGER refuse ON posts");
    await env.sql("DROP FUNCTION refuse");
  }
});
