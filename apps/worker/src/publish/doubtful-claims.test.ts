/** Claims in doubt because Postgres did not answer: nothing was sent under them, so they cost nothing. */
import { randomUUID } from "node:crypto";
import { defaultRetryPolicy, type Outcome, type Platform, type PrepareContext, type Prepared } from "@punctual/core";
import { claimPost, stagePreparations } from "@punctual/db";
import { createPlatforms } from "@punctual/platforms";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shippedParts } from "../parts.ts";
import { createPreparer } from "../prepare/preparer.ts";
import { attemptPost } from "./attempt.ts";
import { claimTerms, holdClaim, type Claim } from "./claim.ts";
import { stopwatch } from "./lease.ts";
import { restartPostgres } from "./postgres-restart.fixture.ts";
import { createPublisher } from "./publisher.ts";

const { byName } = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const webhook = byName.get("webhook") as Platform;

let env: TestEnvironment;
beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

function publish(postId: string, platform: Platform, parts = shippedParts) {
  const { database, keyring, logger } = env;
  const options = { worker: "worker-1", retryPolicy: defaultRetryPolicy };
  const publisher = createPublisher({ database, keyring, logger, parts }, options);
  return publisher.publish(platform, { postId, revision: 1, generation: 0 }, "job");
}

const retrying = (id: string) =>
  until("the post waits again", async () => {
    const [row] = await env.sql("SELECT * FROM posts WHERE id = $1 AND status = 'retrying'", [id]);
    return row;
  });
const outcomes = (id: string) => env.sql("SELECT outcome FROM attempts WHERE post_id = $1", [id]);

/** Saves something, and Postgres restarts before it has. */
async function brokenOff({ saveCheckpoint }: PrepareContext): Promise<Prepared> {
  const restart = await restartPostgres(env);
  const saving = saveCheckpoint({ upload: 2 }).catch((error: unknown) => error);
  await restart.breakConnections();
  await restart.end();
  throw await saving;
}

function platformThatPrepares(prepare: (context: PrepareContext) => Promise<Prepared>): Platform {
  const send = (): Promise<Outcome> => Promise.reject(new Error("nothing is sent"));
  return { ...webhook, name: "test_prepares", send, prepare: (_post, context) => prepare(context) };
}

test("a claim committed while its answer got lost is given back, for nothing was sent under it", async () => {
  const id = await insertTestPost(env, await env.createTenant(), { maxAttempts: 1 });
  const claimed = (async (...request) => {
    await claimPost(...request);
    throw new Error("the connection broke before the answer came");
  }) satisfies typeof claimPost;
  expect(await publish(id, webhook, { ...shippedParts, claimPost: claimed })).toMatchObject({ kind: "later" });
  const post = await retrying(id);
  expect(post).toMatchObject({ id, attempts_used: 0, first_sent_at: null, generation: 1, enqueued_rev: 0 });
  expect(await outcomes(id)).toEqual([{ outcome: "released" }]);
});

test("an attempt that Postgres breaks off before anything is sent is given back at no cost, at once", async () => {
  const platform = platformThatPrepares(brokenOff);
  const id = await insertTestPost(env, await env.createTenant(), { platform: platform.name, maxAttempts: 1 });
  expect(await publish(id, platform)).toEqual({ kind: "done" });
  expect(await retrying(id)).toMatchObject({ attempts_used: 0, generation: 1, enqueued_rev: 0, failure_code: null });
  expect(await outcomes(id)).toEqual([{ outcome: "released" }]);
  const [{ late } = { late: true }] = await env.sql<{ late: boolean }>(
    "SELECT next_attempt_at > app_now() AS late FROM posts WHERE id = $1",
    [id],
  );
  expect(late).toBe(false);
});

test("being stopped because the lease ran out says nothing about the platform", async () => {
  const stopped: Prepared = { kind: "retry", category: "network", code: "stopped", message: "stopped" };
  const platform = platformThatPrepares(async ({ signal }) =>
    signal.aborted ? stopped : { kind: "ready", checkpoint: {} },
  );
  const postId = await insertTestPost(env, await env.createTenant(), { platform: platform.name });
  const [token, sinceAskedMs] = [randomUUID(), stopwatch()];
  const request = { postId, revision: 1, claimToken: token, worker: "worker-1", ...claimTerms(platform) };
  const claimed = await claimPost(env.database, request);
  if (claimed.kind !== "claimed") throw new Error("not claimed");
  const claim: Claim = {
    ...holdClaim(env.database, { platform, postId, token, sinceAskedMs }),
    whileRenewed: (work) => work(AbortSignal.abort()),
  };
  const deps = { ...env, stopping: new AbortController().signal };
  expect(await attemptPost(platform, claimed.post, claim, deps)).toEqual({ kind: "claim_doubtful" });
});

test("preparing ahead that Postgres breaks off is no fault of the post", async () => {
  const platform = platformThatPrepares(brokenOff);
  const id = await insertTestPost(env, await env.createTenant(), { platform: platform.name, dueInMs: 300_000 });
  await stagePreparations(env.database, { platforms: [platform.name], limit: 10 });
  const preparer = createPreparer(env, { retryPolicy: defaultRetryPolicy });
  const verdict = await preparer.prepare(platform, { postId: id, revision: 1, generation: 0 });
  expect(verdict).toEqual({ kind: "later", delayMs: 500 });
  const [preparation] = await env.sql("SELECT failure_code FROM preparations WHERE post_id = $1", [id]);
  expect(preparation).toEqual({ failure_code: null });
});
