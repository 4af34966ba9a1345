import { defaultRetryPolicy, type Platform } from "@punctual/core";
import { claimPost } from "@punctual/db";
import { createPlatforms } from "@punctual/platforms";
import { createTestEnvironment, insertTestPost, until, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shippedParts } from "../parts.ts";
import { createPublisher } from "./publisher.ts";

let env: TestEnvironment;
beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

test("a claim committed while its answer got lost is given back, for nothing was sent under it", async () => {
  const { database, keyring, logger } = env;
  const platforms = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
  const id = await insertTestPost(env, await env.createTenant(), { maxAttempts: 1 });
  const parts = {
    ...shippedParts,
    claimPost: (async (...request) => {
      await claimPost(...request);
      throw new Error("the connection broke before the answer came");
    }) satisfies typeof claimPost,
  };
  const publisher = createPublisher(
    { database, keyring, logger, parts },
    { worker: "worker-1", retryPolicy: defaultRetryPolicy },
  );
  const job = { postId: id, revision: 1, generation: 0 };
  const verdict = await publisher.publish(platforms.byName.get("webhook") as Platform, job, "job");
  expect(verdict).toMatchObject({ kind: "later" });

  const post = await until("the post waits again", async () => {
    const [row] = await env.sql("SELECT * FROM posts WHERE status = 'retrying'");
    return row;
  });
  expect(post).toMatchObject({ id, attempts_used: 0, first_sent_at: null, generation: 1, enqueued_rev: 0 });
  expect(await env.sql("SELECT outcome FROM attempts")).toEqual([{ outcome: "released" }]);
  await platforms.stop();
});
