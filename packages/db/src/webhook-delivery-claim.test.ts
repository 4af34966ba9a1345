/** Who may deliver what, and what each outcome says about the endpoint. */
import { randomUUID } from "node:crypto";
import { deliveryRules, type DeliveryOutcome } from "@punctual/core";
import { createTestEnvironment, insertTestDelivery, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { defaultRetention, prune } from "./pruning.ts";
import { overdueDeliveries, unenqueuedDeliveries } from "./webhook-delivery-backlog.ts";
import { claimDelivery, endDeliveriesOfClosed, recordDelivery, rescueDeliveries } from "./webhook-delivery-claim.ts";
import {
  changeWebhookEndpoint,
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  findWebhookEndpoint,
} from "./webhook-endpoints.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const delivered: DeliveryOutcome = { kind: "delivered", httpStatus: 204 };
const failed: DeliveryOutcome = { kind: "failed", code: "http_500", message: "no", httpStatus: 500 };

let env: TestEnvironment;
let tenant: TestTenant;
let endpointId: string;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  await env.sql("DELETE FROM events");
  tenant = await env.createTenant();
  endpointId = await endpoint();
});

async function endpoint(): Promise<string> {
  const { companyId } = tenant;
  const draft = { companyId, url: "https://example.com/", description: null, eventTypes: [], secret: "whsec_c2VjcmV0" };
  return (await createWebhookEndpoint(env.database, env.keyring, draft, 10))!.id;
}

/** Deliveries of new events, all due. */
async function handOn(count = 1): Promise<string[]> {
  const key = { companyId: tenant.companyId, endpointId };
  return Promise.all(Array.from({ length: count }, () => insertTestDelivery(env, key)));
}

const claim = (deliveryId: string, claimToken = randomUUID(), round = 1) =>
  claimDelivery(env.database, { deliveryId, round, claimToken, worker: "test", leaseMs: 10_000 });

async function attempt(deliveryId: string, outcome: DeliveryOutcome, waitMs: number | null = 0) {
  const claimToken = randomUUID();
  expect((await claim(deliveryId, claimToken)).kind).toBe("claimed");
  return recordDelivery(env.database, { deliveryId, claimToken, outcome, waitMs, needsJob: false });
}

const found = async () => (await findWebhookEndpoint(env.database, { companyId: tenant.companyId, id: endpointId }))!;

