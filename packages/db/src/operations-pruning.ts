/** Forgetting what operators need no more: minutes long past, workers long gone, sessions that are over, old actions. */
import type { Database } from "./database.ts";

export interface OperationsRetention {
  /** What each minute brought, in days. */
  statisticDays: number;
  /** What operators did, in days. */
  actionDays: number;
}

/** A worker that nobody heard of for so long is forgotten, in hours. */
const silentWorkerHours = 24;

/** @returns how many rows were removed at most of one kind; as many as `limit` means there may be more */
export async function pruneOperations(
  { prisma }: Database,
  { statisticDays, actionDays }: OperationsRetention,
  limit: number,
): Promise<number> {
  const statistics = await prisma.$executeRaw`
    DELETE FROM minute_statistics WHERE (kind, minute, platform, label) IN (
      SELECT kind, minute, platform, label FROM minute_statistics
      WHERE kind IN ('accepted', 'published', 'failed', 'missed', 'failure', 'lateness')
        AND minute < app_now() - ${statisticDays} * interval '1 day' LIMIT ${limit})`;
  const actions = await prisma.$executeRaw`
    DELETE FROM operator_actions WHERE id IN (
      SELECT id FROM operator_actions ORDER BY id LIMIT ${limit})
      AND created_at < app_now() - ${actionDays} * interval '1 day'`;
  await prisma.$executeRaw`
    DELETE FROM workers WHERE last_seen_at < app_now() - ${silentWorkerHours} * interval '1 hour'`;
  await prisma.$executeRaw`DELETE FROM operator_sessions WHERE expires_at <= app_now()`;
  return Math.max(statistics, actions);
}
