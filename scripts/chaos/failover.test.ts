/**
 * A managed Redis fails over: the primary becomes a replica that goes on serving the connections it has, and its name is
 * another's. Whoever does not connect anew is told for ever that it cannot write there.
 */
import { randomUUID } from "node:crypto";
import { publishJobId } from "@punctual/core";
import { connectRedis, openConsumer, openProducer, type WaitingPost } from "@punctual/queue";
import { createLogger } from "@punctual/runtime";
import { startOwnRedis, until } from "@punctual/testing";
import { expect, test } from "vitest";
import { startProxy } from "./proxy.ts";
import { through } from "./wires.ts";

const logger = createLogger("test", "silent");
const platform = "webhook";
const prefix = "failover";
const timeoutMs = 60_000;

const waiting = (): WaitingPost => ({
  postId: randomUUID(),
  platform,
  revision: 1,
  generation: 0,
  dueAt: new Date(),
  maxAttempts: 5,
  requestId: null,
});

test("producers and consumers go on with the new primary", { timeout: timeoutMs }, async () => {
  const [first, second] = await Promise.all([startOwnRedis(), startOwnRedis()]);
  const proxy = await startProxy(Number(new URL(first.url).port));
  const url = through(proxy, first.url);
  const admins = [first, second].map((redis) => connectRedis(redis.url, "consumer", logger));
  const producer = openProducer({ redisUrl: url, prefix, platforms: [platform] }, { logger });
  const handled = new Set<string>();
  const consumer = openConsumer(
    { redisUrl: url, prefix, platform, concurrency: 10, drainTimeoutMs: 1_000 },
    {
      logger,
      async handle(job) {
        handled.add(publishJobId(job));
        return { kind: "done" };
      },
    },
  );
  try {
    await consumer.start();
    const goesThrough = async () => {
      const post = waiting();
      await until("Redis takes the job", () => producer.enqueue([post]), { timeoutMs: timeoutMs / 3 });
      await until("it is handled", async () => handled.has(publishJobId(post)), { timeoutMs: timeoutMs / 3 });
    };
    await goesThrough();

    const [old, primary] = admins;
    await primary?.config("SET", "requirepass", decodeURIComponent(new URL(first.url).password));
    proxy.redirect(Number(new URL(second.url).port));
    await old?.replicaof("127.0.0.1", Number(new URL(second.url).port));
    await goesThrough();
    expect(await primary?.exists(`${prefix}:publish-${platform}:meta`)).toBe(1);
  } finally {
    await consumer.stop();
    await producer.stop();
    for (const admin of admins) admin.disconnect();
    await proxy.stop();
    await Promise.all([first.close(), second.close()]);
  }
});
