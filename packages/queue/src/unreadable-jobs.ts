/**
 * Jobs of which Redis holds something that is no JSON. BullMQ takes such a job and then cannot even hand it out, so it
 * would stay active, be found stalled, and be taken again, for ever. It is moved to the failed ones instead, where
 * people see it; what was in it is kept beside, because the board could not read it either.
 */
import { withinMs } from "@punctual/runtime";
import type { Redis } from "ioredis";

/** Fields of a job that BullMQ parses without a net. */
const parsedFields = ["data", "opts", "progress", "parent"] as const;
const reason = "unreadable";
const answerTimeoutMs = 5_000;

/** Keys: active, stalled, failed, the job, its lock. Arguments: id, now in milliseconds, reason, what is kept. */
const setAsideScript = `
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
redis.call('SREM', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
redis.call('HDEL', KEYS[4], 'progress', 'parent')
redis.call('HSET', KEYS[4], 'data', '{}', 'opts', '{}', 'failedReason', ARGV[3], 'finishedOn', ARGV[2], ARGV[3], ARGV[4])
redis.call('DEL', KEYS[5])
return 1`;

/**
 * @param base what the keys of one queue begin with
 * @returns the ids of the jobs that were set aside
 */
export async function setAsideUnreadable(redis: Redis, base: string): Promise<string[]> {
  const ids = (await withinMs(answerTimeoutMs, redis.lrange(`${base}active`, 0, -1), null)) ?? [];
  const setAside: string[] = [];
  for (const id of ids) {
    const values = await redis.hmget(base + id, ...parsedFields);
    if (values.every(isReadable)) continue;
    const keys = ["active", "stalled", "failed", id, `${id}:lock`].map((name) => base + name);
    const kept = JSON.stringify(values);
    if ((await redis.eval(setAsideScript, keys.length, ...keys, id, Date.now(), reason, kept)) === 1) setAside.push(id);
  }
  return setAside;
}

function isReadable(value: string | null): boolean {
  if (value === null || value === "") return true;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
