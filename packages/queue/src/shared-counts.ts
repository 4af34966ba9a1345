/**
 * What several processes counted, told to each other through Redis. Each writes its own counts, as absolute numbers
 * beside those of the others, and reads theirs: so a round that failed, or arrived twice, or a Redis that was emptied,
 * makes nothing wrong that the next round does not put right. Redis holds names and numbers, for a few minutes.
 */
import { randomUUID } from "node:crypto";
import { withinMs, type Logger, type Service } from "@punctual/runtime";
import { connectRedis } from "./redis.ts";

export interface SharedCountsOptions {
  redisUrl: string;
  /** Of the keys in Redis. */
  prefix: string;
  /** How long Redis remembers a name nobody counts under any more, in milliseconds. */
  keptMs: number;
}

export interface OwnCount {
  /** Must be no secret: it is part of a key in Redis. */
  name: string;
  /** What this process has counted, by step of time. */
  counts: ReadonlyMap<number, number>;
}

export interface SharedCounts extends Service {
  /**
   * Tells our counts and learns those of the others under the same names. Never throws: a name Redis did not answer
   * for in time is missing from the result.
   *
   * @param oldestStep older ones are forgotten
   */
  exchange(own: readonly OwnCount[], oldestStep: number): Promise<Map<string, Map<number, number>>>;
}

/** Names in one pipeline. */
const batchSizeMax = 500;
const exchangeTimeoutMs = 2_000;

export function openSharedCounts(
  { redisUrl, prefix, keptMs }: SharedCountsOptions,
  { logger }: { logger: Logger },
): SharedCounts {
  const redis = connectRedis(redisUrl, "producer", logger);
  /** Tells this process from the others, and from its own earlier life. */
  const author = randomUUID();

  async function exchangeBatch(
    own: readonly OwnCount[],
    oldestStep: number,
  ): Promise<Map<string, Map<number, number>>> {
    const pipeline = redis.pipeline();
    for (const { name, counts } of own) {
      const key = `${prefix}:${name}`;
      const fields = [...counts].flatMap(([step, count]) => [`${step}:${author}`, String(count)]);
      // Reading comes first, so that it is every third answer, whether or not there is anything to tell.
      pipeline.hgetall(key);
      pipeline.hset(key, ...(fields.length === 0 ? [`${oldestStep}:${author}`, "0"] : fields));
      pipeline.pexpire(key, keptMs);
    }
    const answers = (await pipeline.exec()) ?? [];
    const learned = new Map<string, Map<number, number>>();
    const stale: { key: string; fields: string[] }[] = [];
    for (const [index, { name }] of own.entries()) {
      const [error, hash] = answers[index * 3] ?? [];
      if (error !== null || hash === undefined) continue;
      const { others, outdated } = read(hash as Record<string, string>, oldestStep);
      learned.set(name, others);
      if (outdated.length > 0) stale.push({ key: `${prefix}:${name}`, fields: outdated });
    }
    if (stale.length > 0) {
      const cleaning = redis.pipeline();
      for (const { key, fields } of stale) cleaning.hdel(key, ...fields);
      await cleaning.exec();
    }
    return learned;
  }

  function read(hash: Record<string, string>, oldestStep: number): { others: Map<number, number>; outdated: string[] } {
    const others = new Map<number, number>();
    const outdated: string[] = [];
    for (const [field, text] of Object.entries(hash)) {
      const step = Number(field.split(":", 1)[0]);
      const count = Number(text);
      // What is none of ours, or too old, goes.
      if (!Number.isSafeInteger(step) || !Number.isSafeInteger(count) || count < 0 || step < oldestStep) {
        outdated.push(field);
      } else if (!field.endsWith(author)) {
        others.set(step, (others.get(step) ?? 0) + count);
      }
    }
    return { others, outdated };
  }

  return {
    async exchange(own, oldestStep) {
      const learned = new Map<string, Map<number, number>>();
      for (let start = 0; start < own.length; start += batchSizeMax) {
        const batch = exchangeBatch(own.slice(start, start + batchSizeMax), oldestStep);
        const known = await withinMs(
          exchangeTimeoutMs,
          batch.catch((error: unknown) => {
            logger.debug({ err: error }, "counts were not exchanged");
            return null;
          }),
          null,
        );
        // Away or silent: the rest would fare no better.
        if (known === null) break;
        for (const [name, counts] of known) learned.set(name, counts);
      }
      return learned;
    },
    start: async () => {},
    stop: async () => redis.disconnect(),
  };
}
