/** The pipeline on a real database; the platform says what each test wants to see obeyed. */
import { randomUUID } from "node:crypto";
import { defaultRetryPolicy, type Outcome, type Platform, type SendContext } from "@punctual/core";
import { openDatabase, recordSettlement } from "@punctual/db";
import { createPlatforms } from "@punctual/platforms";
import { createLogger } from "@punctual/runtime";
import { createTestEnvironment, insertTestPost, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { shippedParts } from "../parts.ts";
import { createPublisher, type Driver, type Publisher } from "./publisher.ts";

const hourMs = 3_600_000;
const sendTimeoutMs = 15_000;
const fault = { code: "http_503", message: "the receiver answered 503", httpStatus: 503 };
const published: Outcome = { kind: "published", externalId: "r-1" };

let env: TestEnvironment;
let tenant: TestTenant;
let publisher: Publisher;
let logged: Record<string, unknown>[];
/** How often the platform was asked to send. */
let sends: number;
const { byName } = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const webhook = byName.get("webhook") as Platform;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
  sends = 0;
  logged = [];
  const write = (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>);
  publisher = open({ logger: createLogger("test", "debug", { write }) });
});

function open(changes: Partial<Parameters<typeof createPublisher>[0]> = {}): Publisher {
  const { database, keyring, logger } = env;
  const deps = { database, keyring, logger, parts: shippedParts, ...changes };
  return createPublisher(deps, { worker: "worker-1", retryPolicy: defaultRetryPolicy });
}

type Send = (context: SendContext) => Promise<Outcome>;

function platformThat(send: Outcome | Send, changes: Partial<Platform> = {}): Platform {
  return {
    ...webhook,
    sendTimeoutMs,
    async send(_post, context) {
      sends += 1;
      if (typeof send === "function") return send(context);
      context.beforeSend();
      return send;
    },
    ...changes,
  };
}

const publish = (postId: string, platform: Platform, driver: Driver = "job", generation = 0) =>
  publisher.publish(platform, { postId, revision: 1, generation }, driver);

async function row(id: string): Promise<Record<string, unknown>> {
  const [found] = await env.sql<Record<string, unknown>>("SELECT * FROM posts WHERE id = $1", [id]);
  if (found === undefined) throw new Error("there is no such post");
  return found;
}

const attempts = (id: string) =>
  env.sql<Record<string, unknown>>("SELECT * FROM attempts WHERE post_id = $1 ORDER BY number", [id]);

describe("what the platform says becomes the post's state and the job's verdict", () => {
  test("published: done", async () => {
    const id = await insertTestPost(env, tenant);
    expect(await publish(id, platformThat(published))).toEqual({ kind: "done" });
    expect(await row(id)).toMatchObject({ status: "published", external_id: "r-1" });
    expect(await attempts(id)).toMatchObject([{ worker: "worker-1", outcome: "published", phase: "sending" }]);
  });

  test("a fault that may pass: again, after the wait Postgres knows", async () => {
    const id = await insertTestPost(env, tenant, { enqueued: true });
    const verdict = await publish(id, platformThat({ kind: "retry", category: "platform", ...fault }));
    expect(verdict).toMatchObject({ kind: "again", reason: "platform: http_503" });
    const post = await row(id);
    expect(post).toMatchObject({ status: "retrying", generation: 0, enqueued_rev: 1 });
    const waitMs = Number(post["next_attempt_at"]) - Number(post["updated_at"]);
    expect(verdict.kind === "again" && verdict.delayMs).toBe(waitMs);
  });

  test("a limit: later, at no cost", async () => {
    const id = await insertTestPost(env, tenant);
    const limited: Outcome = { kind: "wait", waitMs: 60_000, ...fault };
    expect(await publish(id, platformThat(limited))).toEqual({ kind: "later", delayMs: 60_000 });
    expect(await row(id)).toMatchObject({ status: "retrying", attempts: 1, attempts_used: 0 });
  });

  test("a refusal: failed, with the reason", async () => {
    const id = await insertTestPost(env, tenant);
    const refused: Outcome = { kind: "rejected", category: "rejected", ...fault };
    expect(await publish(id, platformThat(refused))).toEqual({ kind: "failed", reason: "failed: rejected: http_503" });
    expect(await row(id)).toMatchObject({ status: "failed", failure_message: fault.message });
  });

  test("a lost answer where a repeat is harmless: again, with the outcome open", async () => {
    const id = await insertTestPost(env, tenant);
    expect(await publish(id, platformThat({ kind: "unknown", ...fault }))).toMatchObject({ kind: "again" });
    expect(await row(id)).toMatchObject({ status: "retrying", outcome_open: true });
  });

  test.each(["confirmable", "at_most_once"] as const)(
    "a lost answer where it is %s: nothing more",
    async (guarantee) => {
      const id = await insertTestPost(env, tenant);
      const platform = platformThat({ kind: "unknown", ...fault }, { guarantee: () => guarantee });
      expect(await publish(id, platform)).toEqual({ kind: "failed", reason: "unconfirmed: unknown_outcome: http_503" });
      expect(await row(id)).toMatchObject({ status: "unconfirmed", outcome_open: false });
    },
  );

  test("credentials that are refused: done, and all of the account's posts are held at once", async () => {
    const [id, other] = [await insertTestPost(env, tenant), await insertTestPost(env, tenant, { dueInMs: hourMs })];
    const platform = platformThat({ kind: "reconnect", category: "auth", credentialsVersion: 1, ...fault });
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(await row(id)).toMatchObject({ status: "held", held_reason: "needs_reconnect" });
    expect(await row(other)).toMatchObject({ status: "held", held_reason: "needs_reconnect" });
  });

  test("a fault while the account was being paused: held at once, not only when the next attempt is due", async () => {
    const id = await insertTestPost(env, tenant);
    const platform = platformThat(async ({ beforeSend }) => {
      beforeSend();
      await env.sql("UPDATE social_accounts SET paused = true WHERE id = $1", [tenant.socialAccountId]);
      return { kind: "retry", category: "platform", ...fault };
    });
    await publish(id, platform);
    expect(await row(id)).toMatchObject({ status: "held", held_reason: "paused", failure_code: "http_503" });
  });

  test("the last attempt of the budget that fails: failed", async () => {
    const id = await insertTestPost(env, tenant, { maxAttempts: 1 });
    const verdict = await publish(id, platformThat({ kind: "retry", category: "network", ...fault }));
    expect(verdict).toEqual({ kind: "failed", reason: "failed: network: http_503" });
  });
});

