/**
 * Restoring an old copy: posts that went out after the copy was made are still waiting in it. With the sandbox's ledger
 * as witness nothing goes out twice; without `db:restored` it would, which the control shows.
 */
import { execFile } from "node:child_process";
import path from "node:path";
import { createSocialAccount, openDatabase, readEvents } from "@punctual/db";
import {
  copyDatabase,
  createTestEnvironment,
  insertTestPosts,
  launchApp,
  until,
  type DatabaseCopy,
  type LaunchedApp,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Repeats are harmless there; a repeat would double, and listing shows what is there. */
const [harmless, doubling] = ["webhook", "facebook"] as const;
const count = 12;
/** Many processes are started one after the other. */
const testTimeoutMs = 180_000;

let env: TestEnvironment;
let sandbox: LaunchedApp;
let tenant: TestTenant;
let since: string;
let backup: DatabaseCopy;
let control: DatabaseCopy;
const launched: LaunchedApp[] = [];

beforeAll(async () => {
  [env, sandbox] = await Promise.all([createTestEnvironment(), launchApp("sandbox", {})]);
  tenant = await env.createTenant();
});
afterAll(async () => {
  for (const app of launched) app.kill("SIGKILL");
  sandbox?.kill("SIGKILL");
  await Promise.all(launched.map(({ exited }) => exited));
  await backup?.drop();
  await control?.drop();
  await env?.close();
});

async function launchWorker(databaseUrl: string): Promise<LaunchedApp> {
  const worker = await launchApp("worker", {
    DATABASE_URL: databaseUrl,
    REDIS_URL: env.redisUrl,
    ENCRYPTION_KEYS: env.encryptionKeys,
    SANDBOX_URL: sandbox.url,
  });
  launched.push(worker);
  return worker;
}

async function stop(worker: LaunchedApp): Promise<void> {
  worker.kill("SIGTERM");
  await worker.exited;
}

function restored(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const script = path.join(import.meta.dirname, "db-restored.ts");
    const options = { env: { PATH: process.env.PATH, DATABASE_URL: backup.url } };
    execFile(process.execPath, [script, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** How often each text was made visible. */
async function visible(): Promise<Map<string, number>> {
  const answer = await fetch(`${sandbox.url}/_ledger?outcome=accepted`);
  const { data } = (await answer.json()) as { data: { content: { text: string } }[] };
  const times = new Map<string, number>();
  for (const { content } of data) times.set(content.text, (times.get(content.text) ?? 0) + 1);
  return times;
}
const doubled = async () => [...(await visible())].filter(([, times]) => times > 1).map(([text]) => text);

async function statuses({ sql }: Pick<DatabaseCopy, "sql">, platform: string): Promise<Record<string, number>> {
  const query = "SELECT status, count(*)::integer AS count FROM posts WHERE platform = $1 GROUP BY 1";
  const rows = await sql<{ status: string; count: number }>(query, [platform]);
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

test(
  "an old copy is restored, and nothing goes out twice",
  async () => {
    const account = await createSocialAccount(env.database, env.keyring, {
      companyId: tenant.companyId,
      clientId: null,
      platform: doubling,
      name: "Doubling",
      settings: { pageId: "4711" },
      credentials: { accessToken: "sandbox.4711.1" },
      sandbox: true,
    });
    const other = { ...tenant, socialAccountId: account?.id ?? "" };
    const insert = async (owner: TestTenant, platform: string) => {
      const ids = await insertTestPosts(env, owner, count, { platform, dueInMs: 4_000 });
      await env.sql("UPDATE posts SET content = 'Post ' || id WHERE id = ANY ($1)", [ids]);
      return ids;
    };
    await insert(tenant, harmless);
    await insert(other, doubling);
    const later = await insertTestPosts(env, tenant, 2, { dueInMs: 3_600_000 });
    await env.database.close();
    since = new Date().toISOString();
    backup = await copyDatabase(env.databaseUrl, "backup");

    // What the backup knows nothing of.
    const worker = await launchWorker(env.databaseUrl);
    await until("all are published", async () => (await visible()).size === 2 * count, { timeoutMs: 60_000 });
    await until("and recorded", async () => (await statuses(env, doubling))["published"] === count);
    await stop(worker);
    expect(await doubled()).toEqual([]);
    control = await copyDatabase(backup.url, "control");

    const answer = await restored("--since", since);
    expect(answer).toMatchObject({ code: 0, stderr: "" });
    expect(answer.stdout).toMatch(new RegExp(`sent again, since a repeat is harmless there: ${count}\\n`));
    expect(answer.stdout).toMatch(new RegExp(`unconfirmed, looked up where the platform can be read: ${count}\\n`));
    expect((await restored("--since", since)).stdout).toMatch(/^Posts that may be out already: 0\./);

    await launchWorker(backup.url);
    const settled = await until(
      "every post is settled",
      async () => {
        const [sure, unsure] = [await statuses(backup, harmless), await statuses(backup, doubling)];
        const open = await backup.sql("SELECT FROM posts WHERE status = 'unconfirmed' AND confirm_count = 0");
        return sure["published"] === count && open.length === 0 && { sure, unsure };
      },
      { timeoutMs: 60_000 },
    );
    expect(settled.sure).toEqual({ published: count, scheduled: later.length });
    // Found by looking, or waiting for a person; never sent again.
    const { published = 0, unconfirmed = 0 } = settled.unsure;
    expect(published + unconfirmed).toBe(count);
    expect(await doubled()).toEqual([]);
    const stats = (await (await fetch(`${sandbox.url}/_ledger/stats`)).json()) as { duplicated: number };
    expect(stats.duplicated).toBe(0);

    // The control: the same copy, started as it is.
    await launchWorker(control.url);
    await until("posts are doubled without it", async () => (await doubled()).length > 0, { timeoutMs: 60_000 });
  },
  testTimeoutMs,
);

test("a log of events from a server with higher transaction numbers can be read on, and old positions are refused", async () => {
  for (const app of launched.splice(0)) await stop(app);
  await backup.sql("DELETE FROM workers");
  const ahead = "900000000000";
  await backup.sql("UPDATE events SET transaction_id = (transaction_id::text::bigint + $1)::text::xid8", [ahead]);
  await backup.sql("UPDATE event_cursors SET transaction_id = (transaction_id::text::bigint + $1)::text::xid8", [
    ahead,
  ]);
  const [before] = await backup.sql<{
    events: number;
    seen: number;
  }>(`SELECT count(*)::integer AS events, count(*) FILTER (WHERE (transaction_id, sequence) <= (SELECT transaction_id, sequence
       FROM event_cursors WHERE name = 'statistics'))::integer AS seen FROM events`);
  const answer = await restored("--since", since);
  expect(answer.stdout).toMatch(/The log of events was numbered anew/);
  const [after] = await backup.sql<{
    events: number;
    seen: number;
  }>(`SELECT count(*)::integer AS events, count(*) FILTER (WHERE (transaction_id, sequence) <= (SELECT transaction_id, sequence
       FROM event_cursors WHERE name = 'statistics'))::integer AS seen FROM events`);
  expect(after).toEqual(before);

  const database = openDatabase(
    { url: backup.url, pooled: false, connectionsMax: 1, applicationName: "test" },
    { logger: env.logger },
  );
  const { companyId } = tenant;
  await backup.sql("INSERT INTO events (company_id, type) VALUES ($1, 'post.updated')", [companyId]);
  const read = (transactionId: string | null) =>
    readEvents(database, {
      companyId,
      after: transactionId === null ? null : { transactionId, sequence: "1" },
      types: null,
      limit: 1_000,
    });
  const page = await until("the new event is shown", async () => {
    const found = await read(null);
    return found.kind === "page" && found.events.at(-1)?.type === "post.updated" && found;
  });
  expect(page.events).toHaveLength((after?.events ?? 0) + 1);
  for (const old of ["1", "500", ahead]) expect(await read(old)).toEqual({ kind: "expired" });
  await database.close();
});

test("it refuses to guess, and to work beside workers", async () => {
  for (const args of [
    ["--since", "2027-03-01"],
    ["--since", "2999-01-01T00:00:00Z"],
  ]) {
    const { code, stderr } = await restored(...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Say when the backup was made/);
  }
  await launchWorker(backup.url);
  await until("it is heard of", async () => (await backup.sql("SELECT FROM workers")).length > 0);
  const refused = await restored("--since", since);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/stop all workers first/);
});
