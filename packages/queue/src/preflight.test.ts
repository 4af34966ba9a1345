import { createLogger } from "@punctual/runtime";
import { freePort, openRawServer, startOwnRedis } from "@punctual/testing";
import { describe, expect, test } from "vitest";
import { inspectRedis, judgeRedis } from "./preflight.ts";
import { connectRedis } from "./redis.ts";

const logger = createLogger("test", "silent");

describe("a Redis is asked", () => {
  test("and is fit as long as it keeps what it was told", async () => {
    const redis = await startOwnRedis();
    const operator = connectRedis(redis.url, "consumer", logger);
    try {
      const [, version] = /redis_version:(\S+)/.exec(await operator.info("server")) ?? [];
      expect(await inspectRedis(redis.url, logger)).toEqual({ kind: "fit", version });
      for (const policy of ["allkeys-lru", "volatile-ttl"]) {
        await operator.config("SET", "maxmemory-policy", policy);
        expect(await inspectRedis(redis.url, logger)).toEqual({
          kind: "unfit",
          reasons: [`Redis may evict keys: set maxmemory-policy to noeviction (it is ${policy}).`],
        });
      }
    } finally {
      operator.disconnect();
      await redis.close();
    }
  });

  test("and is away if nobody listens", async () => {
    expect(await inspectRedis(`redis://127.0.0.1:${await freePort()}/0`, logger)).toEqual({ kind: "away" });
  });

  test("and is away if it takes the connection and says nothing", async () => {
    const silent = await openRawServer();
    try {
      expect(await inspectRedis(`redis://127.0.0.1:${silent.port}/0`, logger)).toEqual({ kind: "away" });
      expect(silent.received()).not.toEqual([]);
    } finally {
      await silent.close();
    }
  });
});

describe("what INFO says is judged", () => {
  const info = (version: string, policy = "noeviction") =>
    `# Server\r\nredis_version:${version}\r\nredis_mode:standalone\r\n# Memory\r\nmaxmemory_policy:${policy}\r\n`;

  test.each(["6.2.0", "6.2.14", "7.0.15", "8.2.1", "10.0.0"])("%s is new enough", (version) => {
    expect(judgeRedis(info(version))).toEqual({ kind: "fit", version });
  });

  test.each(["2.8.24", "5.0.14", "6.0.16", "6.1.240"])(
    "%s is too old, and the answer names what is needed",
    (version) => {
      expect(judgeRedis(info(version))).toEqual({
        kind: "unfit",
        reasons: [`Redis ${version} is too old: 6.2 or newer is needed.`],
      });
    },
  );

  test("Valkey is judged by the Redis it stands in for", () => {
    const valkey = info("7.2.4").replace("redis_mode", "server_name:valkey\r\nvalkey_version:8.1.0\r\nredis_mode");
    expect(judgeRedis(valkey)).toEqual({ kind: "fit", version: "7.2.4" });
  });

  test("every reason is given at once", () => {
    expect(judgeRedis(info("5.0.14", "allkeys-random"))).toMatchObject({ kind: "unfit", reasons: { length: 2 } });
  });

  test("a policy that is not shown is not trusted", () => {
    expect(judgeRedis("redis_version:7.0.15\r\n")).toEqual({
      kind: "unfit",
      reasons: ["Redis may evict keys: set maxmemory-policy to noeviction (it is unknown)."],
    });
  });
});
