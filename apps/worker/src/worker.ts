/** Everything a worker runs, in the order it starts: what is needed first, what takes work last. */
import { defaultRetryPolicy, type Platform, type RetryPolicy } from "@punctual/core";
import { markEnqueued, openDatabase, overduePosts, type Database } from "@punctual/db";
import { createPlatforms, type Platforms } from "@punctual/platforms";
import { openConsumer, openProducer } from "@punctual/queue";
import { createKeyring, StartError, type Logger, type Service } from "@punctual/runtime";
import { workerLimits, type WorkerConfig } from "./config.ts";
import { createDeliveries } from "./deliveries/deliveries.ts";
import { createRenewer } from "./credentials/renewer.ts";
import { createHealthServer } from "./health-server.ts";
import { createConfirmer } from "./maintenance/confirmer.ts";
import { createCredentialKeeper } from "./maintenance/credential-keeper.ts";
import { createPoller } from "./maintenance/poller.ts";
import { createPruner } from "./maintenance/pruner.ts";
import { createReleaser } from "./maintenance/releaser.ts";
import { createRescuer } from "./maintenance/rescuer.ts";
import { createWatchdog } from "./maintenance/watchdog.ts";
import { shippedParts, type WorkerParts } from "./parts.ts";
import { createPublisher } from "./publish/publisher.ts";

export interface WorkerOptions {
  /** Names this process in attempts, leases and logs. */
  name: string;
  redisPrefix?: string;
  retryPolicy?: RetryPolicy;
  platforms?: Platforms;
  parts?: WorkerParts;
  /** Ends the process when it cannot go on; its supervisor starts another. */
  giveUp: (reason: string) => void;
}

export interface Worker {
  database: Database;
  services: Service[];
}

export function createWorker(config: WorkerConfig, options: WorkerOptions, logger: Logger): Worker {
  const { name, retryPolicy = defaultRetryPolicy, parts = shippedParts } = options;
  const prefix = options.redisPrefix === undefined ? {} : { prefix: options.redisPrefix };
  const open = (connectionsMax: number, applicationName: string) =>
    openDatabase(
      { url: config.DATABASE_URL, pooled: config.DATABASE_POOLED, connectionsMax, applicationName },
      { logger },
    );
  const database = open(workerLimits.databaseConnectionsMax, "punctual-worker");
  // Connections of its own: healing must not queue behind the posts it is there for.
  const maintenance = open(workerLimits.maintenanceConnectionsMax, "punctual-maintenance");
  const platforms =
    options.platforms ??
    createPlatforms({ sandboxUrl: config.SANDBOX_URL, allowPrivateNetworks: config.ALLOW_PRIVATE_NETWORKS, logger });
  const platformNames = [...platforms.byName.keys()];
  const producer = openProducer(
    { redisUrl: config.REDIS_URL, platforms: platformNames, ...prefix },
    { logger, onEnqueued: (posts) => markEnqueued(database, posts) },
  );
  const keyring = createKeyring(config.ENCRYPTION_KEYS);
  const publisher = createPublisher({ database, keyring, logger, parts }, { worker: name, retryPolicy });
  const { drainTimeoutMs } = workerLimits;
  const concurrency = config.WORKER_CONCURRENCY;

  const lanes = ownPlatforms(platforms, config.WORKER_PLATFORMS).map((platform): Service[] => {
    const consumer = openConsumer(
      { redisUrl: config.REDIS_URL, platform: platform.name, concurrency, drainTimeoutMs, ...prefix },
      { logger, handle: (job) => publisher.publish(platform, job, "job") },
    );
    return [
      consumer,
      createPoller(
        { concurrency, drainTimeoutMs },
        {
          overdue: (overdueMs, limit) => overduePosts(maintenance, { platform: platform.name, overdueMs, limit }),
          work: (job) => publisher.publish(platform, job, "poller"),
          consumer,
          census: producer.census,
          logger,
        },
      ),
      createWatchdog({ consumer, census: producer.census, logger, giveUp: options.giveUp }),
    ];
  });

  const deliveries = createDeliveries(
    {
      redisUrl: config.REDIS_URL,
      worker: name,
      allowPrivateNetworks: config.ALLOW_PRIVATE_NETWORKS,
      concurrency,
      drainTimeoutMs,
      ...prefix,
    },
    { database, keyring, logger, giveUp: options.giveUp },
  );

  return {
    database,
    services: [
      { start: async () => {}, stop: async () => void (await Promise.all([database.close(), maintenance.close()])) },
      platforms,
      producer,
      createHealthServer({ host: config.HOST, port: config.WORKER_PORT }, { database: maintenance, producer, logger }),
      parts.createStager({ database: maintenance, producer, logger }),
      parts.createRebuilder(
        { platforms: platformNames, holder: name },
        { database: maintenance, producer, logger, raiseGenerations: parts.raiseGenerations },
      ),
      createReleaser({ database: maintenance, producer, logger }),
      createRescuer({ database: maintenance, platforms: platforms.byName, retryPolicy, logger }),
      createConfirmer({ database: maintenance, platforms: platforms.byName, keyring, logger }),
      createCredentialKeeper({
        database: maintenance,
        platforms: platforms.byName,
        keyring,
        renewer: createRenewer({ database: maintenance, keyring, logger }),
        logger,
      }),
      createPruner({ holder: name }, { database: maintenance, logger }),
      ...deliveries.foundation,
      together([...lanes.flat(), ...deliveries.lane], () => publisher.release()),
    ],
  };
}

/** @throws {StartError} naming a platform that does not exist */
function ownPlatforms({ byName }: Platforms, wanted: string | undefined): Platform[] {
  if (wanted === undefined) return [...byName.values()];
  return wanted.split(",").map((name) => {
    const platform = byName.get(name);
    if (platform === undefined) {
      throw new StartError(`WORKER_PLATFORMS names ${name}; there are: ${[...byName.keys()].join(", ")}.`);
    }
    return platform;
  });
}

/** Services that stop at the same time: all stop taking work at once, and their running work drains side by side. */
function together(services: readonly Service[], beforeStop: () => void): Service {
  return {
    start: async () => void (await Promise.all(services.map((service) => service.start()))),
    async stop() {
      beforeStop();
      await Promise.all(services.map((service) => service.stop()));
    },
  };
}
