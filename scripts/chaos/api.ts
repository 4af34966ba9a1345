/** The API as chaos runs it: the real application, on the chaos platforms. Everything from the environment. */
import { markDeliveriesEnqueued, markEnqueued, openDatabase } from "@punctual/db";
import { openDeliveryProducer, openProducer } from "@punctual/queue";
import { createKeyring, createLogger, runMain, runProcess } from "@punctual/runtime";
import { buildApp } from "../../apps/api/src/app.ts";
import { apiLimits, readApiConfig } from "../../apps/api/src/config.ts";
import { createServer } from "../../apps/api/src/server.ts";
import { createChaosPlatforms } from "./platforms/registry.ts";

await runMain(async () => {
  const [name = "api"] = process.argv.slice(2);
  const config = readApiConfig();
  const logger = createLogger(name, config.LOG_LEVEL);
  const database = openDatabase(
    {
      url: config.DATABASE_URL,
      pooled: config.DATABASE_POOLED,
      connectionsMax: apiLimits.databaseConnectionsMax,
      applicationName: "punctual-api",
    },
    { logger },
  );
  const platforms = createChaosPlatforms(config.SANDBOX_URL ?? "");
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
