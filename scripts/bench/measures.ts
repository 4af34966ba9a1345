/** All measures, in the order of the table. */
import type { Measure } from "./measure.ts";
import { backlog } from "./measures/backlog.ts";
import { bulkScheduling } from "./measures/bulk-scheduling.ts";
import { costs } from "./measures/costs.ts";
import { frozenRedis } from "./measures/frozen-redis.ts";
import { idle } from "./measures/idle.ts";
import { lostRedis } from "./measures/lost-redis.ts";
import { publishing } from "./measures/publishing.ts";
import { redisMemory } from "./measures/redis-memory.ts";
import { scheduling } from "./measures/scheduling.ts";

export const measures: readonly Measure[] = [
  scheduling,
  bulkScheduling,
  publishing,
  redisMemory,
  backlog,
  frozenRedis,
  lostRedis,
  idle,
  costs,
];
