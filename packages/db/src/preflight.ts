/** What we refuse to run on: a Postgres that may lose what it has acknowledged, or one without our schema. */
import { setTimeout as pause } from "node:timers/promises";
import { StartError, type Logger } from "@punctual/runtime";
import type { Database } from "./database.ts";
import { missingMigrations } from "./migrate.ts";
import { isDatabaseUnavailable } from "./unavailable.ts";

interface Settings {
  fsync: string;
  synchronousCommit: string;
  serverVersion: number;
  timeZone: string;
  database: string;
}

const serverVersionMin = 140_000;
const namesOfUtc = /^(etc\/)?(utc|uct|gmt|zulu|universal|greenwich)$/i;

/** How long a start waits for Postgres, in milliseconds: at a common start it may come up after us. */
const databaseWaitMs = 10_000;
const databaseRetryMs = 500;

/**
 * What is wrong with the database, once it answers.
 *
 * @throws {StartError} if it does not answer in time
 */
export async function waitForDatabase(database: Database, logger: Logger): Promise<string[]> {
  const deadline = performance.now() + databaseWaitMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await databaseFaults(database);
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
      if (performance.now() > deadline) {
        throw new StartError("Postgres does not answer at DATABASE_URL.", { cause: error });
      }
      if (tries === 0) logger.warn({ err: error }, "Postgres does not answer yet");
      await pause(databaseRetryMs);
    }
  }
}

/** @returns one sentence per fault, each naming the setting; empty when all is well. Rejects if Postgres is away. */
export async function databaseFaults(database: Database): Promise<string[]> {
  const [settings] = await database.prisma.$queryRaw<[Settings]>`
    SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS "synchronousCommit",
           current_setting('server_version_num')::integer AS "serverVersion",
           current_setting('TimeZone') AS "timeZone", quote_ident(current_database()) AS database`;
  const faults: string[] = [];
  if (settings.serverVersion < serverVersionMin) {
    faults.push(`PostgreSQL ${Math.floor(settings.serverVersion / 10_000)} is too old: 14 or newer is needed.`);
  }
  if (settings.fsync !== "on") faults.push("PostgreSQL may lose accepted posts: set fsync to on.");
  if (settings.synchronousCommit === "off") {
    faults.push("PostgreSQL may lose accepted posts: set synchronous_commit to on.");
  }
  if (!namesOfUtc.test(settings.timeZone)) {
    const remedy = `ALTER DATABASE ${settings.database} SET timezone TO 'UTC'`;
    faults.push(
      `PostgreSQL answers in the time zone ${settings.timeZone}: every instant would be read wrong; \`${remedy}\`.`,
    );
  }
  faults.push(...(await schemaFaults(database)));
  return faults;
}

/** Whether the schema fits this version of the program. Rejects if Postgres is away. */
export async function schemaFaults(database: Database): Promise<string[]> {
  const [{ hasHistory }] = await database.prisma.$queryRaw<[{ hasHistory: boolean }]>`
    SELECT to_regclass('_prisma_migrations') IS NOT NULL AS "hasHistory"`;
  const missing = hasHistory
    ? await missingMigrations((sql) => database.prisma.$queryRawUnsafe(sql))
    : ["all migrations"];
  return missing.length === 0 ? [] : [`The database lacks ${missing.join(", ")}: run \`npm run db:migrate\`.`];
}
