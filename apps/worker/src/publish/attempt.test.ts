/** What may be sent when: deadlines, claims and shutdown, on a real database with a platform that watches the moment. */
import { randomUUID } from "node:crypto";
import {
  defaultRetryPolicy,
  type CallContext,
  type Outcome,
  type Platform,
  type Prepared,
  type SendContext,
} from "@punctual/core";
import { createPlatforms } from "@punctual/platforms";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { shippedParts } from "../parts.ts";
import { claimTimes } from "./claim.ts";
import { createPublisher, type Publisher } from "./publisher.ts";

const published: Outcome = { kind: "published" };

let env: TestEnvironment;
let tenant: TestTenant;
let publisher: Publisher;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
  const { database, keyring, logger } = env;
  publisher = createPublisher(
    { database, keyring, logger, parts: shippedParts },
    { worker: "worker-1", retryPolicy: defaultRetryPolicy },
  );
});

const { byName } = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const webhook = byName.get("webhook") as Platform;

/** A platform that writes down what it was asked to do. */
function platformThat(
  send: (context: SendContext) => Promise<Outcome>,
  {
    prepare,
    sendTimeoutMs = 15_000,
    guarantee = "idempotent",
  }: {
    prepare?: (context: CallContext) => Promise<Prepared>;
    sendTimeoutMs?: number;
    guarantee?: ReturnType<Platform["guarantee"]>;
  } = {},
): Platform & { calls: string[] } {
  const calls: string[] = [];
  return {
    ...webhook,
    calls,
    sendTimeoutMs,
    guarantee: () => guarantee,
    send(_post, context) {
      calls.push("send");
      return send({
        ...context,
        beforeSend: () => {
          context.beforeSend();
          calls.push("left");
        },
      });
    },
    ...(prepare === undefined
      ? {}
      : {
          prepare: (_post, context) => {
            calls.push("prepare");
            return prepare(context);
          },
        }),
  };
}

const sendsAtOnce = async ({ beforeSend }: SendContext): Promise<Outcome> => {
  beforeSend();
  return published;
};

const publish = (postId: string, platform: Platform) =>
  publisher.publish(platform, { postId, revision: 1, generation: 0 }, "job");

async function row(id: string): Promise<Record<string, unknown>> {
  const [found] = await env.sql<Record<string, unknown>>("SELECT * FROM posts WHERE id = $1", [id]);
  if (found === undefined) throw new Error("there is no such post");
  return found;
}

const attempts = (id: string) =>
  env.sql<Record<string, unknown>>("SELECT * FROM attempts WHERE post_id = $1 ORDER BY number", [id]);

/** Stands still like a process that is frozen: not even its timers run. */
function freeze(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe("nothing leaves after the deadline", () => {
  test("when the process was frozen between its claim and the send", async () => {
    const id = await insertTestPost(env, tenant);
    const platform = platformThat(
      async ({ beforeSend }) => {
        freeze(300);
        beforeSend();
        return published;
      },
      { sendTimeoutMs: 200 },
    );
    expect(await publish(id, platform)).toMatchObject({ kind: "again" });
    expect(platform.calls).toEqual(["send"]);
    expect(await row(id)).toMatchObject({ status: "retrying", outcome_open: false });
  });

  test("when the whole machine was suspended, which stops the clock that measures time", async () => {
    const id = await insertTestPost(env, tenant);
    const platform = platformThat(async ({ beforeSend }) => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
      beforeSend();
      return published;
    });
    try {
      expect(await publish(id, platform)).toMatchObject({ kind: "again" });
    } finally {
      vi.useRealTimers();
    }
    expect(platform.calls).toEqual(["send"]);
  });

  test("which ends before the lease does, counted from before the claim was asked for", async () => {
    const id = await insertTestPost(env, tenant);
    let leaseLeftMs = 0;
    let timeLeftMs = 0;
    const platform = platformThat(async ({ beforeSend, timeoutMs }) => {
      beforeSend();
      timeLeftMs = timeoutMs;
      const [lease] = await env.sql<{ left: string }>(
        "SELECT extract(epoch FROM lease_until - app_now()) * 1000 AS left FROM posts WHERE id = $1",
        [id],
      );
      leaseLeftMs = Number(lease?.left);
      return published;
    });
    await publish(id, platform);
    expect(timeLeftMs).toBeGreaterThan(0);
    expect(timeLeftMs).toBeLessThan(15_000);
    expect(leaseLeftMs).toBeGreaterThan(timeLeftMs);
    expect(leaseLeftMs).toBeLessThanOrEqual(15_000 + claimTimes.sendMarginMs);
  });

  test("and the platform's call is ended with it", async () => {
    const id = await insertTestPost(env, tenant);
    const platform = platformThat(
      async ({ beforeSend, signal }) => {
        beforeSend();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return { kind: "unknown", code: "timeout", message: "no answer came in time" };
      },
      // Time enough to be claimed and to begin, on however busy a machine.
      { sendTimeoutMs: 1_500 },
    );
    expect(await publish(id, platform)).toMatchObject({ kind: "again", reason: "unknown_outcome: timeout" });
  });
});

