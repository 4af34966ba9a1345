/** The log of events read by position, and handed to endpoints: nothing twice, nothing left behind. */
import { eventLogStart, parseEventPosition, type EventPosition } from "@punctual/core";
import { createTestEnvironment, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { fanOut, nextFanOutBatch } from "./event-fan-out.ts";
import { readEvents } from "./events.ts";
import { defaultRetention, prune } from "./pruning.ts";
import { createWebhookEndpoint } from "./webhook-endpoints.ts";

const monthMs = 31 * 86_400_000;

let env: TestEnvironment;
let tenant: TestTenant;
let other: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  await env.sql("DELETE FROM events");
  tenant = await env.createTenant();
  other = await env.createTenant();
});

const insertEvent = "INSERT INTO events (company_id, type, data) VALUES ($1, $2, $3) RETURNING sequence";

async function write(type = "post.published", companyId = tenant.companyId): Promise<void> {
  await env.sql(insertEvent, [companyId, type, { status: "published" }]);
}

/** An event whose transaction stays open until it is told to commit. */
async function writeSlowly(type: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: env.databaseUrl });
  await client.connect();
  await client.query("BEGIN");
  await client.query(insertEvent, [tenant.companyId, type, {}]);
  return async () => {
    await client.query("COMMIT");
    await client.end();
  };
}

async function page(after: EventPosition = eventLogStart, options: { limit?: number; types?: ["post.failed"] } = {}) {
  const { companyId } = tenant;
  const result = await readEvents(env.database, { companyId, after, types: null, limit: 100, ...options });
  if (result.kind === "expired") throw new Error("the position is expired");
  return result;
}

/** Other files' transactions run on the same server: what is committed shows once they are over. */
async function settled(count: number, after?: EventPosition) {
  return until(`${count} events are shown`, async () => {
    const result = await page(after);
    return result.events.length === count && result;
  });
}

async function endpoint(companyId: string, eventTypes: ["post.failed"] | [] = []) {
  const draft = { companyId, url: "https://example.com/", description: null, eventTypes, secret: "whsec_c2VjcmV0" };
  return (await createWebhookEndpoint(env.database, env.keyring, draft, 10))!;
}

const deliveries = () =>
  env.sql<{ endpoint_id: string; type: string }>(
    "SELECT endpoint_id, type FROM webhook_deliveries JOIN events ON sequence = event_sequence ORDER BY event_sequence",
  );

async function fanOutAll(limit = 100): Promise<void> {
  for (let batch = await nextFanOutBatch(env.database, limit); batch !== null;) {
    await fanOut(env.database, batch);
    batch = await nextFanOutBatch(env.database, limit);
  }
}

test("a reader is not shown what a slow transaction could still overtake, and then gets it all in order", async () => {
  const commit = await writeSlowly("post.scheduled");
  await write("post.published");
  const [{ count } = { count: "" }] = await env.sql<{ count: string }>("SELECT count(*) FROM events");
  expect(count).toBe("1");
  const early = await page();
  expect(early.events).toEqual([]);
  await commit();
  const { events } = await settled(2, early.position);
  expect(events.map(({ type }) => type)).toEqual(["post.scheduled", "post.published"]);
});

test("pages go forward, each event once, and end where the next reader goes on", async () => {
  for (const type of ["post.scheduled", "post.retrying", "post.published"]) await write(type);
  await write("post.failed", other.companyId);
  await settled(3);
  const first = await page(eventLogStart, { limit: 2 });
  expect(first).toMatchObject({ hasMore: true, events: [{ type: "post.scheduled" }, { type: "post.retrying" }] });
  const second = await page(first.position, { limit: 2 });
  expect(second).toMatchObject({ hasMore: false, events: [{ type: "post.published" }] });
  expect((await page(second.position)).events).toEqual([]);
  // An event's id is a position too.
  const after = parseEventPosition(first.events[0]!.id)!;
  expect((await page(after)).events.map(({ type }) => type)).toEqual(["post.retrying", "post.published"]);
});

test("a filtered reader also passes the events it is not shown", async () => {
  await write("post.published");
  await settled(1);
  const filtered = await page(eventLogStart, { types: ["post.failed"] });
  expect(filtered).toMatchObject({ events: [], hasMore: false });
  expect((await page(filtered.position)).events).toEqual([]);
});

test("only a position before forgotten events of the same company is expired", async () => {
  await write();
  const { position, events } = await settled(1);
  const readOthers = () =>
    readEvents(env.database, { companyId: other.companyId, after: eventLogStart, types: null, limit: 10 });
  await env.advanceClock(monthMs);
  await prune(env.database, defaultRetention, 1_000);
  const { companyId } = tenant;
  const again = (after: EventPosition) => readEvents(env.database, { companyId, after, types: null, limit: 10 });
  expect(await again(eventLogStart)).toEqual({ kind: "expired" });
  expect((await again(position)).kind).toBe("page");
  expect((await again(parseEventPosition(events[0]!.id)!)).kind).toBe("page");
  expect((await readOthers()).kind).toBe("page");
});

test("events go to each endpoint of their company that wants them, once, and not to those made later", async () => {
  await write("post.missed");
  const all = await endpoint(tenant.companyId);
  const failures = await endpoint(tenant.companyId, ["post.failed"]);
  await endpoint(other.companyId);
  await env.advanceClock(1);
  // The event before the endpoints is of an earlier millisecond now.
  await env.sql("UPDATE events SET created_at = created_at - interval '1 second'");
  await write("post.failed");
  await write("post.published");
  await settled(3);
  await fanOutAll(2);
  expect(await deliveries()).toEqual(
    expect.arrayContaining([
      { endpoint_id: all.id, type: "post.failed" },
      { endpoint_id: failures.id, type: "post.failed" },
      { endpoint_id: all.id, type: "post.published" },
    ]),
  );
  expect(await deliveries()).toHaveLength(3);
});

test("the fan-out waits for a slow transaction rather than passing it", async () => {
  await endpoint(tenant.companyId);
  await fanOutAll();
  const commit = await writeSlowly("post.scheduled");
  await write("post.published");
  expect(await nextFanOutBatch(env.database, 100)).toBeNull();
  await commit();
  await until("both are handed on", async () => {
    await fanOutAll();
    return (await deliveries()).length === 2;
  });
  expect((await deliveries()).map(({ type }) => type)).toEqual(["post.scheduled", "post.published"]);
});

test("of two workers with the same batch one wins, and nothing is handed on twice", async () => {
  await endpoint(tenant.companyId);
  await fanOutAll();
  for (let count = 0; count < 20; count += 1) await write();
  await settled(20);
  const batches = await Promise.all(Array.from({ length: 5 }, () => nextFanOutBatch(env.database, 100)));
  const results = await Promise.all(batches.map((batch) => fanOut(env.database, batch!)));
  expect(results.filter((written) => written !== null).map((written) => written.length)).toEqual([20]);
  expect(await deliveries()).toHaveLength(20);
});
