/**
 * `npm run db:migrate`: brings the database at DATABASE_URL up to date. Safe to run from any number of places at once.
 * Give it a direct connection, not one through a transaction pooler.
 */
import path from "node:path";
import { migrate, MigrationError } from "@punctual/db";
import { readConfig, runMain, StartError } from "@punctual/runtime";
import { loadEnvFile } from "./env-file.ts";

await runMain(async () => {
  loadEnvFile(path.dirname(import.meta.dirname));
  const { DATABASE_URL: url } = readConfig(["DATABASE_URL"]);
  const applied = await migrate(url).catch((error: unknown) => {
    if (error instanceof MigrationError) throw new StartError(error.message, { cause: error });
    throw new StartError(`The database at DATABASE_URL cannot be used: ${(error as Error).message}`, { cause: error });
  });
  for (const name of applied) console.log(`applied ${name}`);
  console.log(
    applied.length === 0
      ? "The database is up to date."
      : `The database is up to date now (${applied.length} applied).`,
  );
});
