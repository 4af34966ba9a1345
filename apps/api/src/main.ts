/** The API process: accepts posts over HTTP, stores them, and nudges the queue. Run as many as you like. */
import {
  databaseFaults,
  isDatabaseUnavailable,
  markDeliveriesEnqueued,
  markEnqueued,
  openDatabase,
  type Database,
} from "@punctual/db";
import { createPlatforms } from "@punctual/platforms";
import { inspectRedis, openDeliveryProducer, openProducer } from "@punctual/queue";
import { createKeyring, createLogger, runMain, runProcess, StartError, type Logger } from "@punctual/runtime";
import { setTimeout as pause } from "node:timers/promises";
import { buildApp } from "./app.ts";
import { apiLimits, readApiConfig } from "./config.ts";
import { createServer } from "./server.ts";

await runMain(async () => {
  const config = readApiConfig();
  const logger = createLogger("api", config.LOG_LEVEL);
  const database = openDatabase(
    {
      url: config.DATABASE_URL,
      pooled: config.DATABASE_POOLED,
      connectionsMax: apiLimits.databaseConnectionsMax,
      applicationName: "punctual-api",
    },
    { logger },
  );

  // Redis may be away: posts are accepted without it. One that would lose keys silently is refused.
  const [faults, redis] = await Promise.all([
    waitForDatabase(database, logger),
    inspectRedis(config.REDIS_URL, logger),
  ]);
  if (redis.kind === "unfit") faults.push(...redis.reasons);
  if (faults.length > 0) throw new StartError(faults.join("\n"));

  const platforms = createPlatforms({
    sandboxUrl: config.SANDBOX_URL,
    allowPrivateNetworks: config.ALLOW_PRIVATE_NETWORKS,
  });
  const producer = openProducer(
    { redisUrl: config.REDIS_URL, platforms: [...platforms.byName.keys()] },
    { logger, onEnqueued: (posts) => markEnqueued(database, posts) },
  );
  const deliveries = openDeliveryProducer(
    { redisUrl: config.REDIS_URL },
    { logger, onEnqueued: (jobs) => markDeliveriesEnqueued(database, jobs) },
  );
  const keyring = createKeyring(config.ENCRYPTION_KEYS);
  const app = await buildApp(
    { database, producer, deliveries, platforms: platforms.byName, keyring, logger },
    {
      operatorPassword: config.OPERATOR_PASSWORD,
      viewerPassword: config.VIEWER_PASSWORD,
      publicUrl: config.PUBLIC_URL,
      boardWritable: config.BULL_BOARD_WRITABLE,
      allowPrivateNetworks: config.ALLOW_PRIVATE_NETWORKS,
    },
  );
  const server = createServer(
    { host: config.HOST, port: config.PORT, drainTimeoutMs: apiLimits.drainTimeoutMs },
    app,
    logger,
  );
  await runProcess({
    logger,
    services: [{ start: async () => {}, stop: () => database.close() }, platforms, producer, deliveries, server],
    graceMs: apiLimits.graceMs,
  });
});

/** What is wrong with the database, once it answers: at a common start it may come up after us. */
async function waitForDatabase(database: Database, logger: Logger): Promise<string[]> {
  const deadline = performance.now() + apiLimits.databaseWaitMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await databaseFaults(database);
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
      if (performance.now() > deadline) {
        throw new StartError("Postgres does not answer at DATABASE_URL.", { cause: error });
      }
      if (tries === 0) logger.warn({ err: error }, "Postgres does not answer yet");
      await pause(500);
    }
  }
}
