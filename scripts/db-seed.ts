/**
 * `npm run db:seed`: demo data for the database at DATABASE_URL, and a key to use it with, shown once. Seeding again
 * changes nothing; `npm run db:seed -- --new-key` makes another key.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { databaseFaults, demoApiKey, demoIds, openDatabase, seedDemo, SeedError } from "@punctual/db";
import { createKeyring, createLogger, readConfig, runMain, StartError } from "@punctual/runtime";
import { demoAccounts } from "./demo-accounts.ts";
import { loadEnvFile } from "./env-file.ts";

await runMain(async () => {
  loadEnvFile(path.dirname(import.meta.dirname));
  const { values } = parseArgs({ options: { "new-key": { type: "boolean", default: false } } });
  const config = readConfig(["DATABASE_URL", "ENCRYPTION_KEYS"]);
  const database = openDatabase(
    { url: config.DATABASE_URL, pooled: false, connectionsMax: 1, applicationName: "punctual-seed" },
    { logger: createLogger("seed", "silent") },
  );
  try {
    const faults = await databaseFaults(database).catch((error: unknown) => {
      throw new StartError("Postgres does not answer at DATABASE_URL.", { cause: error });
    });
    if (faults.length > 0) throw new StartError(faults.join("\n"));
    const accounts = await seedDemo(database, createKeyring(config.ENCRYPTION_KEYS), demoAccounts()).catch(
      (error: unknown) => {
        throw error instanceof SeedError ? new StartError(error.message, { cause: error }) : error;
      },
    );
    console.log(`Demo company ${demoIds.company} with sandbox accounts:`);
    for (const { platform, id } of accounts) console.log(`  ${id}  ${platform}`);
    const hasKey = (await database.prisma.apiKey.count({ where: { companyId: demoIds.company, revokedAt: null } })) > 0;
    if (hasKey && !values["new-key"]) {
      console.log("It has an API key, which was shown when it was made; `npm run db:seed -- --new-key` makes another.");
      return;
    }
    const { key } = await demoApiKey(database, undefined);
    console.log(`API key, shown only now: ${key}`);
  } finally {
    await database.close();
  }
});