describe("a job without work", () => {
  test("comes back when its post is due", async () => {
    const id = await insertTestPost(env, tenant, { dueInMs: hourMs });
    const verdict = await publish(id, platformThat(published));
    expect(verdict.kind).toBe("later");
    expect(verdict.kind === "later" && verdict.delayMs).toBeLessThanOrEqual(hourMs);
    expect(verdict.kind === "later" && verdict.delayMs).toBeGreaterThan(hourMs / 2);
  });

  test("waits here for a post that is due in a moment, and publishes it then, not before", async () => {
    const id = await insertTestPost(env, tenant, { dueInMs: 45 });
    expect(await publish(id, platformThat(published))).toEqual({ kind: "done" });
    const [{ early } = {}] = await env.sql<{ early: boolean }>(
      "SELECT first_sent_at < scheduled_at AS early FROM posts WHERE id = $1 AND status = 'published'",
      [id],
    );
    expect(early).toBe(false);
  });

  test("ends if it is not due and has a successor, beside which it must not live on", async () => {
    const id = await insertTestPost(env, tenant, { dueInMs: hourMs });
    await env.sql("UPDATE posts SET generation = 1 WHERE id = $1", [id]);
    expect(await publish(id, platformThat(published), "job", 0)).toEqual({ kind: "done" });
    expect(await publish(id, platformThat(published), "job", 1)).toMatchObject({ kind: "later" });
  });

  test("ends if its post is cancelled, unknown, or at another revision", async () => {
    const [cancelled, edited] = [await insertTestPost(env, tenant), await insertTestPost(env, tenant)];
    await env.sql("UPDATE posts SET status = 'cancelled' WHERE id = $1", [cancelled]);
    await env.sql("UPDATE posts SET revision = 2 WHERE id = $1", [edited]);
    for (const id of [cancelled, edited, randomUUID()]) {
      expect(await publish(id, platformThat(published))).toEqual({ kind: "done" });
    }
    expect(sends).toBe(0);
  });

  test("ends if the account is paused, and the posts are held from then on", async () => {
    const id = await insertTestPost(env, tenant);
    await env.sql("UPDATE social_accounts SET paused = true WHERE id = $1", [tenant.socialAccountId]);
    expect(await publish(id, platformThat(published))).toEqual({ kind: "done" });
    expect(await row(id)).toMatchObject({ status: "held", held_reason: "paused" });
    expect(sends).toBe(0);
  });

  test("comes back soon if Postgres does not answer", async () => {
    const away = openDatabase(
      { url: "postgresql://punctual@127.0.0.1:9/none", pooled: false, connectionsMax: 1, applicationName: "test" },
      { logger: env.logger },
    );
    publisher = open({ database: away });
    expect(await publish(randomUUID(), platformThat(published))).toMatchObject({ kind: "later" });
    expect(sends).toBe(0);
    await away.close();
  });
});

