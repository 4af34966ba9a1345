/** Workers as the processes they are: killed, frozen, told to stop, and started on what they must refuse. */
import { connectRedis } from "@punctual/queue";
import {
  createTestEnvironment,
  insertTestPost,
  launchApp,
  openRawServer,
  startOwnRedis,
  until,
  type LaunchedApp,
  type OwnRedis,
  type TestEnvironment,
  type TestPostOptions,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

/** Past the lease of a send: its 15 s and the margin. */
const pastLeaseMs = 25_000;
/** Longer than a worker takes to notice a post and to die, on however busy a machine. */
const waitMs = 600_000;

let env: TestEnvironment;
let redis: OwnRedis;
let sandbox: LaunchedApp;
let tenant: TestTenant;
let workers: LaunchedApp[];

beforeAll(async () => {
  [env, redis, sandbox] = await Promise.all([createTestEnvironment(), startOwnRedis(), launchApp("sandbox", {})]);
});
afterAll(async () => {
  sandbox.kill("SIGKILL");
  await redis.close();
  await env.close();
});
beforeEach(async () => {
  workers = [];
  tenant = await env.createTenant();
});
afterEach(async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  await Promise.all(workers.map(({ exited }) => exited));
});

async function launchWorker(changes: Record<string, string> = {}): Promise<LaunchedApp> {
  const worker = await launchApp("worker", {
    DATABASE_URL: env.databaseUrl,
    REDIS_URL: redis.url,
    ENCRYPTION_KEYS: env.encryptionKeys,
    SANDBOX_URL: sandbox.url,
    ...changes,
  });
  workers.push(worker);
  return worker;
}

