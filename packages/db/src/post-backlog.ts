/** Waiting posts as those see them who do not go through Redis: due ones to claim, and all of them to put back. */
import type { PublishJobId } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { withinHorizon, type UnenqueuedPost } from "./post-enqueue.ts";

export interface OverduePost extends PublishJobId {
  /** For how long it has been due, in milliseconds. */
  overdueMs: number;
}

/**
 * Posts of one platform that were due a while ago and that nobody has taken, the longest due first.
 *
 * @param overdueMs how long they must have been due, in milliseconds
 */
export function overduePosts(
  database: Database,
  { platform, overdueMs, limit }: { platform: string; overdueMs: number; limit: number },
): Promise<OverduePost[]> {
  return database.prisma.$queryRaw<OverduePost[]>`
    SELECT post.id AS "postId", post.revision, post.generation,
           (extract(epoch FROM app_now() - post.next_attempt_at) * 1000)::double precision AS "overdueMs"
    FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
    WHERE post.status IN ('scheduled', 'retrying') AND post.platform = ${platform}
      AND post.next_attempt_at <= app_now() - ${overdueMs} * interval '1 millisecond'
      AND (post.when_late = 'publish' OR post.outcome_open OR app_now() <= post.late_at)
      AND account.status = 'active' AND NOT account.paused
      -- Whoever is just preparing one of them is not disturbed.
      AND (post.preparing_until IS NULL OR post.preparing_until < app_now())
    ORDER BY post.next_attempt_at
    LIMIT ${limit}`;
}

/** A place in the order of waiting posts. */
export interface BacklogPosition {
  dueAt: Date;
  postId: string;
}

/**
 * It is never greater. Said as equality, Postgres would believe that it holds for one row in two hundred, and rather
 * read and sort the whole table than walk along the index.
 */
const isEnqueued = Prisma.sql`enqueued_rev >= revision`;

/**
 * Waiting posts that count as enqueued, in due order, after a position: a page of what Redis should hold.
 *
 * @param request.horizonMs beyond it are posts without jobs, which are not to be gone over, in milliseconds; null: none are
 */
export function enqueuedPosts(
  database: Database,
  request: { platform: string; after: BacklogPosition | null; limit: number; horizonMs: number | null },
): Promise<UnenqueuedPost[]> {
  const { platform, after, limit, horizonMs } = request;
  const dueAt = after?.dueAt ?? new Date(0);
  return database.prisma.$queryRaw<UnenqueuedPost[]>`
    SELECT id AS "postId", platform, revision, generation, next_attempt_at AS "dueAt", max_attempts AS "maxAttempts",
           request_id AS "requestId"
    FROM posts
    WHERE status IN ('scheduled', 'retrying') AND platform = ${platform} AND ${isEnqueued}
      AND next_attempt_at >= ${dueAt}
      AND (next_attempt_at, id) > (${dueAt}, ${after?.postId ?? "00000000-0000-0000-0000-000000000000"}::uuid) ${withinHorizon(horizonMs)}
    ORDER BY next_attempt_at, id
    LIMIT ${limit}`;
}

/**
 * The soonest due of each platform's waiting posts that count as enqueued: enough to notice a loss.
 *
 * @param request.horizonMs beyond it are posts without jobs, which are not to be gone over, in milliseconds; null: none are
 */
export function soonestEnqueuedPosts(
  database: Database,
  request: { platforms: readonly string[]; perPlatform: number; horizonMs: number | null },
): Promise<UnenqueuedPost[]> {
  const { platforms, perPlatform, horizonMs } = request;
  return database.prisma.$queryRaw<UnenqueuedPost[]>`
    SELECT post.* FROM unnest(${[...platforms]}::text[]) AS wanted (platform)
    CROSS JOIN LATERAL (
      SELECT id AS "postId", platform, revision, generation, next_attempt_at AS "dueAt", max_attempts AS "maxAttempts",
             request_id AS "requestId"
      FROM posts
      WHERE status IN ('scheduled', 'retrying') AND platform = wanted.platform AND ${isEnqueued} ${withinHorizon(horizonMs)}
      ORDER BY next_attempt_at, id LIMIT ${perPlatform}
    ) AS post`;
}

/**
 * Gives posts whose jobs are lost a new generation, because BullMQ may still know the old ids. They go on counting as
 * enqueued: the caller enqueues them now, and if that fails, finds them lost again. So are those that somebody is at,
 * for whom this does not wait, since two that change many posts at once could wait for each other.
 *
 * @returns those that still wait as they did, with their new generation
 */
export function raiseGenerations(database: Database, jobs: readonly PublishJobId[]): Promise<UnenqueuedPost[]> {
  return database.prisma.$queryRaw<UnenqueuedPost[]>`
    UPDATE posts SET generation = posts.generation + 1
    FROM (
      SELECT post.id
      FROM posts AS post
      JOIN unnest(${jobs.map((job) => job.postId)}::uuid[], ${jobs.map((job) => job.revision)}::int[],
                  ${jobs.map((job) => job.generation)}::int[]) AS job (id, revision, generation)
        ON post.id = job.id AND post.revision = job.revision AND post.generation = job.generation
      WHERE post.status IN ('scheduled', 'retrying')
      FOR NO KEY UPDATE OF post SKIP LOCKED
    ) AS lost
    WHERE posts.id = lost.id
    RETURNING posts.id AS "postId", posts.platform, posts.revision, posts.generation, posts.next_attempt_at AS "dueAt",
              posts.max_attempts AS "maxAttempts", posts.request_id AS "requestId"`;
}
