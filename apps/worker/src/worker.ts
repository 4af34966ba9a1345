/** Everything a worker runs, in the order it starts: what is needed first, what takes work last. */
import { defaultRetryPolicy, type RetryPolicy } from "@punctual/core";
import { markEnqueued, openDatabase, type Database } from "@punctual/db";
import { createPlatforms, type Platforms } from "@punctual/platforms";
import { openConsumer, openProducer } from "@punctual/queue";
import { createKeyring, StartError, type Logger, type Service } from "@punctual/runtime";
import { workerLimits, type WorkerConfig } from "./config.ts";
import { createHealthServer } from "./health-server.ts";
import { createRescuer } from "./maintenance/rescuer.ts";
import { createStager } from "./maintenance/stager.ts";
import { createPublisher } from "./publish/publisher.ts";

export interface WorkerOptions {
  /** Names this process in attempts and logs. */
  name: string;
  redisPrefix?: string;
  retryPolicy?: RetryPolicy;
}

export interface Worker {
  database: Database;
  services: Service[];
}

export function createWorker(config: WorkerConfig, options: WorkerOptions, logger: Logger): Worker {
  const { name, retryPolicy = defaultRetryPolicy } = options;
  const prefix = options.redisPrefix === undefined ? {} : { prefix: options.redisPrefix };
  const database = openDatabase(
    {
      url: config.DATABASE_URL,
      pooled: config.DATABASE_POOLED,
      connectionsMax: workerLimits.databaseConnectionsMax,
      applicationName: "punctual-worker",
    },
    { logger },
  );
  const platforms = createPlatforms({
    sandboxUrl: config.SANDBOX_URL,
    allowPrivateNetworks: config.ALLOW_PRIVATE_NETWORKS,
  });
  const producer = openProducer(
    { redisUrl: config.REDIS_URL, platforms: [...platforms.byName.keys()], ...prefix },
    { logger, onEnqueued: (posts) => markEnqueued(database, posts) },
  );
  const publisher = createPublisher(
    { database, keyring: createKeyring(config.ENCRYPTION_KEYS), platforms: platforms.byName, logger },
    { worker: name, retryPolicy, leaseMarginMs: workerLimits.leaseMarginMs },
  );
  const consumers = ownPlatforms(platforms, config.WORKER_PLATFORMS).map((platform) =>
    openConsumer(
      {
        redisUrl: config.REDIS_URL,
        platform: platform.name,
        concurrency: config.WORKER_CONCURRENCY,
        drainTimeoutMs: workerLimits.drainTimeoutMs,
        ...prefix,
      },
      { logger, handle: (job) => publisher.publish(platform, job) },
    ),
  );

  return {
    database,
    services: [
      { start: async () => {}, stop: () => database.close() },
      platforms,
      producer,
      createHealthServer({ host: config.HOST, port: config.WORKER_PORT }, { database, producer, logger }),
      createStager({ database, producer, logger }),
      createRescuer({ database, platforms: platforms.byName, retryPolicy, logger }),
      { start: () => each(consumers, "start"), stop: () => each(consumers, "stop") },
    ],
  };
}

/** @throws {StartError} naming a platform that does not exist */
function ownPlatforms({ byName }: Platforms, wanted: string | undefined) {
  if (wanted === undefined) return [...byName.values()];
  return wanted.split(",").map((name) => {
    const platform = byName.get(name);
    if (platform === undefined) {
      throw new StartError(`WORKER_PLATFORMS names ${name}; there are: ${[...byName.keys()].join(", ")}.`);
    }
    return platform;
  });
}

async function each(services: readonly Service[], step: "start" | "stop"): Promise<void> {
  await Promise.all(services.map((service) => service[step]()));
}
