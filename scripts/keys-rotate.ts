/**
 * `npm run keys:rotate`: seals all credentials and secrets in the database at DATABASE_URL under the first of
 * ENCRYPTION_KEYS. Everything may run meanwhile, and it may be broken off and repeated. When it has said that nothing
 * is left, and every process knows the new first key, the old keys can go.
 */
import path from "node:path";
import { databaseFaults, openDatabase, resealSecrets } from "@punctual/db";
import { createKeyring, createLogger, readConfig, runMain, StartError } from "@punctual/runtime";
import { loadEnvFile } from "./env-file.ts";

await runMain(async () => {
  loadEnvFile(path.dirname(import.meta.dirname));
  const config = readConfig(["DATABASE_URL", "DATABASE_POOLED", "ENCRYPTION_KEYS"]);
  const database = openDatabase(
    {
      url: config.DATABASE_URL,
      pooled: config.DATABASE_POOLED,
      connectionsMax: 1,
      applicationName: "punctual-keys-rotate",
    },
    { logger: createLogger("keys-rotate", "silent") },
  );
  try {
    const faults = await databaseFaults(database).catch((error: unknown) => {
      throw new StartError("Postgres does not answer at DATABASE_URL.", { cause: error });
    });
    if (faults.length > 0) throw new StartError(faults.join("\n"));
    const { resealed, unreadable } = await resealSecrets(database, createKeyring(config.ENCRYPTION_KEYS));
    console.log(`Sealed under the first key now: ${resealed}.`);
    if (unreadable.length === 0) {
      console.log("Nothing is left under another key.");
      return;
    }
    const lines = unreadable.map(({ table, column, id }) => `  ${table} ${id} (${column})`);
    throw new StartError(`None of ENCRYPTION_KEYS opens these, they were left as they are:\n${lines.join("\n")}`);
  } finally {
    await database.close();
  }
});
