/** Everything an API process runs, in the order it starts: what is needed first, the server last. */
import { markDeliveriesEnqueued, markEnqueued, openDatabase, type Database } from "@punctual/db";
import { createPlatforms, type Platforms } from "@punctual/platforms";
import { openDeliveryProducer, openPrepareProducer, openProducer, openSharedCounts } from "@punctual/queue";
import {
  createKeyring,
  openTracing,
  programVersion,
  queueHorizonMs,
  type Logger,
  type Service,
} from "@punctual/runtime";
import { buildApp } from "./app.ts";
import { apiLimits, type ApiConfig } from "./config.ts";
import { createKeyRates, keyWindowMs } from "./rate-limits/key-limit.ts";
import { createRateExchange } from "./rate-limits/rate-exchange.ts";
import { createServer } from "./server.ts";

export interface ApiOptions {
  platforms?: Platforms;
}

export interface Api {
  database: Database;
  /** Only once the database is known to fit. */
  services(): Promise<Service[]>;
}

export function createApi(config: ApiConfig, options: ApiOptions, logger: Logger): Api {
  const database = openDatabase(
    {
      url: config.DATABASE_URL,
      pooled: config.DATABASE_POOLED,
      connectionsMax: apiLimits.databaseConnectionsMax,
      applicationName: "punctual-api",
    },
    { logger },
  );

  async function services(): Promise<Service[]> {
    const platforms =
      options.platforms ??
      createPlatforms({
        sandboxUrl: config.SANDBOX_URL,
        allowPrivateNetworks: config.ALLOW_PRIVATE_NETWORKS,
        apps: config.registrations,
        logger,
      });
    const producer = openProducer(
      {
        redisUrl: config.REDIS_URL,
        platforms: [...platforms.byName.keys()],
        horizonMs: queueHorizonMs(config),
      },
      { logger, onEnqueued: (posts) => markEnqueued(database, posts) },
    );
    const prepares = [...platforms.byName.values()].filter(({ prepare }) => prepare !== undefined);
    const preparations = openPrepareProducer(
      { redisUrl: config.REDIS_URL, platforms: prepares.map(({ name }) => name) },
      { logger },
    );
    const deliveries = openDeliveryProducer(
      { redisUrl: config.REDIS_URL },
      { logger, onEnqueued: (jobs) => markDeliveriesEnqueued(database, jobs) },
    );
    const keyRates = createKeyRates(config.RATE_LIMIT_PER_MINUTE, apiLimits.keysRememberedMax);
    const counts = openSharedCounts(
      { redisUrl: config.REDIS_URL, prefix: "punctual:requests", keptMs: 2 * keyWindowMs },
      { logger },
    );
    const rates = createRateExchange(
      { intervalMs: apiLimits.rateExchangeIntervalMs },
      { window: keyRates.window, counts },
    );
    const keyring = createKeyring(config.ENCRYPTION_KEYS);
    const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
    const tracing = await openTracing({ endpoint, service: "api", version: programVersion() });
    const app = await buildApp(
      { database, producer, preparations, deliveries, platforms: platforms.byName, keyring, keyRates, tracing, logger },
      {
        operatorPassword: config.OPERATOR_PASSWORD,
        viewerPassword: config.VIEWER_PASSWORD,
        publicUrl: config.PUBLIC_URL,
        boardWritable: config.BULL_BOARD_WRITABLE,
        allowPrivateNetworks: config.ALLOW_PRIVATE_NETWORKS,
        trustedProxies: config.TRUSTED_PROXIES,
      },
    );
    const server = createServer(
      { host: config.HOST, port: config.PORT, drainTimeoutMs: apiLimits.drainTimeoutMs },
      app,
      logger,
    );
    return [
      { start: async () => {}, stop: () => database.close() },
      tracing,
      platforms,
      producer,
      preparations,
      deliveries,
      counts,
      rates,
      server,
    ];
  }

  return { database, services };
}
