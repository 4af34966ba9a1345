import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestEnvironment, type TestEnvironment } from "./test-environment.ts";

let env: TestEnvironment;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

const now = async (of: TestEnvironment) => {
  const [row] = await of.sql<{ now: Date }>("SELECT app_now() AS now");
  return (row as { now: Date }).now.getTime();
};

test("the clock moves for everybody connected to this database and for nobody else", async () => {
  const other = await createTestEnvironment();
  try {
    const before = await now(env);
    await env.advanceClock(3_600_000);
    const [seen] = await env.database.prisma.$queryRaw<[{ now: Date }]>`SELECT app_now() AS now`;
    expect(seen.now.getTime()).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(await now(other)).toBeLessThan(before + 3_600_000);
    await env.advanceClock(-3_600_000);
    expect(await now(env)).toBeLessThan(before + 3_600_000);
  } finally {
    await other.close();
  }
});

test("the clock shows whole milliseconds, like the real one", async () => {
  const [row] = await env.sql<{ whole: boolean }>("SELECT date_trunc('milliseconds', app_now()) = app_now() AS whole");
  expect(row?.whole).toBe(true);
});

test("a scan for due rows can still use an index", async () => {
  const plan = await env.sql<{ "QUERY PLAN": string }>(
    "EXPLAIN SELECT id FROM posts WHERE status = 'scheduled' AND enqueued_rev < revision AND next_attempt_at <= app_now()",
  );
  expect(plan.map((line) => line["QUERY PLAN"]).join("\n")).toMatch(/Index Cond: \(next_attempt_at <= /);
});

test("a tenant has a company, a client, a key and an account whose credentials open", async () => {
  const tenant = await env.createTenant();
  const [account] = await env.sql<{ credentials: string; company_id: string; sandbox: boolean }>(
    "SELECT credentials, company_id, sandbox FROM social_accounts WHERE id = $1 AND client_id = $2",
    [tenant.socialAccountId, tenant.clientId],
  );
  expect(account).toMatchObject({ company_id: tenant.companyId, sandbox: true });
  expect(JSON.parse(env.keyring.open(account?.credentials ?? "", tenant.socialAccountId))).toEqual({
    secret: tenant.webhookSecret,
  });
});

test("environments share neither rows nor Redis databases", async () => {
  await env.createTenant();
  const other = await createTestEnvironment();
  try {
    expect(await other.sql("SELECT FROM companies")).toEqual([]);
    expect(other.redisUrl).not.toBe(env.redisUrl);
    expect(other.redisPrefix).not.toBe(env.redisPrefix);
  } finally {
    await other.close();
  }
});

test("the test servers sync as in production", async () => {
  const [settings] = await env.sql(
    "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit",
  );
  expect(settings).toEqual({ fsync: "on", commit: "on" });
});
