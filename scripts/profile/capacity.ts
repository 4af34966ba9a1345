/**
 * What an installation needs for so many posts a day: measured figures of one post, assumptions about a day, and the
 * formulas between them. docs/capacity.md shows all three; change an assumption there by changing it here.
 */

/** Of one post, as measured. */
export interface PostFigures {
  /** Of one waiting job in Redis. */
  redisBytes: number;
  /** By table: what stays in Postgres of each post, with indexes. */
  tables: readonly { table: string; rows: number; bytes: number }[];
  /** Of one processor, in milliseconds. */
  scheduleMs: { api: number; postgres: number; redis: number };
  publishMs: { worker: number; postgres: number; redis: number };
}

export const assumptions = {
  /** From scheduling to the instant, on average. */
  daysAhead: 7,
  /** With `QUEUE_HORIZON_HOURS`: farther posts have no job in Redis. */
  horizonHours: 24,
  postDays: 400,
  eventDays: 30,
  /** Idempotency records, after the post has ended. */
  idempotencyDays: 1,
  /** Of a day's posts, so many are due, and as many are scheduled, in its busiest hour. */
  busiestHour: 0.1,
  /** Of that hour's posts, so many are due at its full minute ... */
  atTheFullHour: 0.3,
  /** ... and are to be out after so many seconds. */
  outWithinSeconds: 60,
  /** Until a network has answered. */
  networkSeconds: 1,
  /** `WORKER_CONCURRENCY`. */
  concurrency: 50,
  /** A processor is not planned fuller than this. */
  fullness: 0.7,
} as const;

export interface Capacity {
  postsPerDay: number;
  /** Posts a second while the full hour's are sent. */
  burstPerSecond: number;
  /** Requests a second in the busiest hour, one post each. */
  schedulePerSecond: number;
  apiProcesses: number;
  workers: number;
  /** Busy ones at the burst. */
  postgresProcessors: number;
  /** Of the one it can use, as a share; beyond 1 it takes several. */
  redisProcessors: number;
  redisBytes: number;
  redisBytesWithHorizon: number;
  postgresRows: number;
  postgresBytes: number;
}

type Assumptions = Readonly<Record<keyof typeof assumptions, number>>;

export function capacityFor(postsPerDay: number, post: PostFigures, given: Assumptions = assumptions): Capacity {
  const inBusiestHour = postsPerDay * given.busiestHour;
  const burstPerSecond = (inBusiestHour * given.atTheFullHour) / given.outWithinSeconds;
  const schedulePerSecond = inBusiestHour / 3_600;
  const busy = (ms: number, perSecond: number) => (ms * perSecond) / 1_000;
  const processes = (ms: number, perSecond: number) => Math.max(1, Math.ceil(busy(ms, perSecond) / given.fullness));
  const waiting = postsPerDay * given.daysAhead;
  const nearby = postsPerDay * Math.min(given.daysAhead, given.horizonHours / 24);
  const kept = (table: string) => postsPerDay * daysKept(table, given);
  return {
    postsPerDay,
    burstPerSecond,
    schedulePerSecond,
    apiProcesses: processes(post.scheduleMs.api, schedulePerSecond),
    workers: Math.max(
      processes(post.publishMs.worker, burstPerSecond),
      Math.ceil((burstPerSecond * given.networkSeconds) / given.concurrency),
    ),
    postgresProcessors:
      (busy(post.publishMs.postgres, burstPerSecond) + busy(post.scheduleMs.postgres, schedulePerSecond)) /
      given.fullness,
    redisProcessors:
      (busy(post.publishMs.redis, burstPerSecond) + busy(post.scheduleMs.redis, schedulePerSecond)) / given.fullness,
    redisBytes: waiting * post.redisBytes,
    redisBytesWithHorizon: nearby * post.redisBytes,
    postgresRows: post.tables.reduce((sum, { table, rows }) => sum + kept(table) * rows, 0),
    postgresBytes: post.tables.reduce((sum, { table, bytes }) => sum + kept(table) * bytes, 0),
  };
}

/** From scheduling until it is forgotten; what is not named here lives as long as its post. */
function daysKept(table: string, given: Assumptions): number {
  const { daysAhead, postDays, eventDays, idempotencyDays } = given;
  if (table === "events" || table === "webhook_deliveries") return eventDays;
  if (table === "idempotency_records") return daysAhead + idempotencyDays;
  if (table === "posts") return daysAhead + postDays;
  return postDays;
}
