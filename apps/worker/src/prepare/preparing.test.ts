/** Preparing before the instant, on real Postgres and Redis; the platform says what each test wants to see obeyed. */
import { randomUUID } from "node:crypto";
import { defaultRetryPolicy, type Outcome, type Platform, type PrepareContext, type Prepared } from "@punctual/core";
import { cancelWaitingPost, claimPreparation, stagePreparations } from "@punctual/db";
import { createPlatforms } from "@punctual/platforms";
import type { Service } from "@punctual/runtime";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { shippedParts } from "../parts.ts";
import { createPublisher } from "../publish/publisher.ts";
import { createPreparer, type Preparer } from "./preparer.ts";
import { openTestLookout } from "../maintenance/lookout.fixture.ts";
import { createPreparing } from "./preparing.ts";

const minuteMs = 60_000;
const ready: Prepared = { kind: "ready", checkpoint: { container: "c-1" } };
const fault = { code: "http_503", message: "not now" };
const { byName } = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const webhook = byName.get("webhook") as Platform;

let env: TestEnvironment;
let tenant: TestTenant;
let preparer: Preparer;
let services: Service[];
let calls: string[];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  await env.sql("UPDATE posts SET status = 'cancelled' WHERE status = 'scheduled'");
  tenant = await env.createTenant();
  preparer = createPreparer(env, { retryPolicy: defaultRetryPolicy });
  services = [];
  calls = [];
});
afterEach(() => Promise.all(services.map((service) => service.stop())));

type Prepare = (context: PrepareContext) => Promise<Prepared>;

function platformThat(prepare: Prepared | Prepare = ready, changes: Partial<Platform> = {}): Platform {
  return {
    ...webhook,
    name: "test_prepares",
    async prepare(_post, context) {
      calls.push("prepare");
      return typeof prepare === "function" ? prepare(context) : prepare;
    },
    async send(_post, { beforeSend, checkpoint }): Promise<Outcome> {
      beforeSend();
      calls.push(`send ${JSON.stringify(checkpoint)}`);
      return { kind: "published" };
    },
    ...changes,
  };
}

const insert = (dueInMs: number) => insertTestPost(env, tenant, { platform: "test_prepares", dueInMs });
const stage = () => stagePreparations(env.database, { platforms: ["test_prepares"], limit: 100 });
/** Due in five minutes, with all that precedes preparing done. */
async function staged(): Promise<string> {
  const id = await insert(5 * minuteMs);
  await stage();
  return id;
}

const prepare = (postId: string, platform: Platform, revision = 1) =>
  preparer.prepare(platform, { postId, revision, generation: 0 });

function publish(postId: string, platform: Platform) {
  const { database, keyring, logger } = env;
  const options = { worker: "worker-1", retryPolicy: defaultRetryPolicy };
  const publisher = createPublisher({ database, keyring, logger, parts: shippedParts }, options);
  return publisher.publish(platform, { postId, revision: 1, generation: 0 }, "job");
}

const one = async (query: string, id: string) => (await env.sql<Record<string, unknown>>(query, [id]))[0];
const post = (id: string) => one("SELECT * FROM posts WHERE id = $1", id);
const preparation = (id: string) => one("SELECT * FROM preparations WHERE post_id = $1", id);
const risks = async (id: string) =>
  (await env.sql<{ data: object }>("SELECT data FROM events WHERE post_id = $1 AND type = 'post.at_risk'", [id])).map(
    ({ data }) => data,
  );
const becomesDue = (id: string) => env.sql("UPDATE posts SET next_attempt_at = app_now() WHERE id = $1", [id]);

async function start(platform: Platform, redisUrl = env.redisUrl): Promise<Service[]> {
  const { database, keyring, logger } = env;
  const lookout = openTestLookout(env, ["webhook", platform.name]);
  const preparing = createPreparing(
    {
      redisUrl,
      platforms: [webhook, platform],
      ownPlatforms: [platform],
      retryPolicy: defaultRetryPolicy,
      drainTimeoutMs: 5_000,
    },
    { database, maintenance: database, keyring, logger, lookout, giveUp: () => {} },
  );
  const started = [...preparing.foundation, ...preparing.maintenance, ...preparing.lanes];
  services.push(...started);
  for (const service of started) await service.start();
  return started;
}

