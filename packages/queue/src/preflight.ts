/**
 * What we refuse to run on: a Redis that may throw keys away, or one too old for BullMQ. Losing keys loses nothing
 * here, but an evicting Redis loses them silently and all the time.
 */
import type { Logger } from "@punctual/runtime";
import { withinMs } from "@punctual/runtime";
import { connectRedis } from "./redis.ts";

const oldestVersion = [6, 2] as const;
const answerTimeoutMs = 3_000;

export type RedisVerdict =
  | { kind: "fit"; version: string }
  | { kind: "unfit"; reasons: string[] }
  /** No answer in time; says nothing about its settings. */
  | { kind: "away" };

/** Looks at a Redis' version and eviction policy. Never throws. */
export async function inspectRedis(url: string, logger: Logger): Promise<RedisVerdict> {
  const redis = connectRedis(url, "consumer", logger);
  try {
    const info = await withinMs(answerTimeoutMs, redis.info(), null);
    return info === null ? { kind: "away" } : judgeRedis(info);
  } catch {
    return { kind: "away" };
  } finally {
    redis.disconnect();
  }
}

/** @param info the answer to Redis' INFO */
export function judgeRedis(info: string): RedisVerdict {
  const value = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
  const version = value("redis_version");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const policy = value("maxmemory_policy");
  const reasons: string[] = [];
  if (major < oldestVersion[0] || (major === oldestVersion[0] && minor < oldestVersion[1])) {
    reasons.push(`Redis ${version} is too old: ${oldestVersion.join(".")} or newer is needed.`);
  }
  if (policy !== "noeviction") {
    reasons.push(`Redis may evict keys: set maxmemory-policy to noeviction (it is ${policy || "unknown"}).`);
  }
  return reasons.length === 0 ? { kind: "fit", version } : { kind: "unfit", reasons };
}