async function misbehave(fault: object): Promise<void> {
  const answer = await fetch(`${sandbox.url}/_control/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ account: tenant.socialAccountId, times: 1, fault }),
  });
  expect(answer.ok).toBe(true);
}

/** What the receiver did with each delivery of a post. */
async function outcomes(postId: string): Promise<string[]> {
  const answer = await fetch(`${sandbox.url}/_ledger?postId=${postId}`);
  return ((await answer.json()) as { data: { outcome: string }[] }).data.map(({ outcome }) => outcome);
}

const schedule = (options: TestPostOptions = {}) => insertTestPost(env, tenant, options);

async function status(id: string): Promise<string> {
  const [row] = await env.sql<{ status: string }>("SELECT status FROM posts WHERE id = $1", [id]);
  return row?.status ?? "gone";
}

const becomes = (id: string, wanted: string) =>
  until(`the post to be ${wanted}`, async () => (await status(id)) === wanted, { timeoutMs: 30_000 });

const attempts = (id: string) =>
  env.sql<{ outcome: string | null }>("SELECT outcome FROM attempts WHERE post_id = $1 ORDER BY number", [id]);

test("a post that waits goes out although the worker that knew of it is killed", async () => {
  const first = await launchWorker();
  const id = await schedule({ dueInMs: waitMs });
  await until(
    "its job to be known",
    async () => (await env.sql("SELECT FROM posts WHERE enqueued_rev = 1")).length > 0,
  );
  first.kill("SIGKILL");
  await first.exited;
  expect(await status(id)).toBe("scheduled");
  await launchWorker();
  await env.advanceClock(waitMs);
  await becomes(id, "published");
  expect(await outcomes(id)).toEqual(["accepted"]);
});

test("a post whose worker is killed while sending is taken over, and shows once", async () => {
  const [first] = [await launchWorker(), await launchWorker()];
  await misbehave({ kind: "hang" });
  const id = await schedule();
  const holder = await until("a worker to send", async () => {
    const [row] = await env.sql<{ claimed_by: string | null }>("SELECT claimed_by FROM posts WHERE id = $1", [id]);
    return (await outcomes(id)).length > 0 && row?.claimed_by;
  });
  const killed = workers.find(({ pid }) => holder.endsWith(`-${pid}`)) ?? first;
  killed.kill("SIGKILL");
  await killed.exited;
  await env.advanceClock(pastLeaseMs);
  await becomes(id, "published");
  expect(await attempts(id)).toEqual([{ outcome: "unknown" }, { outcome: "published" }]);
  expect(await outcomes(id)).toEqual(["refused", "accepted"]);
});

test("a worker that is frozen past its lease doubles nothing when it thaws", async () => {
  // A receiver that answers the first delivery only when told to: to a worker that does not listen any more.
  let answerFirst = () => {};
  const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{"id":"r-1"}';
  const receiver = await openRawServer({
    onRequest: (socket, _request, count) => {
      const answer = () => void socket.write(ok);
      if (count === 1) answerFirst = answer;
      else answer();
    },
  });
  try {
    tenant = await env.createTenant({ sandbox: false, settings: { url: receiver.url } });
    const frozen = await launchWorker({ ALLOW_PRIVATE_NETWORKS: "true" });
    const id = await schedule();
    await until("the delivery to arrive", async () => receiver.requests().length === 1);
    frozen.kill("SIGSTOP");
    answerFirst();
    await launchWorker({ ALLOW_PRIVATE_NETWORKS: "true" });
    await env.advanceClock(pastLeaseMs);
    await becomes(id, "published");
    expect(await attempts(id)).toEqual([{ outcome: "unknown" }, { outcome: "published" }]);
    frozen.kill("SIGCONT");
    await until("it to note that it came too late", async () => (await attempts(id))[0]?.outcome === "published");
    await until("it to say so", async () => frozen.logs().some(({ late }) => late === "repeat"));
    const [first, second, ...more] = receiver.requests().map((request) => request.split("\r\n\r\n")[1]);
    expect(more).toEqual([]);
    expect(second).toBe(first);
    expect(await status(id)).toBe("published");
  } finally {
    await receiver.close();
  }
});

describe("told to stop", () => {
  test("a worker finishes the send that runs, and exits cleanly", async () => {
    const worker = await launchWorker();
    // Longer than stopping everything else takes.
    await misbehave({ kind: "delay", ms: 5_000 });
    const id = await schedule();
    await until("it to send", async () => (await status(id)) === "publishing");
    worker.kill("SIGTERM");
    expect(await worker.exited).toEqual({ code: 0, signal: null });
    expect(await status(id)).toBe("published");
    expect(await outcomes(id)).toEqual(["accepted"]);
    expect(worker.logs().at(-1)).toMatchObject({ msg: "stopped" });
  });

  test("a worker begins nothing more, and leaves what is due to others", async () => {
    const worker = await launchWorker();
    await misbehave({ kind: "delay", ms: 1_500 });
    const running = await schedule();
    await until("it to send", async () => (await status(running)) === "publishing");
    worker.kill("SIGTERM");
    await until("it to have heard", async () => worker.logs().some(({ msg }) => msg === "stopping"));
    const later = await schedule();
    expect(await worker.exited).toMatchObject({ code: 0 });
    expect(await status(later)).toBe("scheduled");
    await launchWorker();
    await becomes(later, "published");
  });

  test("a worker without its Redis still publishes, and exits cleanly", async () => {
    const worker = await launchWorker();
    await redis.kill();
    try {
      const id = await schedule();
      await becomes(id, "published");
      worker.kill("SIGTERM");
      expect(await worker.exited).toEqual({ code: 0, signal: null });
    } finally {
      await redis.restart();
    }
  });
});

test("its health says whether it lives and can work", async () => {
  const worker = await launchWorker();
  const ask = async (path: string) => {
    const answer = await fetch(`${worker.url}${path}`);
    return { status: answer.status, body: (await answer.json()) as { status: string } };
  };
  expect(await ask("/livez")).toEqual({ status: 200, body: { status: "ok" } });
  await until("Redis to be reached", async () => (await ask("/readyz")).body.status === "ok");
  redis.freeze();
  try {
    const degraded = { status: "degraded", reasons: ["Redis does not answer."] };
    expect(await ask("/readyz")).toEqual({ status: 200, body: degraded });
  } finally {
    redis.thaw();
  }
});

describe("a worker refuses to start", () => {
  test("without its settings, all of them named", async () => {
    await expect(launchApp("worker", { WORKER_CONCURRENCY: "many" })).rejects.toThrow(
      /DATABASE_URL is missing[\s\S]*REDIS_URL is missing[\s\S]*ENCRYPTION_KEYS is missing/,
    );
  });

  test("for a platform that does not exist", async () => {
    await expect(launchWorker({ WORKER_PLATFORMS: "pigeon" })).rejects.toThrow(/WORKER_PLATFORMS names pigeon/);
  });

  test("on a Redis that may evict", async () => {
    const operator = connectRedis(redis.url, "consumer", env.logger);
    try {
      await operator.config("SET", "maxmemory-policy", "allkeys-lru");
      await expect(launchWorker()).rejects.toThrow(/set maxmemory-policy to noeviction \(it is allkeys-lru\)/);
    } finally {
      await operator.config("SET", "maxmemory-policy", "noeviction");
      operator.disconnect();
    }
  });
});