describe("a worker prepares", () => {
  test("from ten minutes before the instant, by a job of its own, and the claim sends at once", async () => {
    const later = await insert(30 * minuteMs);
    const platform = platformThat();
    await start(platform);
    // Those that are staged before Redis was reached are brought by the poller.
    const soon = await until("a job to bring a post", async () => {
      const id = await insert(9 * minuteMs);
      await until("it to be prepared", async () => (await post(id))?.["prepared_at"] !== null);
      return (await preparation(id))?.["enqueued"] === true && id;
    });
    calls = ["prepare"];
    expect(await post(soon)).toMatchObject({ status: "scheduled", attempts: 0, checkpoint: { container: "c-1" } });
    expect(await preparation(soon)).toMatchObject({ attempts: 1, next_attempt_at: null });
    expect(await preparation(later)).toBeUndefined();
    await becomesDue(soon);
    expect(await publish(soon, platform)).toEqual({ kind: "done" });
    expect(calls).toEqual(["prepare", 'send {"container":"c-1"}']);
    expect(await one("SELECT * FROM attempts WHERE post_id = $1", soon)).toMatchObject({ phase: "sending" });
  });

  test("also while Redis is away", async () => {
    const id = await insert(5 * minuteMs);
    await start(platformThat(), "redis://127.0.0.1:1");
    await until("the post to be prepared", async () => (await post(id))?.["prepared_at"] !== null);
    expect(await preparation(id)).toMatchObject({ enqueued: false });
  });

  test("nothing for posts that are cancelled, held, of paused accounts, or have nothing to prepare", async () => {
    const [cancelled, held, plain, due] = [await staged(), await staged(), await insert(minuteMs), await insert(500)];
    await cancelWaitingPost(env.database, { companyId: tenant.companyId, id: cancelled, requestId: null });
    await env.sql("UPDATE posts SET status = 'held', held_reason = 'paused' WHERE id = $1", [held]);
    await env.sql("UPDATE posts SET needs_preparing = false WHERE id = $1", [plain]);
    await stage();
    for (const id of [plain, due]) expect(await preparation(id)).toBeUndefined();
    const paused = await staged();
    await env.sql("UPDATE social_accounts SET paused = true WHERE id = $1", [tenant.socialAccountId]);
    for (const id of [cancelled, held, paused]) expect(await prepare(id, platformThat())).toEqual({ kind: "done" });
    expect(calls).toEqual([]);
  });
});

describe("what is being prepared", () => {
  test("stays editable: the edit takes it away, and the new revision is prepared anew", async () => {
    const id = await staged();
    let kept: string | undefined;
    const platform = platformThat(async ({ saveCheckpoint, checkpoint }) => {
      expect(checkpoint).toBeNull();
      await saveCheckpoint({ upload: 1 });
      await env.sql(
        `UPDATE posts SET revision = 2, checkpoint = NULL, prepared_at = NULL, preparing_token = NULL, preparing_until = NULL WHERE id = $1`,
        [id],
      );
      kept = await saveCheckpoint({ upload: 2 }).then(
        () => "kept",
        () => "refused",
      );
      return ready;
    });
    expect(await prepare(id, platform)).toEqual({ kind: "done" });
    expect(kept).toBe("refused");
    expect(await post(id)).toMatchObject({ checkpoint: null, prepared_at: null });
    expect(await stage()).toBe(1);
    await prepare(id, platformThat(), 2);
    expect(await post(id)).toMatchObject({ checkpoint: { container: "c-1" } });
  });

  test.each(["cancelled", "claimed"])("is nobody's any more once the post is %s", async (how) => {
    const id = await staged();
    let stopped = false;
    const platform = platformThat(async ({ signal }) => {
      if (how === "cancelled")
        await cancelWaitingPost(env.database, { companyId: tenant.companyId, id, requestId: null });
      else await env.sql("UPDATE posts SET preparing_token = NULL, preparing_until = NULL WHERE id = $1", [id]);
      stopped = await until("the signal", async () => signal.aborted);
      return ready;
    });
    await prepare(id, platform);
    expect(stopped).toBe(true);
    expect(await post(id)).toMatchObject({ prepared_at: null, checkpoint: null });
  });

  test("is waited for by a claim, and taken over when its worker is dead, from where that got to", async () => {
    const id = await staged();
    const token = randomUUID();
    const lease = { postId: id, revision: 1, token, leaseMs: 10_000 };
    expect(await claimPreparation(env.database, lease)).toMatchObject({ kind: "taken", post: { attempt: 1 } });
    await env.sql(`UPDATE posts SET checkpoint = '{"upload": 1}' WHERE id = $1`, [id]);
    expect(await prepare(id, platformThat())).toEqual({ kind: "done" });
    await becomesDue(id);
    expect(await publish(id, platformThat())).toEqual({ kind: "later", delayMs: 500 });
    expect(calls).toEqual([]);
    await env.advanceClock(10_001);
    const seen: unknown[] = [];
    const platform = platformThat(async ({ checkpoint }) => {
      seen.push(checkpoint);
      return ready;
    });
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(seen).toEqual([{ upload: 1 }]);
    expect(await post(id)).toMatchObject({ status: "published", preparing_token: null });
  });

  test("is put back at no cost when the process must stop", async () => {
    const id = await staged();
    const platform = platformThat(async ({ signal }) => {
      preparer.release();
      await until("the signal", async () => signal.aborted);
      return ready;
    });
    expect(await prepare(id, platform)).toEqual({ kind: "done" });
    expect(await preparation(id)).toMatchObject({ attempts: 0, generation: 1, enqueued: false });
    expect(await post(id)).toMatchObject({ preparing_token: null, prepared_at: null });
  });
});

