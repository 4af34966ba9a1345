/** How much of everything: enough for numbers that mean something, or just enough to see that it works. */

export type Sizes = typeof fullSizes;

export const fullSizes = {
  scheduling: { connections: 50, warmUpMs: 2_000, durationMs: 5_000 },
  bulks: { warmUp: 3, measured: 20, posts: 1_000, inFlight: 2 },
  drain: { posts: 10_000, warmUp: 1_000 },
  workers: 2,
  workerConcurrency: 100,
  lateness: { perSecond: 20, seconds: 20 },
  latenessBusy: { perSecond: 500, seconds: 10 },
  redisMemory: { posts: 10_000 },
  backlog: { few: 1_000, many: 1_000_000, claims: 300, sweeps: 20, durationMs: 4_000 },
  frozenRedis: { durationMs: 5_000 },
  lostRedis: { posts: 100_000 },
  idle: { settleMs: 45_000, durationMs: 20_000 },
  costs: { posts: 1_000, watchMs: 5_000 },
};

export const quickSizes: Sizes = {
  scheduling: { connections: 10, warmUpMs: 200, durationMs: 500 },
  bulks: { warmUp: 1, measured: 3, posts: 100, inFlight: 2 },
  drain: { posts: 200, warmUp: 20 },
  workers: 1,
  workerConcurrency: 100,
  lateness: { perSecond: 20, seconds: 1 },
  latenessBusy: { perSecond: 100, seconds: 1 },
  redisMemory: { posts: 200 },
  backlog: { few: 100, many: 2_000, claims: 20, sweeps: 2, durationMs: 300 },
  frozenRedis: { durationMs: 300 },
  lostRedis: { posts: 2_000 },
  idle: { settleMs: 200, durationMs: 1_000 },
  costs: { posts: 50, watchMs: 500 },
};
