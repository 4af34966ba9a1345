/** What a worker tells of itself: signs of life, probes, metrics. */
import { listWorkers } from "@punctual/db";
import {
  createTestEnvironment,
  insertTestPost,
  launchApp,
  until,
  type LaunchedApp,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

let env: TestEnvironment;
let tenant: TestTenant;
let sandbox: LaunchedApp;
let worker: LaunchedApp;

beforeAll(async () => {
  [env, sandbox] = await Promise.all([createTestEnvironment(), launchApp("sandbox", {})]);
  tenant = await env.createTenant();
  worker = await launchApp("worker", {
    DATABASE_URL: env.databaseUrl,
    REDIS_URL: env.redisUrl,
    ENCRYPTION_KEYS: env.encryptionKeys,
    SANDBOX_URL: sandbox.url,
    WORKER_PLATFORMS: "webhook",
    WORKER_CONCURRENCY: "7",
  });
});
afterAll(async () => {
  for (const app of [worker, sandbox]) app?.kill("SIGKILL");
  await worker?.exited;
  await env?.close();
});

const workers = () => listWorkers(env.database, 60_000);

/** The value of a metric with exactly these labels. */
async function metric(name: string, labels = ""): Promise<number | undefined> {
  const text = await (await fetch(`${worker.url}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name}${labels} `));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
}

test("a worker tells who it is, what it takes from, and that its services do their rounds", async () => {
  const services = ["stager", "rescuer", "releaser", "confirmer", "rebuilder publish", "tally", "prober"];
  const [row] = await until("it was heard of, and of a round of each of its services", async () => {
    const heard = await workers();
    const told = heard[0]?.services ?? [];
    const areWell = told.every(({ failing, idleMs }) => !failing && idleMs !== null);
    return areWell && services.every((wanted) => told.some(({ name }) => name === wanted)) && heard;
  });
  expect(row).toMatchObject({
    id: expect.stringMatching(new RegExp(`-${worker.pid}$`)) as string,
    platforms: ["webhook"],
    concurrency: 7,
    running: 0,
    stopping: false,
    version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
  });
  expect(row?.lanes.map(({ queue }) => queue)).toEqual(["publish-webhook", "webhook-deliveries"]);
  expect(Date.now() - (row?.startedAt.getTime() ?? 0)).toBeLessThan(120_000);
});

test("probes come through every queue it takes from, as its metrics and its next sign of life tell", async () => {
  const queues = ["publish-webhook", "webhook-deliveries"];
  for (const queue of queues) {
    await until(`a probe came through ${queue}`, () => metric("punctual_probe_age_seconds", `{queue="${queue}"}`));
  }
  await until("the signs of life tell so", async () =>
    (await workers())[0]?.lanes.every(({ probeAgeMs, taken }) => probeAgeMs !== null && taken > 0),
  );
  expect(await metric("punctual_jobs_taken_total", '{queue="publish-webhook"}')).toBeGreaterThan(0);
});

test("what it publishes is measured once: lateness as stored, the attempt and how long it took", async () => {
  const id = await insertTestPost(env, tenant, { dueInMs: -3_000 });
  await until(
    "it is published",
    async () => (await env.sql("SELECT FROM posts WHERE id = $1 AND published_at IS NOT NULL", [id])).length > 0,
  );
  const [row] = await env.sql<{ seconds: number }>(
    "SELECT lateness_ms / 1000.0::float8 AS seconds FROM posts WHERE id = $1",
    [id],
  );
  const platform = '{platform="webhook"}';
  await until("it is measured", async () => (await metric("punctual_publish_duration_seconds_count", platform)) === 1);
  expect(await metric("punctual_post_lateness_seconds_count", platform)).toBe(1);
  expect(await metric("punctual_post_lateness_seconds_sum", platform)).toBeCloseTo(row?.seconds ?? -1, 6);
  const published = '{platform="webhook",outcome="published",category=""}';
  expect(await metric("punctual_attempts_total", published)).toBe(1);
  await until(
    "its minute is added up",
    async () => (await env.sql("SELECT FROM minute_statistics WHERE kind = 'published' AND amount = 1")).length > 0,
  );
  const counted = () => env.sql("SELECT FROM post_counts WHERE status = 'published' AND amount = 1");
  await until("it is counted as published", async () => (await counted()).length > 0);
});

test("its process and its connections are measured, and nothing there is secret", async () => {
  const answer = await fetch(`${worker.url}/metrics`);
  expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  expect(text).toMatch(/^punctual_worker_info\{version="\d[^"]*"\} 1$/m);
  expect(await metric("punctual_database_connections", '{pool="maintenance",state="waiting"}')).toBe(0);
  expect(await metric("punctual_event_loop_delay_seconds", '{statistic="p99"}')).toBeGreaterThanOrEqual(0);
  expect(await metric("punctual_process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
  const foreign = text.split("\n").filter((line) => line !== "" && !/^(# (HELP|TYPE) )?punctual_/.test(line));
  expect(foreign).toEqual([]);
  expect(text).not.toContain(env.encryptionKeys);
});

test("told to stop it says so, and when it has stopped in peace it is not missed", async () => {
  worker.kill("SIGTERM");
  expect(await worker.exited).toMatchObject({ code: 0 });
  expect(await workers()).toEqual([]);
});
