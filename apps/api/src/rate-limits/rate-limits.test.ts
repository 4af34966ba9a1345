/** Limits on who asks too often, over HTTP: per API key, at several processes together; per address for what is wrong. */
import { connectRedis, openSharedCounts } from "@punctual/queue";
import type { Service } from "@punctual/runtime";
import { createTestEnvironment, startOwnRedis, until, type OwnRedis, type TestEnvironment } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openAppUnderTest, testOperators, type AppUnderTest } from "../app-under-test.ts";
import { createKeyRates, keyWindowMs, type KeyRates } from "./key-limit.ts";
import { createRateExchange } from "./rate-exchange.ts";

let env: TestEnvironment;
let opened: AppUnderTest[] = [];
let services: Service[] = [];

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
afterEach(async () => {
  for (const service of services.toReversed()) await service.stop();
  for (const api of opened) await api.close();
  services = [];
  opened = [];
});

async function open(options: Parameters<typeof openAppUnderTest>[1]): Promise<AppUnderTest> {
  const api = await openAppUnderTest(env, options);
  opened.push(api);
  return api;
}

/** What an answer says is left. */
function left({ headers }: { headers: Readonly<Record<string, string | undefined>> }): number {
  return Number(/^"per-key";r=(\d+);t=\d+$/.exec(headers["ratelimit"] ?? "")?.[1]);
}

