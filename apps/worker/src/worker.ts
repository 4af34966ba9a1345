/** Everything a worker runs, in the order it starts: what is needed first, what takes work last. */
import { defaultRetryPolicy, deliveryLane, queueName, type Platform, type RetryPolicy } from "@punctual/core";
import { lookOut, markEnqueued, openDatabase, overduePosts, type Database } from "@punctual/db";
import { createPlatforms, type Platforms } from "@punctual/platforms";
import { openConsumer, openProducer } from "@punctual/queue";
import {
  createKeyring,
  noTracing,
  queueHorizonMs,
  StartError,
  type Logger,
  type Service,
  type Tracing,
} from "@punctual/runtime";
import { retentionOf, workerLimits, type WorkerConfig } from "./config.ts";
import { createDeliveries } from "./deliveries/deliveries.ts";
import { createRenewer } from "./credentials/renewer.ts";
import { openObservation } from "./health/observation.ts";
import { createConfirmer } from "./maintenance/confirmer.ts";
import { createCredentialKeeper } from "./maintenance/credential-keeper.ts";
import { createForesight } from "./maintenance/foresight.ts";
import { createLookout } from "./maintenance/lookout.ts";
import { createPoller } from "./maintenance/poller.ts";
import { createPruner } from "./maintenance/pruner.ts";
import { createReleaser } from "./maintenance/releaser.ts";
import { createRescuer } from "./maintenance/rescuer.ts";
import { createWatchdog } from "./maintenance/watchdog.ts";
import { shippedParts, type WorkerParts } from "./parts.ts";
import { createPreparing } from "./prepare/preparing.ts";
import { createPublisher } from "./publish/publisher.ts";

export interface WorkerOptions {
  /** Names this process in attempts, leases and logs. */
  name: string;
  redisPrefix?: string;
  retryPolicy?: RetryPolicy;
  platforms?: Platforms;
  parts?: WorkerParts;
  /** Default: no traces are kept. */
  tracing?: Tracing;
  /** Ends the process when it cannot go on; its supervisor starts another. */
  giveUp: (reason: string) => void;
}

export interface Worker {
  database: Database;
  services: Service[];
}

