import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { beginOperatorAction } from "./operator-actions.ts";
import { createOperatorSession } from "./operator-sessions.ts";
import { newId } from "./id.ts";
import { defaultRetention, prune } from "./pruning.ts";
import { recordHeartbeat } from "./workers.ts";

let env: TestEnvironment;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

test("minutes, actions, workers and sessions are kept as long as we promise, and no longer", async () => {
  const { database } = env;
  await recordHeartbeat(database, {
    id: "worker-1",
    host: "h",
    version: "1",
    platforms: [],
    concurrency: 1,
    running: 0,
    stopping: false,
    lanes: [],
    services: [],
    upMs: 0,
  });
  await createOperatorSession(database, {
    tokenHash: Buffer.alloc(32),
    user: "operator",
    passwordMark: "x",
    address: "::1",
    lifetimeMs: 3_600_000,
  });
  const action = {
    user: "operator",
    via: "password",
    address: "::1",
    requestId: "r",
    action: "post.retry",
    postId: null,
    socialAccountId: null,
    companyId: null,
    detail: {},
  } as const;
  await beginOperatorAction(database, { ...action, id: newId() });
  await env.sql(
    "INSERT INTO minute_statistics (kind, minute, platform, amount) VALUES ('accepted', app_now(), 'letter', 1)",
  );
  const left = async () => {
    await prune(database, defaultRetention, 100);
    const counts = ["workers", "operator_sessions", "minute_statistics", "operator_actions"].map(async (table) => {
      const [row] = await env.sql<{ count: number }>(`SELECT count(*)::integer AS count FROM ${table}`);
      return row?.count;
    });
    return Promise.all(counts);
  };
  const dayMs = 86_400_000;
  expect(await left()).toEqual([1, 1, 1, 1]);
  await env.advanceClock(dayMs - 60_000);
  expect(await left()).toEqual([1, 0, 1, 1]);
  await env.advanceClock(31 * dayMs);
  expect(await left()).toEqual([0, 0, 1, 1]);
  await env.advanceClock(dayMs);
  expect(await left()).toEqual([0, 0, 0, 1]);
  await env.advanceClock(367 * dayMs);
  expect(await left()).toEqual([0, 0, 0, 1]);
  await env.advanceClock(dayMs);
  expect(await left()).toEqual([0, 0, 0, 0]);
});