describe("a claim", () => {
  it("is given to one of many who ask at once", async () => {
    const [id] = await handOn();
    const claims = await Promise.all(Array.from({ length: 20 }, () => claim(id!)));
    expect(claims.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
    const attempts = await env.sql("SELECT number FROM webhook_attempts WHERE delivery_id = $1", [id]);
    expect(attempts).toEqual([{ number: 1 }]);
  });

  it("is refused before its time, of another round, and once it is delivered", async () => {
    const [id] = await handOn();
    expect((await claim(id!, randomUUID(), 2)).kind).toBe("not_claimable");
    await attempt(id!, failed, hourMs);
    const early = await claim(id!);
    expect(early.kind).toBe("not_due");
    await env.advanceClock(hourMs);
    await attempt(id!, delivered, null);
    expect((await claim(id!)).kind).toBe("not_claimable");
    expect((await claim(randomUUID())).kind).toBe("not_claimable");
  });

  it("waits while its endpoint has as many running as it gets, and others go first", async () => {
    const ids = await handOn(deliveryRules.runningPerEndpointMax + 3);
    const running = ids.slice(0, deliveryRules.runningPerEndpointMax);
    const token = randomUUID();
    for (const id of running) expect((await claim(id, token)).kind).toBe("claimed");
    expect(await claim(ids.at(-1)!)).toMatchObject({ kind: "endpoint_busy", waiting: 3 });
    expect(await overdueDeliveries(env.database, { overdueMs: 0, limit: 100 })).toEqual([]);
    const outcome = { deliveryId: running[0]!, claimToken: token, outcome: delivered, waitMs: null, needsJob: false };
    await recordDelivery(env.database, outcome);
    expect(await overdueDeliveries(env.database, { overdueMs: 0, limit: 100 })).toHaveLength(3);
    expect((await claim(ids.at(-1)!)).kind).toBe("claimed");
  });

  it("that is over can record nothing any more", async () => {
    const [id] = await handOn();
    const claimToken = randomUUID();
    await claim(id!, claimToken);
    expect(await rescueDeliveries(env.database, 10)).toEqual([]);
    await env.advanceClock(10_001);
    const [rescued] = await rescueDeliveries(env.database, 10);
    expect(rescued).toMatchObject({ deliveryId: id, generation: 1, worker: "test" });
    const record = { deliveryId: id!, claimToken, outcome: delivered, waitMs: null, needsJob: false };
    expect(await recordDelivery(env.database, record)).toEqual({ kind: "claim_lost" });
    const attempts = await env.sql("SELECT outcome FROM webhook_attempts WHERE delivery_id = $1", [id]);
    expect(attempts).toEqual([{ outcome: "abandoned" }]);
    expect((await claim(id!)).kind).toBe("claimed");
  });
});

describe("an endpoint that fails", () => {
  it("is disabled after five days of nothing but failure, and what waits for it ends", async () => {
    const [id, waiting] = await handOn(2);
    await attempt(waiting!, failed, 10 * dayMs);
    await attempt(id!, failed, 0);
    for (let days = 1; days < 5; days += 1) {
      await env.advanceClock(dayMs);
      expect(await attempt(id!, failed, 0)).toEqual({ kind: "recorded", endpointDisabled: null });
    }
    expect(await found()).toMatchObject({ status: "enabled", failingSince: expect.any(Date) as Date });
    await env.advanceClock(dayMs);
    expect(await attempt(id!, failed, 0)).toEqual({ kind: "recorded", endpointDisabled: "failing" });
    expect(await found()).toMatchObject({ status: "disabled", disabledReason: "failing" });
    const rows = await env.sql("SELECT DISTINCT status, failure_code FROM webhook_deliveries");
    expect(rows).toEqual([{ status: "failed", failure_code: "endpoint_closed" }]);
  });

  it("stays if it takes a delivery in between", async () => {
    const [id, good] = await handOn(2);
    await attempt(id!, failed, 0);
    for (let days = 1; days < 4; days += 1) {
      await env.advanceClock(dayMs);
      await attempt(id!, failed, 0);
    }
    await attempt(good!, delivered, null);
    expect((await found()).failingSince).toBeNull();
    for (let days = 1; days < 4; days += 1) {
      await env.advanceClock(dayMs);
      expect(await attempt(id!, failed, 0)).toEqual({ kind: "recorded", endpointDisabled: null });
    }
  });

  it("is not blamed for a failure long ago: after a silence the count starts anew", async () => {
    const [id] = await handOn();
    await attempt(id!, failed, 0);
    await env.advanceClock(10 * dayMs);
    expect(await attempt(id!, failed, 0)).toEqual({ kind: "recorded", endpointDisabled: null });
  });

  it("is disabled at once by 410", async () => {
    const [id] = await handOn();
    const gone: DeliveryOutcome = { kind: "failed", code: "http_410", message: "no", httpStatus: 410, gone: true };
    expect(await attempt(id!, gone, null)).toEqual({ kind: "recorded", endpointDisabled: "gone" });
  });

  it("starts anew when it is enabled", async () => {
    const [id] = await handOn();
    const gone: DeliveryOutcome = { kind: "failed", code: "http_410", message: "no", httpStatus: 410, gone: true };
    await attempt(id!, gone, null);
    const key = { companyId: tenant.companyId, id: endpointId };
    const enabled = await changeWebhookEndpoint(env.database, key, { status: "enabled" });
    expect(enabled).toMatchObject({ status: "enabled", failingSince: null, disabledReason: null });
  });
});

it("a delivery that went back to waiting while its endpoint was closed ends when it is due", async () => {
  const [id] = await handOn();
  const claimToken = randomUUID();
  await claim(id!, claimToken);
  const key = { companyId: tenant.companyId, id: endpointId };
  await changeWebhookEndpoint(env.database, key, { status: "disabled" });
  await recordDelivery(env.database, { deliveryId: id!, claimToken, outcome: failed, waitMs: 0, needsJob: true });
  expect(await claim(id!)).toEqual({ kind: "endpoint_closed", endpointId });
  await endDeliveriesOfClosed(env.database, endpointId);
  const rows = await env.sql("SELECT status, failure_code FROM webhook_deliveries WHERE id = $1", [id]);
  expect(rows).toEqual([{ status: "failed", failure_code: "endpoint_closed" }]);
});

it("what needs a job is found, and what was changed a moment ago is left to whoever changed it", async () => {
  const [id] = await handOn();
  expect(await unenqueuedDeliveries(env.database, { limit: 10, quietMs: 60_000 })).toEqual([]);
  await env.advanceClock(60_000);
  const [waiting] = await unenqueuedDeliveries(env.database, { limit: 10, quietMs: 60_000 });
  expect(waiting).toMatchObject({ deliveryId: id, round: 1, generation: 0, requestId: null });
});

it("deliveries are forgotten with their events, and deleted endpoints with their last delivery", async () => {
  const [id] = await handOn();
  await attempt(id!, delivered, null);
  await deleteWebhookEndpoint(env.database, { companyId: tenant.companyId, id: endpointId });
  const left = () =>
    env.sql<{ deliveries: string; endpoints: string }>(
      `SELECT (SELECT count(*) FROM webhook_deliveries) AS deliveries,
              (SELECT count(*) FROM webhook_endpoints WHERE id = $1) AS endpoints`,
      [endpointId],
    );
  await prune(env.database, defaultRetention, 1_000);
  expect(await left()).toEqual([{ deliveries: "1", endpoints: "1" }]);
  await env.advanceClock(31 * dayMs);
  await prune(env.database, defaultRetention, 1_000);
  expect(await left()).toEqual([{ deliveries: "0", endpoints: "0" }]);
});
