/**
 * What a post weighs: bytes in Postgres with every index, by table, once it has gone the whole way. Two rounds of posts
 * go through an installation; between them the tables find their level, and what the second adds is the weight.
 */
import { until } from "@punctual/testing";
import { startInstallation, type Installation } from "../bench/installation.ts";
import { during } from "../bench/measure.ts";
import { startHelper } from "../bench/program.ts";
import type { Stage } from "../bench/stage.ts";
import type { SchedulerNews, SchedulerQuestion } from "../soak/scheduler.ts";

export interface TableWeight {
  table: string;
  /** For each post. */
  rows: number;
  bytes: number;
}

const aheadMs = { fromMs: 2_000, toMs: 5_000 };
const connections = 20;
const perSecond = 400;
const settleTimeoutMs = 180_000;
/** Less for each post than this has nothing to do with posts. */
const tellingBytes = 2;

/** @param posts in each of the two rounds, about */
export function weighPosts(stage: Stage, posts: number): Promise<TableWeight[]> {
  return during(
    () => startInstallation(stage, { workers: stage.sizes.workers, concurrency: stage.sizes.workerConcurrency }),
    async (installation) => {
      await send(stage, installation, posts);
      const before = await readTables(installation);
      const sent = await send(stage, installation, posts);
      const after = await readTables(installation);
      return [...after]
        .map(([table, { rows, bytes }]) => {
          const old = before.get(table);
          return { table, rows: (rows - (old?.rows ?? 0)) / sent, bytes: (bytes - (old?.bytes ?? 0)) / sent };
        })
        .filter(({ bytes }) => bytes >= tellingBytes)
        .toSorted((a, b) => b.bytes - a.bytes);
    },
  );
}

/** Schedules posts one a request, each with an Idempotency-Key, and waits until all are out. @returns how many */
async function send(stage: Stage, installation: Installation, posts: number): Promise<number> {
  const { url, tenant, own } = installation;
  await stage.receiver.ask({ kind: "reset", delayMs: 0 });
  return during(
    () =>
      startHelper<SchedulerQuestion>({
        name: "scheduler",
        file: "scripts/soak/scheduler.ts",
        directory: stage.directory,
      }),
    async (scheduler) => {
      const { apiKey, socialAccountId } = tenant;
      await scheduler.ask({ kind: "start", url, apiKey, socialAccountId, perSecond, connections, ahead: aheadMs });
      let sent = 0;
      const take = async () => {
        const news = await scheduler.ask<SchedulerNews>({ kind: "takeNew" });
        if (news.refusals.length > 0) throw new Error(`scheduling was refused: ${news.refusals[0]}`);
        return (sent += news.posts.length);
      };
      const options = { timeoutMs: settleTimeoutMs, intervalMs: 50 };
      await until("enough posts are scheduled", async () => (await take()) >= posts, options);
      await scheduler.ask({ kind: "stop" });
      await take();
      const open = async () => own.database.prisma.post.count({ where: { status: { not: "published" } } });
      await until("all posts are published", async () => (await open()) === 0, options);
      return sent;
    },
  );
}

async function readTables({ own }: Installation): Promise<Map<string, { rows: number; bytes: number }>> {
  const { prisma } = own.database;
  await prisma.$executeRawUnsafe("VACUUM (ANALYZE)");
  const rows = await prisma.$queryRaw<{ table: string; rows: number; bytes: number }[]>`
    SELECT relname AS table, greatest(reltuples, 0)::float8 AS rows, pg_total_relation_size(oid)::float8 AS bytes
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`;
  return new Map(rows.map(({ table, ...size }) => [table, size]));
}
