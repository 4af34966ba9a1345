/**
 * What Redis really holds: which jobs will fire, whether anything waits that should have been taken, and the mark
 * that tells this Redis from an emptied or replaced one. Reads BullMQ's own keys, in one place.
 */
import type { JobKind } from "@punctual/core";
import { withinMs } from "@punctual/runtime";
import type { ChainableCommander, Redis } from "ioredis";

/** @template Id names a job of one kind; a lane is one of its queues */
export interface JobCensus<Id> {
  /**
   * Those of the given jobs that no list or set of Redis will bring: lost, or ended. One atomic look, so that a job
   * on its way from one list to the next is never taken for lost.
   */
  missing<Job extends Id>(lane: string, jobs: readonly Job[]): Promise<Job[]>;
  /** Those of the given jobs whose ids BullMQ still knows, and would therefore ignore. */
  known<Job extends Id>(lane: string, jobs: readonly Job[]): Promise<Job[]>;
  /** Removes what is left of those of the given jobs that are in no list or set, so that nothing piles up. */
  forget(lane: string, jobs: readonly Id[]): Promise<void>;
  /**
   * One step of an endless walk over what Redis holds: removes bodies of the lanes' jobs that are in no list or set any
   * more. A lost list leaves such behind; what was published without its job never asks for them again.
   *
   * @param cursor where the step before ended; "0" at the beginning
   */
  removeOrphans(lanes: readonly string[], cursor: string): Promise<{ cursor: string; removed: number }>;
  /** How many jobs wait although they were due this long ago, in milliseconds. */
  overdue(lane: string, overdueMs: number): Promise<number>;
  /** How many jobs a queue has in which state. */
  depth(lane: string): Promise<QueueDepth>;
  /** The marks of queues, in their order; null where Redis has none. */
  epochs(queues: readonly string[]): Promise<(string | null)[]>;
  setEpoch(queue: string, epoch: string): Promise<void>;
  /** Which of the lanes somebody paused. */
  paused(lanes: readonly string[]): Promise<string[]>;
}

export interface QueueDepth {
  queue: string;
  /** Due and not taken. */
  waiting: number;
  active: number;
  delayed: number;
  /** Kept to be looked at. */
  failed: number;
}

const answerTimeoutMs = 5_000;

/**
 * Keys: delayed, prioritized, wait, active, paused. Arguments: prefix of job keys, then ids. Two commands where nothing
 * is missing and all are delayed, however many are asked about; only what these do not find is looked for elsewhere.
 */
const missingScript = `
local base = ARGV[1]
local ids, bodies = {}, {}
for i = 2, #ARGV do
  ids[i - 1] = ARGV[i]
  bodies[i - 1] = base .. ARGV[i]
end
local scores = redis.call('ZMSCORE', KEYS[1], unpack(ids))
local allHaveBodies = redis.call('EXISTS', unpack(bodies)) == #ids
local live
local missing = {}
for i, id in ipairs(ids) do
  local found = scores[i] or redis.call('ZSCORE', KEYS[2], id)
  if not found then
    if not live then
      live = {}
      for k = 3, 5 do
        for _, member in ipairs(redis.call('LRANGE', KEYS[k], 0, -1)) do live[member] = true end
      end
    end
    found = live[id]
  end
  if not found or not allHaveBodies and redis.call('EXISTS', bodies[i]) == 0 then missing[#missing + 1] = id end
end
return missing`;

/**
 * Keys: delayed, prioritized, completed, failed, wait, active, paused. Arguments: prefix of job keys, then ids. What
 * the first set does not know is asked of the next; the lists are read only for what is in no set.
 */
const orphansScript = `
local left = {}
for i = 2, #ARGV do left[i - 1] = ARGV[i] end
for k = 1, 4 do
  if #left == 0 then return 0 end
  local scores = redis.call('ZMSCORE', KEYS[k], unpack(left))
  local unknown = {}
  for i, id in ipairs(left) do
    if not scores[i] then unknown[#unknown + 1] = id end
  end
  left = unknown
end
if #left == 0 then return 0 end
local live = {}
for k = 5, 7 do
  for _, member in ipairs(redis.call('LRANGE', KEYS[k], 0, -1)) do live[member] = true end
end
local removed = 0
for _, id in ipairs(left) do
  if not live[id] then removed = removed + redis.call('UNLINK', ARGV[1] .. id) end
end
return removed`;

/** Of jobs of ours; whatever else lies about is not ours to remove. */
const bodyPattern = /^[0-9a-f-]{36}_\d+_\d+$/;
/** Keys looked at in one step of the walk, about. */
const orphanStepSize = 1_000;