describe("an API key", () => {
  test("is told its limit and what is left of it with every answer, also with refusals", async () => {
    const api = await open({ keyRates: createKeyRates(100, 10) });
    const { apiKey } = await env.createTenant({ scope: "read" });
    const answers = [
      await api.call(apiKey, "GET", "/v1/posts"),
      await api.call(apiKey, "GET", "/v1/posts/01a20000-0000-7000-8000-000000000000"),
      await api.call(apiKey, "GET", "/v1/posts?limit=0"),
      await api.call(apiKey, "POST", "/v1/posts", { body: {} }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 400, 403]);
    expect(answers.map(left)).toEqual([99, 98, 97, 96]);
    for (const { headers } of answers) {
      expect(headers["ratelimit-policy"]).toBe('"per-key";q=100;w=60');
      const seconds = Number(/;t=(\d+)$/.exec(headers["ratelimit"] ?? "")?.[1]);
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(65);
    }
  });

  test("that asks too often is told when to come back, and others do not notice", async () => {
    const api = await open({ keyRates: createKeyRates(2, 10) });
    const [eager, other] = [await env.createTenant(), await env.createTenant()];
    const statuses = [];
    for (let round = 0; round < 4; round += 1) {
      statuses.push((await api.call(eager.apiKey, "GET", "/v1/posts")).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
    const body = { socialAccountId: eager.socialAccountId, text: "Not stored" };
    const refused = await api.call(eager.apiKey, "POST", "/v1/posts", { body });
    expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited", title: "Too Many Requests" } });
    expect(left(refused)).toBe(0);
    const retryAfter = Number(refused.headers["retry-after"]);
    expect(refused.headers["ratelimit"]).toBe(`"per-key";r=0;t=${retryAfter}`);
    expect(retryAfter).toBeGreaterThan(50);
    expect(await env.sql("SELECT FROM posts WHERE company_id = $1", [eager.companyId])).toEqual([]);
    expect((await api.call(other.apiKey, "GET", "/v1/posts")).status).toBe(200);
  });

  test("that has nothing left is refused without a look into Postgres", async () => {
    const api = await open({ keyRates: createKeyRates(1, 10) });
    const { apiKey, companyId } = await env.createTenant();
    await api.call(apiKey, "GET", "/v1/posts");
    await env.sql("UPDATE api_keys SET revoked_at = app_now() WHERE company_id = $1", [companyId]);
    // Had anybody looked, it would be 401.
    expect((await api.call(apiKey, "GET", "/v1/posts")).status).toBe(429);
  });
});

describe("several processes", () => {
  let redis: OwnRedis;

  beforeAll(async () => {
    redis = await startOwnRedis();
  });
  afterAll(() => redis.close());

  async function openProcess(perMinute: number): Promise<AppUnderTest> {
    const keyRates: KeyRates = createKeyRates(perMinute, 10);
    const options = { redisUrl: redis.url, prefix: "requests", keptMs: 2 * keyWindowMs };
    const counts = openSharedCounts(options, { logger: env.logger });
    const exchange = createRateExchange({ intervalMs: 20 }, { window: keyRates.window, counts });
    services.push(counts, exchange);
    await exchange.start();
    return open({ keyRates });
  }

  test("keep one limit together, and go on each alone without Redis, as fast as ever", async () => {
    const limit = 50;
    const [one, two] = [await openProcess(limit), await openProcess(limit)];
    const { apiKey } = await env.createTenant();
    const ask = (api: AppUnderTest) => api.call(apiKey, "GET", "/v1/clients");
    for (let request = 0; request < 20; request += 1) expect((await ask(one)).status).toBe(200);
    // Each look costs one, and what the first counted appears at the second.
    const seen = await until("the second knows of the first", async () => {
      const answer = await ask(two);
      return left(answer) <= limit - 20 && answer;
    });
    expect(seen.status).toBe(200);
    await until("both have nothing left", async () => {
      const statuses = [(await ask(one)).status, (await ask(two)).status];
      return statuses.every((status) => status === 429);
    });

    const { apiKey: fresh } = await env.createTenant();
    redis.freeze();
    const tookMs: number[] = [];
    for (let request = 0; request < 2 * limit; request += 1) {
      const started = performance.now();
      const { status } = await (request % 2 === 0 ? one : two).call(fresh, "GET", "/v1/clients");
      tookMs.push(performance.now() - started);
      expect(status).toBe(200);
    }
    // What waits for Redis waits for its timeout, which is seconds.
    expect(tookMs.toSorted((a, b) => a - b)[limit]).toBeLessThan(1_000);
    expect((await one.call(fresh, "GET", "/v1/clients")).status).toBe(429);
    expect((await two.call(fresh, "GET", "/v1/clients")).status).toBe(429);
    redis.thaw();
  });

  test("tell Redis ids of keys, never keys", async () => {
    const api = await openProcess(50);
    const { apiKey, companyId } = await env.createTenant();
    const [row] = await env.sql<{ id: string }>("SELECT id FROM api_keys WHERE company_id = $1", [companyId]);
    const inspector = connectRedis(redis.url, "consumer", env.logger);
    await until("the key's count is there", async () => {
      await api.call(apiKey, "GET", "/v1/clients");
      return (await inspector.exists(`requests:${row!.id}`)) === 1;
    });
    const keys = await inspector.keys("*");
    const values = await Promise.all(keys.map((key) => inspector.hgetall(key)));
    expect(JSON.stringify([keys, values])).not.toContain(apiKey.slice(3, 20));
    inspector.disconnect();
  });
});

describe("wrong keys", () => {
  const wrong = { authorization: `Bearer pk_${"A".repeat(43)}` };

  test("from one address are refused unseen after a while; keys that worked there go on working", async () => {
    const api = await open({ limits: { wrongKeysPerMinuteMax: 3 } });
    const [known, unknown] = [await env.createTenant(), await env.createTenant()];
    const ask = (authorization: string, remoteAddress: string) =>
      api.callRaw({ method: "GET", url: "/v1/posts", headers: { authorization }, remoteAddress });
    const here = "203.0.113.7";
    expect((await ask(`Bearer ${known.apiKey}`, here)).status).toBe(200);
    const statuses = [];
    for (let round = 0; round < 5; round += 1) statuses.push((await ask(wrong.authorization, here)).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    const refused = await ask(wrong.authorization, here);
    expect(refused.body.code).toBe("rate_limited");
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect(refused.headers).not.toHaveProperty("ratelimit");
    expect((await ask(`Bearer ${known.apiKey}`, here)).status).toBe(200);
    expect((await ask(`Bearer ${unknown.apiKey}`, here)).status).toBe(429);
    expect((await ask(`Bearer ${unknown.apiKey}`, "203.0.113.8")).status).toBe(200);
    expect((await ask(wrong.authorization, "203.0.113.8")).status).toBe(401);
  });

  test("of one network of version 6 count together", async () => {
    const api = await open({ limits: { wrongKeysPerMinuteMax: 2 } });
    const ask = async (remoteAddress: string) =>
      (await api.callRaw({ method: "GET", url: "/v1/posts", headers: wrong, remoteAddress })).status;
    expect(await ask("2001:db8:1:2::1")).toBe(401);
    expect(await ask("2001:db8:1:2:ffff::2")).toBe(401);
    expect(await ask("2001:db8:1:2::3")).toBe(429);
    expect(await ask("2001:db8:1:3::1")).toBe(401);
  });

  test("come from where a trusted proxy says, and from nowhere an untrusted one says", async () => {
    const statuses = async (trustedProxies: string | undefined) => {
      const api = await open({ limits: { wrongKeysPerMinuteMax: 1 }, trustedProxies });
      const ask = async (forwardedFor: string) => {
        const headers = { ...wrong, "x-forwarded-for": forwardedFor };
        return (await api.callRaw({ method: "GET", url: "/v1/posts", headers, remoteAddress: "10.0.0.1" })).status;
      };
      return [await ask("203.0.113.1"), await ask("203.0.113.2"), await ask("203.0.113.2")];
    };
    expect(await statuses(undefined)).toEqual([401, 429, 429]);
    expect(await statuses("10.0.0.0/8,fd00::/8")).toEqual([401, 401, 429]);
    expect(await statuses("192.0.2.1")).toEqual([401, 429, 429]);
  });
});

describe("wrong passwords of operators", () => {
  const login = (password: string) => `Basic ${Buffer.from(`operator:${password}`).toString("base64")}`;

  test("lock out their address, everywhere, and nobody else", async () => {
    const api = await open({ limits: { wrongPasswordsMax: 3 } });
    const ask = (password: string, remoteAddress: string, url = "/v1/operator/companies") =>
      api.callRaw({ method: "GET", url, headers: { authorization: login(password) }, remoteAddress });
    const here = "203.0.113.7";
    const right = testOperators.operatorPassword;
    expect((await ask(right, here)).status).toBe(200);
    const statuses = [];
    for (const guess of ["a", "b", "c", "d"]) statuses.push((await ask(guess, here)).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    const refused = await ask(right, here);
    expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(200);
    expect((await ask(right, here, "/queues")).status).toBe(429);
    expect((await ask(right, "203.0.113.8")).status).toBe(200);
    // Nobody tried anything without a password.
    const asked = await api.callRaw({ method: "GET", url: "/v1/operator/companies", remoteAddress: here });
    expect(asked.status).toBe(401);
  });

  test("that were right are never counted", async () => {
    const api = await open({ limits: { wrongPasswordsMax: 2 } });
    const headers = { authorization: login(testOperators.operatorPassword) };
    for (let round = 0; round < 10; round += 1) {
      expect((await api.callRaw({ method: "GET", url: "/v1/operator/companies", headers })).status).toBe(200);
    }
  });
});