describe("preparing that fails", () => {
  const refused: Prepared = { kind: "rejected", category: "rejected", code: "bad_media", message: "too wide" };

  test("for good is told once, and left to the attempt at the instant", async () => {
    const id = await staged();
    expect(await prepare(id, platformThat(refused))).toEqual({ kind: "done" });
    const told = {
      reason: "prepare_failed",
      failure: { category: "rejected", code: "bad_media", message: "too wide" },
    };
    expect(await risks(id)).toMatchObject([told]);
    expect(await post(id)).toMatchObject({ status: "scheduled", attempts: 0 });
    expect(await preparation(id)).toMatchObject({ next_attempt_at: null, failure_code: "bad_media" });
    await env.sql("UPDATE preparations SET next_attempt_at = app_now() WHERE post_id = $1", [id]);
    await prepare(id, platformThat(refused));
    expect(await risks(id)).toHaveLength(1);
  });

  test("for now is tried again with growing waits, and told when it came twice in a row", async () => {
    const id = await staged();
    const platform = platformThat({ kind: "retry", category: "platform", ...fault });
    const first = await prepare(id, platform);
    expect(first).toMatchObject({ kind: "later" });
    expect(await risks(id)).toEqual([]);
    expect(await prepare(id, platform)).toMatchObject({ kind: "later" });
    expect(calls).toEqual(["prepare"]);
    await env.advanceClock(6_000);
    const second = await prepare(id, platform);
    expect(first.kind === "later" && second.kind === "later" && second.delayMs > first.delayMs).toBe(true);
    expect(await risks(id)).toMatchObject([{ failure: { code: "http_503" } }]);
    await env.advanceClock(25_000);
    await prepare(id, platformThat());
    expect(await preparation(id)).toMatchObject({ attempts: 3, failure_code: null });
  });

  test("until after the instant is left to the attempt at the instant", async () => {
    const id = await insert(20_000);
    await stage();
    const limited: Prepared = { kind: "wait", waitMs: 30 * 86_400_000, scope: "account", ...fault };
    expect(await prepare(id, platformThat(limited))).toEqual({ kind: "done" });
    expect(await risks(id)).toHaveLength(1);
    // What the platform said about the account holds for its other posts too; it is believed for a day.
    const later = await publish(await insert(0), platformThat());
    expect(later).toMatchObject({ kind: "later" });
    expect(later.kind === "later" && later.delayMs).toBeLessThanOrEqual(defaultRetryPolicy.toldWaitMaxMs);
    expect(calls).toEqual(["prepare"]);
  });

  test("for its account's credentials renews these, and holds the posts if that cannot be", async () => {
    const auth: Prepared = { kind: "reconnect", category: "auth", credentialsVersion: 1, ...fault };
    const renewed = { kind: "refreshed", credentials: { token: "t2" } } as const;
    const id = await staged();
    await prepare(id, platformThat(auth, { refresh: async () => renewed }));
    expect(await post(id)).toMatchObject({ status: "scheduled" });
    expect(await risks(id)).toEqual([]);
    await env.advanceClock(6_000);
    await prepare(
      id,
      platformThat(async ({ account }) => ({ kind: "ready", checkpoint: { by: account.credentials["token"] } })),
    );
    expect(await post(id)).toMatchObject({ checkpoint: { by: "t2" } });
    const other = await staged();
    const scope: Prepared = { kind: "reconnect", category: "permission", credentialsVersion: 2, ...fault };
    await prepare(other, platformThat(scope, { refresh: async () => renewed }));
    for (const heldId of [id, other]) expect(await post(heldId)).toMatchObject({ held_reason: "needs_reconnect" });
  });

  test("is forestalled where the credentials would end before the instant", async () => {
    const id = await staged();
    const platform = platformThat(ready, {
      credentialsExpireAt: ({ credentials }) => (credentials["token"] === "t2" ? null : new Date()),
      refresh: async () => ({ kind: "refreshed", credentials: { token: "t2" } }),
    });
    expect(await prepare(id, platform)).toEqual({ kind: "done" });
    expect(calls).toEqual([]);
    await preparer.prepare(platform, { postId: id, revision: 1, generation: 1 });
    expect(await post(id)).toMatchObject({ checkpoint: { container: "c-1" } });
  });
});
