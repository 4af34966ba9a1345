/** What a stream does over time, which a client over HTTP would have to wait for. */
import { settledPosition } from "@punctual/db";
import { createTestEnvironment, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createEventFeed, type EventFeed } from "./event-feed.ts";
import { streamEvents, streamLimits } from "./event-stream.ts";

let env: TestEnvironment;
let tenant: TestTenant;
let feed: EventFeed;

beforeAll(async () => {
  env = await createTestEnvironment();
  feed = createEventFeed(env);
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
});

interface Options {
  limits?: Partial<Record<keyof typeof streamLimits, number>>;
  types?: ["post.failed"];
}

async function open({ limits = {}, types }: Options = {}) {
  const ending = new AbortController();
  const stalled = Promise.withResolvers<void>();
  const request = {
    companyId: tenant.companyId,
    types: types ?? null,
    after: await settledPosition(env.database),
  };
  const chunks = streamEvents(request, {
    database: env.database,
    feed,
    signal: ending.signal,
    onStalled: stalled.resolve,
    limits: { ...streamLimits, ...limits },
  });
  const next = async () => (await chunks.next()).value as string | undefined;
  return { chunks, next, end: () => ending.abort(), stalled: stalled.promise };
}

const write = (type: string, count = 1) =>
  env.sql("INSERT INTO events (company_id, type) SELECT $1, $2 FROM generate_series(1, $3::int)", [
    tenant.companyId,
    type,
    count,
  ]);

const idOf = (chunk: string | undefined) => /^id: (\S+)$/m.exec(chunk ?? "")?.[1] ?? "";

test("a quiet stream gives signs of life, and its position moves on with what it does not show", async () => {
  const stream = await open({ limits: { heartbeatMs: 50 }, types: ["post.failed"] });
  const first = await stream.next();
  expect(first).toMatch(/^retry: \d+\nid: \d+-\d+\n\n$/);
  await write("post.published");
  let beat = await stream.next();
  while (idOf(beat) === idOf(first)) beat = await stream.next();
  expect(beat).toMatch(/^: still here\nid: \d+-\d+\n\n$/);
  await stream.chunks.return(undefined);
});

test("a client that takes nothing is reported, and one that takes what it gets is not", async () => {
  const eager = await open({ limits: { stallTimeoutMs: 200, heartbeatMs: 20 } });
  const slow = await open({ limits: { stallTimeoutMs: 200, heartbeatMs: 20 } });
  let eagerStalled = false;
  void eager.stalled.then(() => (eagerStalled = true));
  await slow.next();
  const stalled = slow.stalled.then(() => "stalled");
  for (let outcome = ""; outcome !== "stalled";) {
    outcome = await Promise.race([stalled, eager.next().then(() => "taken")]);
  }
  expect(eagerStalled).toBe(false);
  await Promise.all([eager.chunks.return(undefined), slow.chunks.return(undefined)]);
});

test("nothing is read ahead for a client: a page leaves before the next is fetched", async () => {
  const stream = await open({ limits: { pageSize: 10 } });
  await stream.next();
  await write("post.published", 25);
  const sizes: number[] = [];
  while (sizes.reduce((sum, size) => sum + size, 0) < 25) {
    sizes.push([...((await stream.next()) ?? "").matchAll(/^event: /gm)].length);
  }
  expect(Math.max(...sizes)).toBe(10);
  await stream.chunks.return(undefined);
});

test("a stream ends when it is told to, and when its time is over", async () => {
  const told = await open();
  await told.next();
  const ended = told.next();
  told.end();
  expect(await ended).toBeUndefined();
  const timed = await open({ limits: { lifetimeMaxMs: 20 } });
  await timed.next();
  expect(await timed.next()).toBeUndefined();
});
