/**
 * The row as its own outbox: which waiting posts still need a job, and noting that Redis took it. The pair
 * (revision, generation) makes a note that comes late harmless.
 */
import type { PublishJobId } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";

/** A waiting post as its job needs it. */
export interface UnenqueuedPost extends PublishJobId {
  platform: string;
  dueAt: Date;
  maxAttempts: number;
  requestId: string | null;
}

/**
 * Waiting posts for which no job is known, soonest first.
 *
 * @param quietMs only rows unchanged for so long, in milliseconds: whoever changed them is probably enqueueing them
 * @param horizonMs only rows due by then, in milliseconds from now: farther ones need no job yet; null: any
 */
export function unenqueuedPosts(
  database: Database,
  { limit, quietMs, horizonMs = null }: { limit: number; quietMs: number; horizonMs?: number | null },
): Promise<UnenqueuedPost[]> {
  return database.prisma.$queryRaw<UnenqueuedPost[]>`
    SELECT id AS "postId", platform, revision, generation, next_attempt_at AS "dueAt", max_attempts AS "maxAttempts",
           request_id AS "requestId"
    FROM posts
    WHERE enqueued_rev < revision AND status IN ('scheduled', 'retrying')
      AND updated_at <= app_now() - ${quietMs} * interval '1 millisecond' ${withinHorizon(horizonMs)}
    ORDER BY next_attempt_at
    LIMIT ${limit}`;
}

/** A condition more on waiting posts, where there is a horizon. */
export function withinHorizon(horizonMs: number | null): Prisma.Sql {
  if (horizonMs === null) return Prisma.empty;
  return Prisma.sql`AND next_attempt_at <= app_now() + ${horizonMs} * interval '1 millisecond'`;
}

/**
 * Notes that Redis took these jobs, where that is still the current state of the post. Never waits for a post that
 * somebody is at, since two that change many posts at once could wait for each other: the stager asks again.
 */
export async function markEnqueued(database: Database, jobs: readonly PublishJobId[]): Promise<void> {
  if (jobs.length === 0) return;
  await database.prisma.$executeRaw`
    UPDATE posts SET enqueued_rev = noted.revision
    FROM (
      SELECT post.id, post.revision
      FROM posts AS post
      JOIN unnest(${jobs.map((job) => job.postId)}::uuid[], ${jobs.map((job) => job.revision)}::int[],
                  ${jobs.map((job) => job.generation)}::int[]) AS job (id, revision, generation)
        ON post.id = job.id AND post.revision = job.revision AND post.generation = job.generation
      WHERE post.enqueued_rev < job.revision
      FOR NO KEY UPDATE OF post SKIP LOCKED
    ) AS noted
    WHERE posts.id = noted.id`;
}