describe("an adapter that throws", () => {
  const bug = () => {
    throw new Error("a bug that tells whsec_secrets");
  };

  test("before anything left is our fault, and tried again", async () => {
    const id = await insertTestPost(env, tenant);
    expect(
      await publish(
        id,
        platformThat(async () => bug()),
      ),
    ).toMatchObject({ kind: "again" });
    expect(await row(id)).toMatchObject({ status: "retrying", outcome_open: false, failure_category: "internal" });
  });

  test("after something left leaves the outcome open", async () => {
    const id = await insertTestPost(env, tenant);
    const platform = platformThat(async ({ beforeSend }) => {
      beforeSend();
      return bug();
    });
    await publish(id, platform);
    expect(await row(id)).toMatchObject({ status: "retrying", outcome_open: true });
    expect(JSON.stringify(await row(id))).not.toContain("whsec_secrets");
  });
});

test("an open outcome is not repeated once the platform no longer takes a repeat for the same", async () => {
  const id = await insertTestPost(env, tenant);
  await env.sql("UPDATE posts SET status = 'retrying', outcome_open = true WHERE id = $1", [id]);
  const platform = platformThat(sendsAtOnce, { guarantee: "at_most_once" });
  expect(await publish(id, platform)).toMatchObject({ kind: "failed" });
  expect(platform.calls).toEqual([]);
  expect(await row(id)).toMatchObject({ status: "unconfirmed", outcome_open: false });
});

describe("a platform that prepares", () => {
  const ready = { kind: "ready", checkpoint: { container: "c-1" } } as const;

  test("says so in the attempt, enters sending only then, and keeps what it made", async () => {
    const id = await insertTestPost(env, tenant);
    const phases: unknown[] = [];
    const notePhase = async () => void phases.push((await attempts(id))[0]?.["phase"]);
    const platform = platformThat(
      async (context) => {
        await notePhase();
        expect(context.checkpoint).toEqual(ready.checkpoint);
        return sendsAtOnce(context);
      },
      { prepare: () => notePhase().then(() => ready) },
    );
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(platform.calls).toEqual(["prepare", "send", "left"]);
    expect(phases).toEqual(["preparing", "sending"]);
    expect(await row(id)).toMatchObject({ status: "published", checkpoint: ready.checkpoint });
  });

  test("that cannot ends the attempt there", async () => {
    const id = await insertTestPost(env, tenant);
    const refused = { kind: "rejected", category: "rejected", code: "bad_media", message: "no" } as const;
    const platform = platformThat(sendsAtOnce, { prepare: async () => refused });
    expect(await publish(id, platform)).toMatchObject({ kind: "failed" });
    expect(platform.calls).toEqual(["prepare"]);
    expect(await attempts(id)).toMatchObject([{ phase: "preparing", sent_at: null, outcome: "rejected" }]);
  });

  test("sends nothing once its claim is another's", async () => {
    const id = await insertTestPost(env, tenant);
    const platform = platformThat(sendsAtOnce, {
      prepare: async () => {
        await env.sql("UPDATE posts SET claim_token = $2, claimed_by = 'worker-2' WHERE id = $1", [id, randomUUID()]);
        return ready;
      },
    });
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(platform.calls).toEqual(["prepare"]);
    expect(await row(id)).toMatchObject({ status: "publishing", claimed_by: "worker-2" });
  });

  test("is told to stop when its claim is lost, and its lease is renewed until then", async () => {
    const id = await insertTestPost(env, tenant);
    let renewed = false;
    const leaseLeft = "SELECT extract(epoch FROM lease_until - app_now()) * 1000 AS ms FROM posts WHERE id = $1";
    const platform = platformThat(sendsAtOnce, {
      prepare: async ({ signal }) => {
        await env.sql("UPDATE posts SET lease_until = app_now() + interval '1 second' WHERE id = $1", [id]);
        renewed = await until("the lease to be renewed", async () => {
          const [lease] = await env.sql<{ ms: string }>(leaseLeft, [id]);
          return Number(lease?.ms) > 2_000;
        });
        await env.sql("UPDATE posts SET claim_token = $2 WHERE id = $1", [id, randomUUID()]);
        await until("the signal", async () => signal.aborted);
        return { kind: "retry", category: "network", code: "stopped", message: "stopped" };
      },
    });
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(renewed).toBe(true);
    expect(platform.calls).toEqual(["prepare"]);
  });

  test.each<[string, (signal: AbortSignal) => Promise<Prepared>]>([
    ["gives up", async () => ({ kind: "retry", category: "network", code: "stopped", message: "stopped" })],
    ["throws", (signal) => Promise.reject(signal.reason as Error)],
    ["was through anyway", async () => ready],
  ])("puts the post back at no cost when the process must stop: one that %s", async (_how, answer) => {
    const id = await insertTestPost(env, tenant, { enqueued: true });
    const platform = platformThat(sendsAtOnce, {
      prepare: async ({ signal }) => {
        publisher.release();
        await until("the signal", async () => signal.aborted);
        return answer(signal);
      },
    });
    expect(await publish(id, platform)).toEqual({ kind: "done" });
    expect(platform.calls).toEqual(["prepare"]);
    expect(await row(id)).toMatchObject({
      status: "retrying",
      attempts: 1,
      attempts_used: 0,
      generation: 1,
      enqueued_rev: 0,
    });
    expect(await attempts(id)).toMatchObject([{ outcome: "released", phase: "preparing" }]);
  });
});
