/** Deliveries whose worker is killed, or told to stop, in the middle: through real processes. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createWebhookEndpoint } from "@punctual/db";
import {
  createTestEnvironment,
  insertTestDelivery,
  launchApp,
  until,
  type LaunchedApp,
  type TestEnvironment,
} from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";

let env: TestEnvironment;
let receiver: Server;
let url: string;
/** Requests that wait for their answer, by their webhook-id. */
let open: { id: string; response: ServerResponse }[] = [];
let workers: LaunchedApp[] = [];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  open = [];
  receiver = createServer((request, response) => {
    request.resume();
    open.push({ id: String(request.headers["webhook-id"]), response });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  await Promise.all(workers.map(({ exited }) => exited));
  workers = [];
  receiver.closeAllConnections();
  receiver.close();
});

async function startWorker(): Promise<LaunchedApp> {
  const worker = await launchApp("worker", {
    DATABASE_URL: env.databaseUrl,
    REDIS_URL: env.redisUrl,
    ENCRYPTION_KEYS: env.encryptionKeys,
    ALLOW_PRIVATE_NETWORKS: "true",
  });
  workers.push(worker);
  return worker;
}

async function handOn(): Promise<string> {
  const { companyId } = await env.createTenant();
  const draft = { companyId, url, description: null, eventTypes: [], secret: "whsec_c2VjcmV0LWtleS1mb3ItdGVzdHM=" };
  const endpoint = await createWebhookEndpoint(env.database, env.keyring, draft, 1);
  return insertTestDelivery(env, { companyId, endpointId: endpoint!.id });
}

async function statusOf(id: string): Promise<string | undefined> {
  const [row] = await env.sql<{ status: string }>("SELECT status FROM webhook_deliveries WHERE id = $1", [id]);
  return row?.status;
}

const arrived = (count: number) => until(`${count} requests arrived`, async () => open.length === count);

it("a delivery whose worker is killed goes out again, from another, once its lease is over", async () => {
  const delivery = await handOn();
  const first = await startWorker();
  await arrived(1);
  first.kill("SIGKILL");
  await startWorker();
  expect(await statusOf(delivery)).toBe("delivering");
  await env.advanceClock(20_000);
  await arrived(2);
  expect(open[1]?.id).toBe(open[0]?.id);
  open[1]?.response.writeHead(204).end();
  await until("it is delivered", async () => (await statusOf(delivery)) === "delivered");
  const attempts = await env.sql("SELECT outcome FROM webhook_attempts WHERE delivery_id = $1 ORDER BY number", [
    delivery,
  ]);
  expect(attempts).toEqual([{ outcome: "abandoned" }, { outcome: "delivered" }]);
});

it("a worker that is told to stop first hears the answer, and records it", async () => {
  const delivery = await handOn();
  const worker = await startWorker();
  await arrived(1);
  worker.kill("SIGTERM");
  await until("it is stopping", async () => worker.logs().some(({ msg }) => msg === "stopping"));
  open[0]?.response.writeHead(204).end();
  expect(await worker.exited).toEqual({ code: 0, signal: null });
  expect(await statusOf(delivery)).toBe("delivered");
});
