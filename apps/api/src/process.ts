/** The API process: accepts posts over HTTP, stores them, and nudges the queue. Run as many as you like. */
import { waitForDatabase } from "@punctual/db";
import { inspectRedis } from "@punctual/queue";
import { createLogger, runProcess, StartError } from "@punctual/runtime";
import { createApi } from "./api.ts";
import { apiLimits, readApiConfig } from "./config.ts";

export async function runApi(): Promise<void> {
  const config = readApiConfig();
  const logger = createLogger("api", config.LOG_LEVEL);
  const api = createApi(config, {}, logger);

  // Redis may be away: posts are accepted without it. One that would lose keys silently is refused.
  const [faults, redis] = await Promise.all([
    waitForDatabase(api.database, logger),
    inspectRedis(config.REDIS_URL, logger),
  ]);
  if (redis.kind === "unfit") faults.push(...redis.reasons);
  if (faults.length > 0) throw new StartError(faults.join("\n"));

  await runProcess({ logger, services: await api.services(), graceMs: apiLimits.graceMs });
}
