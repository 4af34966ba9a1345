/**
 * Many waiting posts at once: rows like one that the API wrote, far in the future, made in Postgres itself. Their jobs
 * count as enqueued, although Redis has none: for measures in which no worker runs.
 */
import { recountPosts } from "@punctual/db";
import { until } from "@punctual/testing";
import { prepareDatabase, startInstallation, type PreparedDatabase } from "./installation.ts";
import { during } from "./measure.ts";
import type { OwnDatabase, Stage } from "./stage.ts";

const rowsPerStatement = 20_000;
const firstDueInDays = 3;
const spreadDays = 30;
/** Tells these rows from those that a measure adds. */
const fillerGroup = "filler";

/** @returns a database with a tenant and so many waiting posts */
export async function fillDatabase(stage: Stage, count: number): Promise<PreparedDatabase> {
  const prepared = await prepareDatabase(stage);
  const { own } = prepared;
  const model = await during(
    () => startInstallation(stage, { workers: 0, prepared }),
    async ({ schedule }) => {
      const [id = ""] = await schedule([Date.now() + 86_400_000]);
      await until("the first post counts as enqueued", async () => {
        const row = await own.database.prisma.post.findUniqueOrThrow({ where: { id } });
        return row.enqueuedRev === row.revision;
      });
      return id;
    },
  );
  await withoutUpkeep(own, async () => {
    for (let made = 0; made < count; made += rowsPerStatement) {
      const due = `app_now() + interval '${firstDueInDays} days' + (${made} + number) * interval '${spreadDays} days' / ${count}`;
      await copyPost(own, model, { count: Math.min(rowsPerStatement, count - made), due, group: fillerGroup });
    }
  });
  await own.database.prisma.$executeRaw`DELETE FROM posts WHERE id = ${model}::uuid`;
  await vacuum(own);
  return prepared;
}

/** Posts that have been due for a second, like any other of the same database. @returns their ids */
export async function addDuePosts(own: OwnDatabase, count: number): Promise<string[]> {
  const model = await own.database.prisma.post.findFirstOrThrow({ where: { groupId: fillerGroup } });
  return copyPost(own, model.id, { count, due: "app_now() - interval '1 second'", group: null });
}

/** Back to the filling alone. */
export async function removeAdded(own: OwnDatabase): Promise<void> {
  const { prisma } = own.database;
  await prisma.$executeRaw`DELETE FROM attempts`;
  await prisma.$executeRaw`DELETE FROM idempotency_records`;
  await prisma.$executeRaw`DELETE FROM posts WHERE group_id IS DISTINCT FROM ${fillerGroup}`;
  await vacuum(own);
}

/** Every column is the model's but those that must differ, whatever columns there are. */
async function copyPost(
  { database: { prisma } }: OwnDatabase,
  model: string,
  { count, due, group }: { count: number; due: string; group: string | null },
): Promise<string[]> {
  const columns = await prisma.$queryRaw<{ name: string }[]>`
    SELECT column_name AS name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = 'posts' AND is_generated = 'NEVER'`;
  const values: Record<string, string> = {
    id: "uuidv7()",
    scheduled_at: "due",
    next_attempt_at: "due",
    late_at: "due + model.grace_minutes * interval '1 minute'",
    group_id: group === null ? "NULL" : `'${group}'`,
  };
  const names = columns.map(({ name }) => `"${name}"`);
  const rows = await prisma.$queryRawUnsafe<{ id: string }[]>(
    `INSERT INTO posts (${names.join(", ")})
     SELECT ${columns.map(({ name }) => values[name] ?? `model."${name}"`).join(", ")}
     FROM posts AS model, generate_series(1, ${count}) AS number, LATERAL (SELECT ${due} AS due) AS instant
     WHERE model.id = $1::uuid
     ${group === null ? "RETURNING id" : ""}`,
    model,
  );
  return rows.map(({ id }) => id);
}

/** Indexes are made anew and sums put right afterwards, which takes a fraction of keeping them row by row. */
async function withoutUpkeep({ database }: OwnDatabase, work: () => Promise<void>): Promise<void> {
  const { prisma } = database;
  const indexes = await prisma.$queryRaw<{ name: string; definition: string }[]>`
    SELECT index.indexrelid::regclass::text AS name, pg_get_indexdef(index.indexrelid) AS definition
    FROM pg_index AS index WHERE index.indrelid = 'posts'::regclass AND NOT index.indisunique`;
  await prisma.$executeRawUnsafe("ALTER TABLE posts DISABLE TRIGGER ALL");
  for (const { name } of indexes) await prisma.$executeRawUnsafe(`DROP INDEX ${name}`);
  await work();
  for (const { definition } of indexes) await prisma.$executeRawUnsafe(definition);
  await prisma.$executeRawUnsafe("ALTER TABLE posts ENABLE TRIGGER ALL");
  await recountPosts(database);
}

/** As it would be after a while. It may take longer than any statement of the program may. */
async function vacuum({ name, database }: OwnDatabase): Promise<void> {
  const { prisma } = database;
  await prisma.$executeRawUnsafe("VACUUM (ANALYZE) posts").catch(() => {});
  await until(
    `${name} is vacuumed`,
    async () => (await prisma.$queryRaw<unknown[]>`SELECT FROM pg_stat_progress_vacuum`).length === 0,
    { timeoutMs: 120_000, intervalMs: 100 },
  );
}
