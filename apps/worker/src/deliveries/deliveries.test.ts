/** Events on their way to endpoints, over real HTTP, with real Postgres and Redis. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { deliveryJobs, deliveryLane } from "@punctual/core";
import { createWebhookEndpoint, findWebhookEndpoint, replayDelivery, rotateWebhookSecret } from "@punctual/db";
import { connectRedis } from "@punctual/queue";
import type { Service } from "@punctual/runtime";
import { createTestEnvironment, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestLookout } from "../maintenance/lookout.fixture.ts";
import { createDeliveries } from "./deliveries.ts";

const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const nextSecret = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;
const dayMs = 86_400_000;

interface Arrival {
  path: string;
  headers: Record<string, string>;
  body: string;
}

let env: TestEnvironment;
let tenant: TestTenant;
let redis: ReturnType<typeof connectRedis>;
let receiver: Server;
let receiverUrl: string;
let arrivals: Arrival[];
/** How the receiver answers; told which arrival it is, from 1. */
let answer: (response: ServerResponse, count: number) => void;
let services: Service[] = [];

beforeAll(async () => {
  env = await createTestEnvironment();
  redis = connectRedis(env.redisUrl, "consumer", env.logger);
  receiver = createServer((request, response) => void receive(request, response));
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
afterAll(async () => {
  redis.disconnect();
  receiver.closeAllConnections();
  receiver.close();
  await env.close();
});

beforeEach(async () => {
  arrivals = [];
  answer = (response) => void response.writeHead(204).end();
  await env.sql("DELETE FROM events");
  await redis.flushdb();
  tenant = await env.createTenant();
});
afterEach(async () => {
  for (const service of services.toReversed()) await service.stop();
  services = [];
});

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = request.headers as Record<string, string>;
  arrivals.push({ path: request.url ?? "", headers, body: Buffer.concat(chunks).toString() });
  answer(response, arrivals.length);
}

async function startWorker(options: { redisUrl?: string; allowPrivateNetworks?: boolean; name?: string } = {}) {
  const { name = "worker", allowPrivateNetworks = true, redisUrl = env.redisUrl } = options;
  const { foundation, maintenance, lane } = createDeliveries(
    { redisUrl, prefix: env.redisPrefix, worker: name, allowPrivateNetworks, concurrency: 20, drainTimeoutMs: 5_000 },
    { ...env, lookout: openTestLookout(env), giveUp: () => {} },
  );
  for (const service of [...foundation, ...maintenance, ...lane]) {
    services.push(service);
    await service.start();
  }
}

async function endpoint(path = "/", eventTypes: ["post.failed"] | [] = []): Promise<string> {
  const draft = { companyId: tenant.companyId, url: receiverUrl + path, description: null, eventTypes, secret };
  return (await createWebhookEndpoint(env.database, env.keyring, draft, 10))!.id;
}

async function write(type = "post.published", data: object = { status: "published" }, count = 1): Promise<void> {
  await env.sql(
    "INSERT INTO events (company_id, type, data, request_id) SELECT $1, $2, $3, 'req-1' FROM generate_series(1, $4::int)",
    [tenant.companyId, type, data, count],
  );
}

interface DeliveryRow {
  id: string;
  endpoint_id: string;
  status: string;
  attempts: number;
  round: number;
  generation: number;
  enqueued_round: number;
  failure_code: string | null;
  in_ms: number;
}

const deliveries = () =>
  env.sql<DeliveryRow>(
    `SELECT *, (extract(epoch FROM next_attempt_at - updated_at) * 1000)::float AS in_ms FROM webhook_deliveries ORDER BY id`,
  );

function ended(status: string, count = 1): Promise<DeliveryRow[]> {
  return until(`${count} deliveries are ${status}`, async () => {
    const rows = (await deliveries()).filter((row) => row.status === status);
    return rows.length === count && rows;
  });
}

describe("a delivery", () => {
  it("is a signed POST that any verifier of the specification accepts", async () => {
    await endpoint("/hooks?source=punctual");
    await write("post.retrying", { status: "retrying", nextAttemptAt: "2026-11-22T10:00:00.5+02:00" });
    await startWorker();
    await ended("delivered");
    const [arrival] = arrivals;
    expect(arrival?.path).toBe("/hooks?source=punctual");
    const body = new Webhook(secret).verify(arrival!.body, arrival!.headers) as Record<string, unknown>;
    expect(body).toEqual({
      id: expect.stringMatching(/^\d+-\d+$/) as string,
      type: "post.retrying",
      timestamp: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/) as string,
      data: { status: "retrying", nextAttemptAt: "2026-11-22T08:00:00.500Z" },
    });
    expect(arrival?.headers["webhook-id"]).toBe(body["id"]);
  });

  it("is signed with both secrets for a day after a rotation", async () => {
    const id = await endpoint();
    await rotateWebhookSecret(env.database, env.keyring, { companyId: tenant.companyId, id }, nextSecret);
    await write();
    await startWorker();
    await ended("delivered");
    const [first] = arrivals;
    for (const valid of [secret, nextSecret]) {
      expect(new Webhook(valid).verify(first!.body, first!.headers)).toBeTruthy();
    }
    await env.advanceClock(dayMs + 1);
    await write();
    await ended("delivered", 2);
    const last = arrivals[1]!;
    expect(new Webhook(nextSecret).verify(last.body, last.headers)).toBeTruthy();
    expect(() => new Webhook(secret).verify(last.body, last.headers)).toThrow("No matching signature");
  });

  it("is tried again by the schedule until the endpoint takes it, with the same id", async () => {
    answer = (response, count) => void response.writeHead(count < 3 ? 500 : 200).end('{"message":"not now"}');
    await endpoint();
    await write();
    await startWorker();
    const failed = async (attempt: number) =>
      until(`attempt ${attempt} failed`, async () => {
        const [row] = await deliveries();
        return row?.status === "pending" && row.attempts === attempt && row;
      });
    const first = await failed(1);
    expect(first.failure_code).toBe("http_500");
    expect(first.in_ms).toBeGreaterThanOrEqual(5_000);
    expect(first.in_ms).toBeLessThanOrEqual(6_000);
    await env.advanceClock(6_000);
    const second = await failed(2);
    expect(second.in_ms).toBeGreaterThanOrEqual(300_000);
    expect(second.in_ms).toBeLessThanOrEqual(360_000);
    await env.advanceClock(360_000);
    await ended("delivered");
    expect(new Set(arrivals.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    const attempts = await env.sql(
      "SELECT number, outcome, http_status, message FROM webhook_attempts ORDER BY number",
    );
    expect(attempts).toEqual([
      { number: 1, outcome: "failed", http_status: 500, message: "the endpoint answered 500: not now" },
      { number: 2, outcome: "failed", http_status: 500, message: "the endpoint answered 500: not now" },
      { number: 3, outcome: "delivered", http_status: 200, message: null },
    ]);
  });

  it("waits as long as an overloaded endpoint asks for", async () => {
    answer = (response) => void response.writeHead(429, { "retry-after": "600" }).end();
    await endpoint();
    await write();
    await startWorker();
    const [row] = await until("the attempt failed", async () => {
      const rows = await deliveries();
      return rows[0]?.failure_code === "http_429" && rows;
    });
    expect(row!.in_ms).toBeGreaterThanOrEqual(600_000);
  });

  it("does not leave for a private address where that is not allowed", async () => {
    await endpoint();
    await write();
    await startWorker({ allowPrivateNetworks: false });
    await until("the attempt failed", async () => (await deliveries())[0]?.failure_code === "private_address");
    expect(arrivals).toEqual([]);
  });

  it("does not follow an endpoint that redirects", async () => {
    answer = (response) => void response.writeHead(307, { location: `${receiverUrl}/elsewhere` }).end();
    await endpoint("/endpoint");
    await write();
    await startWorker();
    await until("the attempt failed", async () => (await deliveries())[0]?.failure_code === "http_307");
    expect(arrivals.map(({ path }) => path)).toEqual(["/endpoint"]);
  });

  it("fails like any other if its endpoint's secret cannot be opened", async () => {
    await endpoint();
    await env.sql("UPDATE webhook_endpoints SET secret = 'v1.unknown.AAAA'");
    await write();
    await startWorker();
    await until("the attempt failed", async () => (await deliveries())[0]?.failure_code === "internal");
    expect(arrivals).toEqual([]);
  });

  it("can be replayed after it ended, and arrives again under the same id", async () => {
    const endpointId = await endpoint();
    await write();
    await startWorker();
    const [row] = await ended("delivered");
    const key = { companyId: tenant.companyId, endpointId, id: row!.id };
    expect(await replayDelivery(env.database, key)).toMatchObject({ deliveryId: row!.id, round: 2 });
    await until("it arrived again", async () => arrivals.length === 2);
    expect(arrivals[1]?.headers["webhook-id"]).toBe(arrivals[0]?.headers["webhook-id"]);
    expect(await ended("delivered")).toMatchObject([{ round: 2, attempts: 2 }]);
  });
});

describe("an endpoint", () => {
  it("that answers 410 is disabled at once, and nothing goes on waiting for it", async () => {
    answer = (response, count) => void response.writeHead(count === 1 ? 500 : 410).end();
    const id = await endpoint();
    await write();
    await startWorker();
    await until("the first failed", async () => (await deliveries())[0]?.attempts === 1);
    await write("post.failed");
    await ended("failed", 2);
    const { status, disabledReason } = (await findWebhookEndpoint(env.database, { companyId: tenant.companyId, id }))!;
    expect({ status, disabledReason }).toEqual({ status: "disabled", disabledReason: "gone" });
    const codes = (await deliveries()).map(({ failure_code }) => failure_code);
    expect(new Set(codes)).toEqual(new Set(["endpoint_closed", "http_410"]));
    await write();
    // What comes later goes to the endpoints that are left, so the other's arrival shows that this one was passed by.
    await endpoint("/other");
    await write();
    answer = (response) => void response.writeHead(204).end();
    await until("the other got its event", async () => arrivals.some(({ path }) => path === "/other"));
    expect((await deliveries()).filter((row) => row.endpoint_id === id)).toHaveLength(2);
  });
});

describe("whatever breaks", () => {
  it("a job that Redis lost comes back", async () => {
    answer = (response) => void response.writeHead(503).end();
    await endpoint();
    await write();
    await startWorker();
    await until("it waits for its next attempt", async () => (await deliveries())[0]?.attempts === 1);
    await env.advanceClock(6_000);
    const waiting = await until("it waits for minutes", async () => {
      const [row] = await deliveries();
      return row?.status === "pending" && row.attempts === 2 && row.enqueued_round === 1 && row;
    });
    const jobs = () => redis.zrange(`${env.redisPrefix}:${deliveryLane}:delayed`, 0, "-1");
    await until("its job waits", async () => (await jobs()).length > 0);
    await redis.flushdb();
    const [job] = await until("a job waits again", async () => {
      const ids = await jobs();
      return ids.length > 0 && ids;
    });
    // An emptied Redis knows no id, so nothing had to change in Postgres.
    const { round, generation } = waiting;
    expect(await deliveries()).toMatchObject([{ round, generation }]);
    expect(job).toBe(deliveryJobs.id({ deliveryId: waiting.id, round, generation }));
  });

  it("without Redis events are delivered from Postgres", async () => {
    await endpoint();
    await write("post.published", {}, 5);
    // Nothing listens on this port.
    await startWorker({ redisUrl: "redis://127.0.0.1:1" });
    await ended("delivered", 5);
    expect(arrivals).toHaveLength(5);
  });

  it("several workers deliver each event once", async () => {
    await endpoint();
    await write("post.published", {}, 200);
    for (const name of ["first", "second", "third"]) await startWorker({ name });
    await ended("delivered", 200);
    expect(new Set(arrivals.map(({ headers }) => headers["webhook-id"])).size).toBe(200);
    expect(arrivals).toHaveLength(200);
  });
});