test("fifty who publish the same post at once send it once", async () => {
  const id = await insertTestPost(env, tenant);
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => publish(id, platformThat(published))));
  expect(sends).toBe(1);
  expect(verdicts.every(({ kind }) => kind === "done")).toBe(true);
  expect(await attempts(id)).toHaveLength(1);
});

test("a post that Postgres itself brought asks for a new job, since none will bring it back", async () => {
  const id = await insertTestPost(env, tenant, { enqueued: true });
  const platform = platformThat({ kind: "retry", category: "platform", ...fault });
  expect(await publish(id, platform, "poller")).toEqual({ kind: "done" });
  expect(await row(id)).toMatchObject({ status: "retrying", generation: 1, enqueued_rev: 0 });
});

test("credentials that no key opens are our fault: nothing is sent, and it is tried again much later", async () => {
  const id = await insertTestPost(env, tenant);
  await env.sql("UPDATE social_accounts SET credentials = 'v1.00000000.AAAA' WHERE id = $1", [tenant.socialAccountId]);
  expect(await publish(id, platformThat(published))).toMatchObject({
    kind: "again",
    reason: "internal: credentials_unreadable",
  });
  expect(sends).toBe(0);
});

test("neither a log line nor a row holds the text or a secret", async () => {
  const id = await insertTestPost(env, tenant, { text: "a very private text" });
  await publish(id, platformThat({ kind: "retry", category: "platform", ...fault }));
  const told = JSON.stringify([logged, await attempts(id), await env.sql("SELECT * FROM events")]);
  expect(told).toContain(id);
  expect(told).not.toContain("private text");
  expect(told).not.toContain(tenant.webhookSecret);
});

describe("who was taken for dead", () => {
  /** As the rescuer does it, in the middle of a send. */
  async function rescue(id: string, open: boolean): Promise<void> {
    await env.advanceClock(sendTimeoutMs + 60_000);
    const { claim_token: claimToken } = await row(id);
    const failure = { category: "unknown_outcome", code: "worker_lost", message: "the worker died" } as const;
    const settled = await recordSettlement(env.database, {
      postId: id,
      claimToken: String(claimToken),
      settlement: open
        ? { status: "retrying", delayMs: 0, outcomeOpen: true, counts: true, failure }
        : { status: "unconfirmed", failure },
      attempt: { outcome: "unknown", category: "unknown_outcome", code: "worker_lost", message: "", httpStatus: null },
      needsJob: true,
      onlyAfterLease: true,
    });
    expect(settled).toBe(true);
  }

  test("and then hears of a success still records it", async () => {
    const id = await insertTestPost(env, tenant);
    const platform = platformThat(async ({ beforeSend }) => {
      beforeSend();
      await rescue(id, false);
      return published;
    });
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(await row(id)).toMatchObject({ status: "published", external_id: "r-1" });
  });

  test("and then hears of a refusal changes nothing", async () => {
    const id = await insertTestPost(env, tenant);
    const platform = platformThat(async ({ beforeSend }) => {
      beforeSend();
      await rescue(id, true);
      return { kind: "rejected", category: "rejected", ...fault };
    });
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(await row(id)).toMatchObject({ status: "retrying", outcome_open: true });
  });

  test("and published beside another raises the alarm where that makes two", async () => {
    const id = await insertTestPost(env, tenant);
    const guarantee = () => "at_most_once" as const;
    const platform = platformThat(
      async ({ beforeSend }) => {
        beforeSend();
        await rescue(id, false);
        // A person said that it was not published, and had it sent again.
        await env.sql("UPDATE posts SET status = 'scheduled', next_attempt_at = app_now() WHERE id = $1", [id]);
        await publish(id, platformThat({ kind: "published", externalId: "r-2" }, { guarantee }));
        return published;
      },
      { guarantee },
    );
    await publish(id, platform);
    expect(await row(id)).toMatchObject({ status: "published", external_id: "r-2" });
    expect(await attempts(id)).toMatchObject([{ outcome: "doubled" }, { outcome: "published" }]);
    expect(logged).toContainEqual(expect.objectContaining({ level: "fatal", alarm: "post_doubled", postId: id }));
  });
});
