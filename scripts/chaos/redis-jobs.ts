/**
 * What Redis really holds, read by the harness' own eyes from BullMQ's keys, and the ways to damage it: the suite
 * must not believe the code it tests.
 */
import { publishJobId, queueName, type PublishJobId } from "@punctual/core";
import { defaultPrefix } from "@punctual/queue";
import type { Dice } from "./dice.ts";
import type { Redis } from "./servers.ts";

/** Of a post; probes have others. */
const jobId = /^[0-9a-f-]{36}_\d+_\d+$/;
const key = (platform: string, name: string) => `${defaultPrefix}:${queueName(platform)}:${name}`;

/** Keys: delayed, prioritized, wait, active. Argument: prefix of job keys. In one look, so that no job moves meanwhile. */
const liveScript = `
local live, seen = {}, {}
for k = 1, 4 do
  local ids = k <= 2 and redis.call('ZRANGE', KEYS[k], 0, -1) or redis.call('LRANGE', KEYS[k], 0, -1)
  for _, id in ipairs(ids) do
    if not seen[id] and redis.call('EXISTS', ARGV[1] .. id) == 1 then
      seen[id] = true
      live[#live + 1] = id
    end
  end
end
return live`;

/** Ids of jobs that will fire: in a list or set that BullMQ serves, and with a body. */
export async function liveJobs(redis: Redis, platform: string): Promise<string[]> {
  const keys = ["delayed", "prioritized", "wait", "active"].map((name) => key(platform, name));
  return (await redis.eval(liveScript, keys.length, ...keys, key(platform, ""))) as string[];
}

/** Ids of posts' jobs that were done since Redis came up, of those that are kept. */
export async function completedJobs(redis: Redis, platform: string): Promise<string[]> {
  return (await redis.zrange(key(platform, "completed"), 0, "-1")).filter((id) => jobId.test(id));
}

/** How many job bodies lie about that are in no list or set: they will never fire and never go. */
export async function orphanedJobs(redis: Redis, platform: string): Promise<number> {
  const live = new Set(await liveJobs(redis, platform));
  for (const ended of ["completed", "failed"]) {
    for (const id of await redis.zrange(key(platform, ended), 0, "-1")) live.add(id);
  }
  let orphans = 0;
  for await (const keys of redis.scanStream({ match: key(platform, "*-*-*-*-*_*_*"), count: 1_000 })) {
    for (const name of keys as string[]) {
      const id = name.slice(name.lastIndexOf(":") + 1);
      if (jobId.test(id) && !live.has(id)) orphans += 1;
    }
  }
  return orphans;
}

/** Of the given waiting posts those that no live job stands for. */
export async function jobless<Job extends PublishJobId & { platform: string }>(
  redis: Redis,
  jobs: readonly Job[],
): Promise<Job[]> {
  const live = new Set<string>();
  for (const platform of new Set(jobs.map((job) => job.platform))) {
    for (const id of await liveJobs(redis, platform)) live.add(id);
  }
  return jobs.filter((job) => !live.has(publishJobId(job)));
}

export const damage = {
  all: (redis: Redis) => redis.flushall(),
  delayedSet: (redis: Redis, platform: string) => redis.del(key(platform, "delayed")),
  waitList: (redis: Redis, platform: string) => redis.del(key(platform, "wait")),
  /** Deletes the bodies of some delayed jobs, the soonest, and leaves their ids in the set. @returns these ids */
  async someBodies(redis: Redis, platform: string, dice: Dice): Promise<string[]> {
    const ids = await redis.zrange(key(platform, "delayed"), 0, "-1");
    const gone = ids.filter(() => dice.chance(0.3)).slice(0, 20);
    if (gone.length > 0) await redis.del(gone.map((id) => key(platform, id)));
    return gone;
  },
  /** Fills it with keys of somebody else's, so that what is left lying about is not soon come upon. */
  async crowd(redis: Redis, count: number) {
    const keys = Array.from({ length: count }, (_, index) => [`somebody-elses:${index}`, "1"]);
    await redis.mset(keys.flat());
  },
  connections: (redis: Redis) => redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"),
  /** Makes delayed jobs due at once, as somebody with a Redis shell or a writable board may. */
  async promote(redis: Redis, platform: string) {
    const ids = await redis.zrange(key(platform, "delayed"), 0, "-1");
    await Promise.all(ids.slice(0, 500).map((id) => redis.zadd(key(platform, "delayed"), "XX", 1, id)));
  },
};