export function createWorker(config: WorkerConfig, options: WorkerOptions, logger: Logger): Worker {
  const { name, retryPolicy = defaultRetryPolicy, parts = shippedParts, tracing = noTracing } = options;
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
    createPlatforms({
      sandboxUrl: config.SANDBOX_URL,
      allowPrivateNetworks: config.ALLOW_PRIVATE_NETWORKS,
      apps: config.registrations,
      logger,
    });
  const platformNames = [...platforms.byName.keys()];
  const producer = openProducer(
    { redisUrl: config.REDIS_URL, platforms: platformNames, horizonMs: queueHorizonMs(config), ...prefix },
    { logger, onEnqueued: (posts) => markEnqueued(database, posts) },
  );
  const keyring = createKeyring(config.ENCRYPTION_KEYS);
  const observation = openObservation();
  const { pulse, meters } = observation;
  const look = () => lookOut(maintenance, { platforms: platformNames });
  const lookout = createLookout({ look, logger, pulse });
  const publisher = createPublisher(
    { database, keyring, logger, parts, meters, tracing },
    { worker: name, retryPolicy },
  );
  const { drainTimeoutMs } = workerLimits;
  const concurrency = config.WORKER_CONCURRENCY;

  const lanes = ownPlatforms(platforms, config.WORKER_PLATFORMS).map((platform) => {
    const consumer = openConsumer(
      { redisUrl: config.REDIS_URL, platform: platform.name, concurrency, drainTimeoutMs, ...prefix },
      { logger, handle: (job) => publisher.publish(platform, job, "job") },
    );
    const services: Service[] = [
      consumer,
      createPoller(
        { concurrency, drainTimeoutMs },
        {
          soonestInMs: ({ postsInMs }) => postsInMs[platform.name] ?? null,
          overdue: (overdueMs, limit) => overduePosts(maintenance, { platform: platform.name, overdueMs, limit }),
          work: (job) => publisher.publish(platform, job, "poller"),
          consumer,
          census: producer.census,
          logger,
          lookout,
          pulse,
        },
      ),
      createWatchdog({ consumer, census: producer.census, logger, pulse, giveUp: options.giveUp }),
    ];
    return { platform: platform.name, consumer, services };
  });

  const preparing = createPreparing(
    {
      redisUrl: config.REDIS_URL,
      platforms: [...platforms.byName.values()],
      ownPlatforms: ownPlatforms(platforms, config.WORKER_PLATFORMS),
      retryPolicy,
      drainTimeoutMs,
      ...prefix,
    },
    { database, maintenance, keyring, logger, lookout, pulse, giveUp: options.giveUp },
  );

  const deliveries = createDeliveries(
    {
      redisUrl: config.REDIS_URL,
      worker: name,
      allowPrivateNetworks: config.ALLOW_PRIVATE_NETWORKS,
      concurrency,
      drainTimeoutMs,
      ...prefix,
    },
    { database, keyring, logger, lookout, pulse, giveUp: options.giveUp },
  );
  const { server, tally, prober, heartbeat } = observation.services(
    {
      name,
      host: config.HOST,
      port: config.WORKER_PORT,
      platforms: lanes.map(({ platform }) => platform),
      concurrency,
    },
    {
      databases: { publishing: database, maintenance },
      lanes: [
        ...lanes.map(({ platform, consumer }) => ({ queue: queueName(platform), consumer, ofPosts: true })),
        ...preparing.consumers.map((lane) => ({ ...lane, ofPosts: false })),
        { queue: deliveryLane, consumer: deliveries.consumer, ofPosts: false },
      ],
      producers: [producer, ...preparing.producers, deliveries.producer],
      producer,
      lookout,
      logger,
    },
  );

  return {
    database,
    services: [
      { start: async () => {}, stop: async () => void (await Promise.all([database.close(), maintenance.close()])) },
      tracing,
      platforms,
      producer,
      server,
      ...preparing.foundation,
      ...deliveries.foundation,
      together([
        parts.createStager({ database: maintenance, producer, logger, lookout, pulse }),
        parts.createRebuilder(
          { platforms: platformNames, holder: name },
          { database: maintenance, producer, logger, lookout, pulse, raiseGenerations: parts.raiseGenerations },
        ),
        createReleaser({ database: maintenance, producer, logger, pulse }),
        createRescuer({ database: maintenance, platforms: platforms.byName, retryPolicy, logger, lookout, pulse }),
        createConfirmer({ database: maintenance, platforms: platforms.byName, keyring, logger, lookout, pulse }),
        createCredentialKeeper({
          database: maintenance,
          platforms: platforms.byName,
          keyring,
          renewer: createRenewer({ database: maintenance, keyring, logger }),
          logger,
          pulse,
        }),
        createForesight({ database: maintenance, platforms: platforms.byName, keyring, logger, pulse }),
        createPruner({ holder: name, retention: retentionOf(config) }, { database: maintenance, logger, pulse }),
        tally,
        prober,
        heartbeat,
        ...preparing.maintenance,
        ...deliveries.maintenance,
      ]),
      together([...lanes.flatMap(({ services }) => services), ...preparing.lanes, ...deliveries.lane], () => {
        publisher.release();
        preparing.release();
        heartbeat.announceStop();
      }),
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

/** Services that stop at the same time: each may take its time to drain, and a process has one grace period for all. */
function together(services: readonly Service[], beforeStop = () => {}): Service {
  return {
    start: async () => void (await Promise.all(services.map((service) => service.start()))),
    async stop() {
      beforeStop();
      await Promise.all(services.map((service) => service.stop()));
    },
  };
}
