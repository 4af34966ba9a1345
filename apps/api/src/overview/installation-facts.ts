/**
 * What is known of the installation now, read at most every two seconds however many ask: pages, probes and scrapes of
 * one process share one reading. Without Redis everything but the queues is known; without Postgres nothing is.
 */
import { summarizeLateness, type LatenessSummary } from "@punctual/core";
import {
  addUpPostCounts,
  addUpStatistics,
  listWorkers,
  readDayFigures,
  readInstallationFigures,
  readPostCounts,
  readStatistics,
  type Database,
  type DayFigures,
  type InstallationFigures,
  type MinuteStatistic,
  type PostCount,
  type WorkerRecord,
} from "@punctual/db";
import type { DeliveryProducer, PublishProducer, QueueDepth, RedisVerdict } from "@punctual/queue";
import { withinMs } from "@punctual/runtime";

export interface InstallationFacts {
  figures: InstallationFigures;
  counts: PostCount[];
  day: DayFigures;
  /** Heard of within ten minutes. */
  workers: WorkerRecord[];
  /** Of the last minutes, see `recentMinutes`. */
  recent: { lateness: LatenessSummary; platforms: RecentPlatform[] };
  redis: RedisVerdict;
  /** Null: Redis does not answer. */
  queues: QueueDepth[] | null;
}

export interface RecentPlatform {
  platform: string;
  published: number;
  /** Attempts that ended in a failure, by category. */
  failures: Map<string, number>;
}

export interface FactsReader {
  /** Rejects if Postgres does not answer. */
  read(): Promise<InstallationFacts>;
}

export interface FactsReaderDeps {
  database: Database;
  producer: PublishProducer;
  preparations?: PublishProducer | undefined;
  deliveries: DeliveryProducer;
}

export const recentMinutes = 15;
const workersHeardMs = 600_000;
/** For all that is asked of Redis, once it said that it is there. */
const redisTimeoutMs = 1_000;
/** Added up by a reading; what is beyond that is added up by the next, or by workers. */
const changesMax = 5_000;
const eventsMax = 2_000;

export function createFactsReader(
  deps: FactsReaderDeps,
  options: { /** A reading is used again for so long, in milliseconds. */ keptMs: number },
): FactsReader {
  let latest: { at: number; facts: Promise<InstallationFacts> } | undefined;
  return {
    read() {
      if (latest !== undefined && performance.now() - latest.at < options.keptMs) return latest.facts;
      const reading = { at: performance.now(), facts: readFacts(deps) };
      latest = reading;
      // What failed is asked again by the next who comes.
      reading.facts.catch(() => {
        if (latest === reading) latest = undefined;
      });
      return reading.facts;
    },
  };
}

async function readFacts({
  database,
  producer,
  preparations,
  deliveries,
}: FactsReaderDeps): Promise<InstallationFacts> {
  // Workers do so all the time; but there may be none.
  await Promise.all([addUpPostCounts(database, changesMax), addUpStatistics(database, eventsMax)]);
  const figures = await readInstallationFigures(database, { horizonMs: producer.horizonMs });
  const since = new Date(figures.now.getTime() - recentMinutes * 60_000);
  const [counts, day, workers, statistics, redis] = await Promise.all([
    readPostCounts(database),
    readDayFigures(database),
    listWorkers(database, workersHeardMs),
    readStatistics(database, { kinds: ["lateness", "published", "failure"], since }),
    readRedis([producer, ...(preparations === undefined ? [] : [preparations]), deliveries], producer),
  ]);
  const recent = { lateness: latenessOf(statistics), platforms: platformsOf(statistics) };
  return { figures, counts, day, workers, recent, ...redis };
}

export function latenessOf(
  statistics: readonly Pick<MinuteStatistic, "kind" | "label" | "count" | "maxMs">[],
): LatenessSummary {
  const buckets = statistics.filter(({ kind }) => kind === "lateness");
  return summarizeLateness(
    buckets.map(({ label, count, maxMs }) => ({ bucket: Number(label), count, maxMs: maxMs ?? 0 })),
  );
}

function platformsOf(statistics: readonly MinuteStatistic[]): RecentPlatform[] {
  const platforms = new Map<string, RecentPlatform>();
  for (const { kind, platform, label, count } of statistics) {
    const known = platforms.get(platform) ?? { platform, published: 0, failures: new Map<string, number>() };
    if (kind === "published") known.published += count;
    if (kind === "failure") known.failures.set(label, (known.failures.get(label) ?? 0) + count);
    platforms.set(platform, known);
  }
  return [...platforms.values()];
}

/**
 * What Redis says. One that keeps its connections and answers nothing must not keep anybody waiting, least of all those
 * who ask whether posts go out: they do.
 */
async function readRedis(
  producers: readonly Pick<PublishProducer | DeliveryProducer, "lanes" | "census" | "isReady">[],
  { inspect, isReady }: Pick<PublishProducer, "inspect" | "isReady">,
): Promise<Pick<InstallationFacts, "redis" | "queues">> {
  const away = { redis: { kind: "away" }, queues: null } as const;
  if (!(await isReady())) return away;
  const reading = Promise.all([inspect(), readQueues(producers)]);
  const [redis, queues] = await withinMs(redisTimeoutMs, reading, [away.redis, null] as const);
  return { redis, queues: redis.kind === "away" ? null : queues };
}

/** Null if Redis does not answer. */
async function readQueues(
  producers: readonly Pick<PublishProducer | DeliveryProducer, "lanes" | "census" | "isReady">[],
): Promise<QueueDepth[] | null> {
  try {
    const depths: QueueDepth[] = [];
    for (const { lanes, census, isReady } of producers) {
      if (!(await isReady())) return null;
      depths.push(...(await Promise.all(lanes.map((lane) => census.depth(lane)))));
    }
    return depths;
  } catch {
    return null;
  }
}
