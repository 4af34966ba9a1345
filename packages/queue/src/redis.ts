/**
 * Connections to Redis. Every one reconnects quickly and for ever (BullMQ's own backoff makes a recovered Redis look
 * down for seconds), finds out that it was forgotten on the way or that its server is the primary no more, has an error
 * listener (or the process dies), and closes without waiting for an answer.
 */
import type { Logger } from "@punctual/runtime";
import { Redis } from "ioredis";

/** Longest pause between two tries to reconnect, in milliseconds. */
const reconnectDelayMaxMs = 1_000;
const connectTimeoutMs = 3_000;
/**
 * A connection on which no answer came for so long is given up and made anew, in milliseconds. A firewall or a failover
 * may have forgotten it without a word, and the kernel would believe in it for a quarter of an hour. A consumer asks
 * questions that Redis may take ten seconds to answer.
 */
const silenceMaxMs = { producer: 5_000, consumer: 15_000 } as const;

/** What a replica says to whoever writes, also from within a script. */
const readOnly = "READONLY";
/**
 * After a failover the address is the new primary's, and a connection to the old one has to be left. It may take a while
 * until that is so: not more often than this, in milliseconds.
 */
const leaveIntervalMs = 1_000;
/** What ioredis is to do. BullMQ would wait for the next sign of a job before it asked for this one again. */
const [reconnect, reconnectAndAskAgain] = [1, 2] as const;

/**
 * @param role `producer` fails at once while Redis is away, and soon if it is lost or silent in the middle of a
 *   question: such a question is asked once more after reconnecting, because ioredis would otherwise never settle it.
 *   `consumer` waits, as BullMQ's workers require
 */
export function connectRedis(url: string, role: "producer" | "consumer", logger: Logger): Redis {
  let leftAt = -Infinity;
  const redis = new Redis(url, {
    connectTimeout: connectTimeoutMs,
    socketTimeout: silenceMaxMs[role],
    reconnectOnError: (error) => {
      if (!error.message.includes(readOnly) || performance.now() - leftAt < leaveIntervalMs) return false;
      leftAt = performance.now();
      logger.warn({ role }, "Redis is a replica now, connecting anew");
      return role === "consumer" ? reconnectAndAskAgain : reconnect;
    },
    retryStrategy: (times) => Math.min(50 * 2 ** times, reconnectDelayMaxMs),
    ...(role === "producer"
      ? { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: silenceMaxMs.producer }
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
