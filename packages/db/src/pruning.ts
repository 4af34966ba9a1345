/** Forgetting what is no longer owed to anybody, a batch at a time so that nothing is blocked. */
import type { Database } from "./database.ts";

export interface Retention {
  /** Events older than this, in days. */
  eventDays: number;
  /** Ended posts with their attempts, by their last change, in days. */
  postDays: number;
  /** Idempotency records, by their making and only once all their posts ended, in hours. */
  idempotencyHours: number;
}

export const defaultRetention: Retention = { eventDays: 30, postDays: 400, idempotencyHours: 24 };

/** @returns how many rows were removed at most of one kind; as many as `limit` means there may be more */
export async function prune(database: Database, retention: Retention, limit: number): Promise<number> {
  const { prisma } = database;
  const events = await prisma.$executeRaw`
    DELETE FROM events WHERE sequence IN (
      SELECT sequence FROM events WHERE created_at < app_now() - ${retention.eventDays} * interval '1 day'
      ORDER BY sequence LIMIT ${limit})`;
  const records = await prisma.$executeRaw`
    DELETE FROM idempotency_records AS record WHERE (company_id, path, key) IN (
      SELECT company_id, path, key FROM idempotency_records AS old
      WHERE created_at < app_now() - ${retention.idempotencyHours} * interval '1 hour'
        AND NOT EXISTS (SELECT FROM posts WHERE id = ANY (old.post_ids)
          AND (status NOT IN ('published', 'failed', 'missed', 'cancelled')
            OR updated_at > app_now() - ${retention.idempotencyHours} * interval '1 hour'))
      ORDER BY created_at LIMIT ${limit})`;
  const [posts] = await prisma.$queryRaw<[{ count: number }]>`
    WITH old AS (
      SELECT id FROM posts
      WHERE status IN ('published', 'failed', 'missed', 'cancelled')
        AND updated_at < app_now() - ${retention.postDays} * interval '1 day'
      ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ), gone AS (DELETE FROM attempts WHERE post_id IN (SELECT id FROM old) RETURNING post_id)
    SELECT count(*)::integer AS count FROM old`;
  // The attempts' foreign key is checked at the end of each statement, so their posts go in the next.
  await prisma.$executeRaw`
    DELETE FROM posts WHERE id IN (
      SELECT id FROM posts AS old
      WHERE status IN ('published', 'failed', 'missed', 'cancelled')
        AND updated_at < app_now() - ${retention.postDays} * interval '1 day'
        AND NOT EXISTS (SELECT FROM attempts WHERE post_id = old.id)
      ORDER BY id LIMIT ${limit})`;
  return Math.max(events, records, posts.count);
}
