/** What became of each event at an endpoint, over HTTP, and the way from a post to a delivery through real processes. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { claimDelivery, recordDelivery } from "@punctual/db";
import {
  createTestEnvironment,
  insertTestDelivery,
  launchApp,
  until,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openAppUnderTest, type AppUnderTest, type Method } from "../app-under-test.ts";
import { createEndpoint, endpointPath, type Created } from "./endpoint-under-test.ts";
import type { DeliveryOut } from "./schemas.ts";

let env: TestEnvironment;
let api: AppUnderTest;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
});
afterAll(async () => {
  await api.close();
  await env.close();
});
beforeEach(async () => {
  tenant = await env.createTenant();
});

const call = <Body>(method: Method, at: string, body?: unknown, key = tenant.apiKey) =>
  api.call<Body>(key, method, `${endpointPath}${at}`, body === undefined ? {} : { body });

async function attempt(deliveryId: string, httpStatus: number, waitMs: number | null, round = 1): Promise<void> {
  const claimToken = crypto.randomUUID();
  const claim = await claimDelivery(env.database, { deliveryId, round, claimToken, worker: "test", leaseMs: 10_000 });
  expect(claim.kind).toBe("claimed");
  const outcome =
    httpStatus < 300
      ? ({ kind: "delivered", httpStatus } as const)
      : ({ kind: "failed", code: `http_${httpStatus}`, message: "no", httpStatus } as const);
  await recordDelivery(env.database, { deliveryId, claimToken, outcome, waitMs, needsJob: false });
}

describe("the deliveries", () => {
  it("are listed newest first, with every attempt", async () => {
    const { id } = await createEndpoint(api, tenant.apiKey);
    const older = await insertTestDelivery(env, { companyId: tenant.companyId, endpointId: id }, "post.scheduled");
    const newer = await insertTestDelivery(env, { companyId: tenant.companyId, endpointId: id }, "post.failed");
    await attempt(older, 500, 0);
    await attempt(older, 204, null);
    const { body } = await call<{ data: DeliveryOut[] }>("GET", `/${id}/deliveries`);
    expect(body.data.map((delivery) => delivery.id)).toEqual([newer, older]);
    expect(body.data[1]).toMatchObject({
      eventType: "post.scheduled",
      status: "delivered",
      failure: null,
      attempts: [
        { number: 1, outcome: "failed", httpStatus: 500, code: "http_500", message: "no" },
        { number: 2, outcome: "delivered", httpStatus: 204, code: null },
      ],
    });
    const pending = await call<{ data: DeliveryOut[] }>("GET", `/${id}/deliveries?status=pending&limit=1`);
    expect(pending.body.data.map((delivery) => delivery.id)).toEqual([newer]);
    // Transactions of other tests on the same server hold events back for a moment.
    const events = await until("both events are listed", async () => {
      const { data } = (await api.call<{ data: { id: string }[] }>(tenant.apiKey, "GET", "/v1/events")).body;
      return data.length === 2 && data;
    });
    expect(events.map((event) => event.id)).toEqual(body.data.map(({ eventId }) => eventId).toReversed());
  });

  it("can be replayed once they ended, and not while one is running or the endpoint is disabled", async () => {
    const { id } = await createEndpoint(api, tenant.apiKey);
    const delivery = await insertTestDelivery(env, { companyId: tenant.companyId, endpointId: id });
    const replay = () => call<DeliveryOut>("POST", `/${id}/deliveries/${delivery}/replay`);
    await attempt(delivery, 404, null);
    expect((await call<{ data: DeliveryOut[] }>("GET", `/${id}/deliveries`)).body.data[0]?.status).toBe("failed");
    const replayed = await replay();
    expect(replayed.status).toBe(200);
    expect(replayed.body).toMatchObject({ status: "pending", failure: null, endedAt: null });
    await until("its job is enqueued", async () => {
      const [row] = await env.sql<{ enqueued_round: number }>(
        "SELECT enqueued_round FROM webhook_deliveries WHERE id = $1",
        [delivery],
      );
      return row?.enqueued_round === 2;
    });
    const claimToken = crypto.randomUUID();
    const request = { deliveryId: delivery, round: 2, claimToken, worker: "test", leaseMs: 10_000 };
    expect((await claimDelivery(env.database, request)).kind).toBe("claimed");
    expect(await replay()).toMatchObject({ status: 409, body: { code: "being_delivered" } });
    await recordDelivery(env.database, {
      deliveryId: delivery,
      claimToken,
      outcome: { kind: "delivered", httpStatus: 200 },
      waitMs: null,
      needsJob: false,
    });
    await call("PATCH", `/${id}`, { status: "disabled" });
    expect(await replay()).toMatchObject({ status: 409, body: { code: "endpoint_disabled" } });
  });
});

it("from a post to a verified delivery, and once more by replay, through real processes", async () => {
  const arrivals: { headers: Record<string, string>; body: string }[] = [];
  const receiver: Server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      arrivals.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const environment = {
    DATABASE_URL: env.databaseUrl,
    REDIS_URL: env.redisUrl,
    ENCRYPTION_KEYS: env.encryptionKeys,
    OPERATOR_PASSWORD: "a-long-password",
    ALLOW_PRIVATE_NETWORKS: "true",
  };
  const [server, worker] = await Promise.all([launchApp("api", environment), launchApp("worker", environment)]);
  const ask = async <Body>(method: string, at: string, body?: object): Promise<Body> => {
    const response = await fetch(`${server.url}${at}`, {
      method,
      headers: { authorization: `Bearer ${tenant.apiKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Body;
  };
  const at = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const endpoint = await ask<Created>("POST", endpointPath, { url: at, eventTypes: ["post.scheduled"] });
  const text = "A text for readers only";
  const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
  const post = await ask<{ id: string }>("POST", "/v1/posts", {
    socialAccountId: tenant.socialAccountId,
    text,
    scheduledAt,
  });
  await until("the event arrived", async () => arrivals.length === 1);
  const { headers, body } = arrivals[0]!;
  expect(new Webhook(endpoint.secret).verify(body, headers)).toMatchObject({
    type: "post.scheduled",
    data: { postId: post.id, status: "scheduled" },
  });
  expect(body).not.toContain(text);
  const [delivery] = await until("it is listed as delivered", async () => {
    const { data } = await ask<{ data: DeliveryOut[] }>(
      "GET",
      `${endpointPath}/${endpoint.id}/deliveries?status=delivered`,
    );
    return data.length === 1 && data;
  });
  await ask("POST", `${endpointPath}/${endpoint.id}/deliveries/${delivery!.id}/replay`);
  await until("it arrived again", async () => arrivals.length === 2);
  expect(arrivals[1]!.headers["webhook-id"]).toBe(headers["webhook-id"]);
  const log = server.output() + worker.output();
  expect(log).not.toContain(endpoint.secret.slice(6));
  for (const app of [server, worker]) {
    app.kill("SIGTERM");
    expect(await app.exited).toEqual({ code: 0, signal: null });
  }
  receiver.closeAllConnections();
  receiver.close();
});
