/**
 * What is left in Redis when every post has ended: what is kept on purpose, within its bounds, and nothing else. Every
 * key is looked at, so that one nobody thought of is found.
 */
import { keptJobs } from "@punctual/queue";
import type { Stage } from "../bench/stage.ts";

export interface RedisRemains {
  /** How many keys of each kind are kept on purpose. */
  kept: Record<string, number>;
  /** What should not be there, in words. */
  faults: string[];
}

/** BullMQ's event stream is trimmed to this length, roughly. */
const eventsMax = 10_000;
const eventsTolerance = 1.1;
/** Minutes that the workers' counts reach back, see the consumer's `metrics`. */
const countsMax = 1_440;
const namesTold = 5;

const queueKey = /^bull:([a-z-]+):(.+)$/;
const ours = /^punctual:(bull:[a-z-]+:epoch|requests:.+)$/;
/** What a queue has one of, empty or bounded. */
const furniture = new Set(["meta", "id", "marker", "events", "completed", "failed", "stalled-check"]);
const counts = /^metrics:(completed|failed)(:data)?$/;
const waiting = ["delayed", "wait", "active", "prioritized", "paused", "stalled", "waiting-children"];

export async function readRedisRemains({ redis }: Stage): Promise<RedisRemains> {
  const names: string[] = [];
  for await (const batch of redis.scanStream({ count: 1_000 })) names.push(...(batch as string[]));
  const queues = new Set(names.flatMap((name) => queueKey.exec(name)?.[1] ?? []));
  const kept: Record<string, number> = {};
  const faults: string[] = [];
  const strangers: string[] = [];
  const keep = (what: string, count = 1) => void (kept[what] = (kept[what] ?? 0) + count);

  for (const queue of queues) {
    const of = (name: string) => `bull:${queue}:${name}`;
    for (const name of waiting) {
      const left = await members(of(name));
      if (left.length > 0) faults.push(`${queue} still has ${left.length} ${name}: ${some(left)}`);
    }
    const ended = new Set<string>();
    for (const [state, { count }] of Object.entries({
      completed: keptJobs.removeOnComplete,
      failed: keptJobs.removeOnFail,
    })) {
      const ids = await members(of(state));
      for (const id of ids) ended.add(id);
      if (ids.length > count) faults.push(`${queue} keeps ${ids.length} ${state} jobs, not ${count}`);
    }
    const events = await redis.xlen(of("events"));
    if (events > eventsMax * eventsTolerance) faults.push(`${queue} keeps ${events} events, not about ${eventsMax}`);
    for (const name of names) {
      const [, owner, rest = ""] = queueKey.exec(name) ?? [];
      if (owner !== queue || waiting.includes(rest)) continue;
      if (furniture.has(rest)) keep(rest);
      else if (counts.test(rest)) {
        keep("counts by the minute");
        if (rest.endsWith(":data") && (await redis.llen(name)) > countsMax) faults.push(`${name} is too long`);
      } else if (ended.has(rest)) keep("ended jobs, for the board");
      else strangers.push(name);
    }
  }
  for (const name of names.filter((name) => !queueKey.test(name))) {
    if (!ours.test(name)) strangers.push(name);
    else if (name.endsWith(":epoch")) keep("epochs");
    else if ((await redis.pttl(name)) > 0) keep("requests counted, for a while");
    else faults.push(`${name} never expires`);
  }
  if (strangers.length > 0) faults.push(`${strangers.length} keys that nobody keeps: ${some(strangers)}`);
  return { kept, faults };

  async function members(key: string): Promise<string[]> {
    switch (await redis.type(key)) {
      case "zset":
        return redis.zrange(key, 0, "-1");
      case "list":
        return redis.lrange(key, 0, -1);
      case "set":
        return redis.smembers(key);
      default:
        return [];
    }
  }
}

function some(names: readonly string[]): string {
  return `${names.slice(0, namesTold).join(", ")}${names.length > namesTold ? " ..." : ""}`;
}
