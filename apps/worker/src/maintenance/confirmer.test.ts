import type { Confirmation, Platform } from "@punctual/core";
import { recordFound } from "@punctual/db";
import { createPlatforms } from "@punctual/platforms";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createConfirmer } from "./confirmer.ts";
import { openTestLookout } from "./lookout.fixture.ts";

let env: TestEnvironment;
let tenant: TestTenant;
const { byName } = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const webhook = byName.get("webhook") as Platform;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
});

/** A post whose answer was lost a moment ago. */
async function unconfirmed(): Promise<string> {
  const id = await insertTestPost(env, tenant, { enqueued: true });
  await env.sql(
    `UPDATE posts SET status = 'unconfirmed', attempts = 1, attempts_used = 1, first_sent_at = app_now(),
       unconfirmed_at = app_now(), confirm_at = app_now() WHERE id = $1`,
    [id],
  );
  await env.sql(
    `INSERT INTO attempts (post_id, number, revision, claim_token, worker, phase, outcome, category, code, message, started_at, sent_at, ended_at)
     VALUES ($1, 1, 1, gen_random_uuid(), 'w', 'sending', 'unknown', 'unknown_outcome', 'timeout', 'no answer', app_now(), app_now(), app_now())`,
    [id],
  );
  return id;
}

async function lookAs(confirmation: Confirmation, done: () => Promise<boolean>): Promise<void> {
  const platform: Platform = { ...webhook, confirm: async () => confirmation };
  const confirmer = createConfirmer({
    ...env,
    platforms: new Map([["webhook", platform]]),
    lookout: openTestLookout(env),
  });
  await confirmer.start();
  await until("the post was looked up", done);
  await confirmer.stop();
}

async function row(id: string) {
  const [post] = await env.sql<Record<string, unknown>>("SELECT * FROM posts WHERE id = $1", [id]);
  if (post === undefined) throw new Error("it is gone");
  return post;
}

test("what the platform shows is the post, with its id", async () => {
  const id = await unconfirmed();
  await lookAs({ kind: "published", externalId: "e-1" }, async () => (await row(id))["status"] === "published");
  expect(await row(id)).toMatchObject({ external_id: "e-1" });
});

test("unless it is another post of ours, however alike", async () => {
  const other = await unconfirmed();
  await lookAs({ kind: "published", externalId: "e-2" }, async () => (await row(other))["status"] === "published");
  const id = await unconfirmed();
  await lookAs({ kind: "published", externalId: "e-2" }, async () => Number((await row(id))["confirm_count"]) > 0);
  expect(await row(id)).toMatchObject({ status: "unconfirmed", external_id: null });
});

test("and of those that were looked up at once, it is one of them only", async () => {
  const ids = await Promise.all(Array.from({ length: 8 }, unconfirmed));
  const shown = { externalId: "e-3", externalUrl: null };
  const found = await Promise.all(ids.map((postId) => recordFound(env.database, { postId, ...shown })));
  expect(found.filter(Boolean)).toHaveLength(1);
  const statuses = await Promise.all(ids.map(async (id) => (await row(id))["status"]));
  expect(statuses.filter((status) => status === "published")).toHaveLength(1);
});
