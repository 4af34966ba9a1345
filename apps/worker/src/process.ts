/** A worker process: takes due posts and publishes them, and heals what others left behind. Run as many as you like. */
import { hostname } from "node:os";
import { waitForDatabase } from "@punctual/db";
import { inspectRedis } from "@punctual/queue";
import { createLogger, openTracing, programVersion, runProcess, StartError } from "@punctual/runtime";
import { readWorkerConfig, workerLimits } from "./config.ts";
import { createWorker } from "./worker.ts";

export async function runWorker(): Promise<void> {
  const config = readWorkerConfig();
  const logger = createLogger("worker", config.LOG_LEVEL);
  const giveUp = (reason: string) => {
    logger.fatal({ reason }, "the worker cannot go on");
    process.exit(1);
  };
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  const tracing = await openTracing({ endpoint, service: "worker", version: programVersion() });
  const worker = createWorker(config, { name: `${hostname()}-${process.pid}`, tracing, giveUp }, logger);

  // Redis may be away: due posts are then claimed straight from Postgres.
  const [faults, redis] = await Promise.all([
    waitForDatabase(worker.database, logger),
    inspectRedis(config.REDIS_URL, logger),
  ]);
  if (redis.kind === "unfit") faults.push(...redis.reasons);
  if (faults.length > 0) throw new StartError(faults.join("\n"));

  await runProcess({ logger, services: worker.services, graceMs: workerLimits.graceMs });
}
