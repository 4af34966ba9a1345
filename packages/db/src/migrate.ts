/**
 * Applies the SQL under prisma/migrations. Layout, checksums and the `_prisma_migrations` table are Prisma's own, so
 * `prisma migrate deploy` and this agree; the engine it would need is not, so a runtime image stays small and works
 * offline. All pending migrations commit together or not at all; the advisory lock is the one Prisma takes, so any
 * number of processes may migrate at once.
 */
import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";

/** Of Prisma's schema engine, `MIGRATION_LOCK_KEY`. */
const advisoryLockKey = 72_707_369;

const defaultDirectory = fileURLToPath(new URL("../../../prisma/migrations", import.meta.url));

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

/** The migrations and the database disagree; nothing was changed. */
export class MigrationError extends Error {
  override name = "MigrationError";
}

/**
 * Brings a database up to date.
 *
 * @param url direct connection, not through a transaction pooler
 * @returns the names of the migrations applied now
 * @throws {MigrationError} if an applied migration was changed, failed before, or is unknown here
 */
export async function migrate(url: string, directory: string = defaultDirectory): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const client = new pg.Client({ connectionString: url, application_name: "punctual-migrate" });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock($1)", [advisoryLockKey]);
    await client.query(historyTable);
    const pending = await pendingMigrations(client, migrations);
    for (const migration of pending) await apply(client, migration);
    await client.query("COMMIT");
    return pending.map(({ name }) => name);
  } finally {
    // An open transaction ends with its connection.
    await client.end();
  }
}

/** Names of migrations of this program that a database lacks; empty when it fits. */
export async function missingMigrations(
  query: (sql: string) => Promise<readonly { migration_name: string }[]>,
  directory: string = defaultDirectory,
): Promise<string[]> {
  const rows = await query(
    "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
  );
  const applied = new Set(rows.map((row) => row.migration_name));
  return (await readMigrations(directory)).map(({ name }) => name).filter((name) => !applied.has(name));
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const sql = await readFile(path.join(directory, name, "migration.sql"), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

async function pendingMigrations(client: pg.Client, migrations: readonly Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    "SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL",
  );
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of rows) {
    const migration = known.get(row.migration_name);
    if (migration === undefined) {
      throw new MigrationError(
        `The database has migration ${row.migration_name}, which this version does not know: it was migrated by a newer one.`,
      );
    }
    if (row.finished_at === null) {
      throw new MigrationError(
        `Migration ${row.migration_name} failed before and was not resolved; see \`prisma migrate resolve\`.`,
      );
    }
    if (row.checksum !== migration.checksum) {
      throw new MigrationError(`Migration ${row.migration_name} was changed after it had been applied.`);
    }
  }
  const applied = new Set(rows.map((row) => row.migration_name));
  return migrations.filter(({ name }) => !applied.has(name));
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  const startedAt = new Date();
  try {
    await client.query(sql);
  } catch (error) {
    throw new MigrationError(`Migration ${name} failed: ${(error as Error).message}`, { cause: error });
  }
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
    [randomUUID(), checksum, name, startedAt],
  );
}

// Word for word what Prisma creates.
const historyTable = `
CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id                  varchar(36) PRIMARY KEY NOT NULL,
  checksum            varchar(64) NOT NULL,
  finished_at         timestamptz,
  migration_name      varchar(255) NOT NULL,
  logs                text,
  rolled_back_at      timestamptz,
  started_at          timestamptz NOT NULL DEFAULT now(),
  applied_steps_count integer NOT NULL DEFAULT 0
)`;