/** BullMQ's score of a delayed job: its time in milliseconds times this. */
const scorePerMs = 0x1000;

export function createCensus<Id>(redis: Redis, prefix: string, kind: JobKind<Id>): JobCensus<Id> {
  const keys = (lane: string) => {
    const base = `${prefix}:${kind.queueName(lane)}:`;
    return { base, lists: ["delayed", "prioritized", "wait", "active", "paused"].map((name) => base + name) };
  };
  async function removeUnplaced(lane: string, ids: readonly string[]): Promise<number> {
    const { base, lists } = keys(lane);
    const [delayed, prioritized, ...queued] = lists as [string, string, ...string[]];
    const places = [delayed, prioritized, `${base}completed`, `${base}failed`, ...queued];
    return (await answered(redis.eval(orphansScript, places.length, ...places, base, ...ids))) as number;
  }
  const epochKey = (queue: string) => `punctual:${prefix}:${queue}:epoch`;

  return {
    async missing(lane, jobs) {
      if (jobs.length === 0) return [];
      const { base, lists } = keys(lane);
      const ids = jobs.map((job) => kind.id(job));
      const answer = (await answered(redis.eval(missingScript, lists.length, ...lists, base, ...ids))) as string[];
      const missing = new Set(answer);
      return jobs.filter((_job, index) => missing.has(ids[index]!));
    },
    async known(lane, jobs) {
      const { base } = keys(lane);
      const names = jobs.map((job) => base + kind.id(job));
      if (names.length === 0) return [];
      // After the loss of everything, or of a whole set, one command says it of all.
      const count = await answered(redis.exists(names));
      if (count === 0) return [];
      if (count === names.length) return [...jobs];
      const asking = redis.pipeline();
      for (const name of names) asking.exists(name);
      const found = await allOf(asking);
      return jobs.filter((_job, index) => found[index] === 1);
    },
    async forget(lane, jobs) {
      if (jobs.length === 0) return;
      await removeUnplaced(
        lane,
        jobs.map((job) => kind.id(job)),
      );
    },
    async removeOrphans(lanes, cursor) {
      const scanned = redis.scan(cursor, "MATCH", `${prefix}:*`, "COUNT", orphanStepSize);
      const [next, names] = await answered(scanned);
      let removed = 0;
      for (const lane of lanes) {
        const { base } = keys(lane);
        const ours = names.filter((name) => name.startsWith(base)).map((name) => name.slice(base.length));
        const ids = ours.filter((id) => bodyPattern.test(id));
        if (ids.length > 0) removed += await removeUnplaced(lane, ids);
      }
      return { cursor: next, removed };
    },
    async overdue(lane, overdueMs) {
      const { lists } = keys(lane);
      const [delayed, , wait] = lists as [string, string, string];
      const asking = redis
        .pipeline()
        .zcount(delayed, "-inf", (Date.now() - overdueMs) * scorePerMs)
        .llen(wait);
      const [late, waiting] = (await allOf(asking)) as [number, number];
      return late + waiting;
    },
    async depth(lane) {
      const { base } = keys(lane);
      const lengths = [redis.llen(`${base}wait`), redis.llen(`${base}active`)];
      const sizes = [redis.zcard(`${base}delayed`), redis.zcard(`${base}failed`)];
      const [waiting = 0, active = 0, delayed = 0, failed = 0] = await answered(Promise.all([...lengths, ...sizes]));
      return { queue: kind.queueName(lane), waiting, active, delayed, failed };
    },
    epochs: (queues) => answered(redis.mget(queues.map(epochKey))),
    async setEpoch(queue, epoch) {
      await answered(redis.set(epochKey(queue), epoch));
    },
    async paused(lanes) {
      const asking = redis.pipeline();
      for (const lane of lanes) asking.hexists(`${keys(lane).base}meta`, "paused");
      const answers = await allOf(asking);
      return lanes.filter((_lane, index) => answers[index] === 1);
    },
  };
}

/** A pipeline resolves although its commands fail; this rejects. */
async function allOf(asking: ChainableCommander): Promise<unknown[]> {
  const answers = (await answered(asking.exec())) ?? [];
  return answers.map(([error, answer]) => {
    if (error !== null) throw error;
    return answer;
  });
}

/** A Redis that is frozen must not freeze maintenance. */
async function answered<Result>(work: Promise<Result>): Promise<Result> {
  const answer = await withinMs(
    answerTimeoutMs,
    work.then((result) => ({ result })),
    null,
  );
  if (answer === null) throw new Error("Redis did not answer in time");
  return answer.result;
}
