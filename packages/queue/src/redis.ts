/**
 * Connections to Redis. Every one reconnects quickly and for ever (BullMQ's own backoff makes a recovered Redis look
 * down for seconds), has an error listener (or the process dies), and closes without waiting for an answer.
 */
import type { Logger } from "@punctual/runtime";
import { Redis } from "ioredis";

/** Longest pause between two tries to reconnect, in milliseconds. */
const reconnectDelayMaxMs = 1_000;
const connectTimeoutMs = 3_000;
/** A producer's question to a Redis that is connected but silent, in milliseconds. */
const commandTimeoutMs = 5_000;

/**
 * @param role `producer` fails at once while Redis is away, and soon if it is lost or silent in the middle of a
 *   question: such a question is asked once more after reconnecting, because ioredis would otherwise never settle it.
 *   `consumer` waits, as BullMQ's workers require
 */
export function connectRedis(url: string, role: "producer" | "consumer", logger: Logger): Redis {
  const redis = new Redis(url, {
    connectTimeout: connectTimeoutMs,
    retryStrategy: (times) => Math.min(50 * 2 ** times, reconnectDelayMaxMs),
    ...(role === "producer"
      ? { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: commandTimeoutMs }
      : { maxRetriesPerRequest: null }),
  });
  let away = false;
  redis.on("error", (error: Error) => {
    if (!away) logger.warn({ err: error, role }, "Redis is away");
    away = true;
  });
  redis.on("ready", () => {
    if (away) logger.info({ role }, "Redis is back");
    away = false;
  });
  return redis;
}
