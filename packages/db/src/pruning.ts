/** Forgetting what is no longer owed to anybody, a batch at a time so that nothing is blocked. */
import { pruneConnections } from "./connections.ts";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { pruneOperations, type OperationsRetention } from "./operations-pruning.ts";

export interface Retention extends OperationsRetention {
  /** Events older than this, in days. */
  eventDays: number;
  /** Ended posts with their attempts, by their last change, in days. */
  postDays: number;
  /** Idempotency records, by their making and only once all their posts ended, in hours. */
  idempotencyHours: number;
  /** Connections, by when they ran out, in hours. */
  connectionHours: number;
}

/** Where nothing else is set. */
export const defaultRetention: Retention = {
  eventDays: 30,
  postDays: 400,
  idempotencyHours: 24,
  connectionHours: 24,
  statisticDays: 32,
  actionDays: 400,
};

/** @returns how many rows were removed at most of one kind; as many as `limit` means there may be more */
export async function prune(database: Database, retention: Retention, limit: number): Promise<number> {
  const { prisma } = database;
  // Deliveries go with their events. What a company has lost is noted in the same breath, so that no reader skips it.
  const [events] = await prisma.$queryRaw<[{ count: number }]>`
    WITH gone AS (
      DELETE FROM events WHERE sequence IN (
        -- The oldest are the first: those behind one that is to stay can wait.
        SELECT sequence FROM (SELECT sequence, created_at FROM events ORDER BY sequence LIMIT ${limit}) AS first
        WHERE created_at < app_now() - ${retention.eventDays} * interval '1 day')
      RETURNING company_id, transaction_id, sequence
    ), horizon AS (
      INSERT INTO event_horizons (company_id, transaction_id, sequence)
      SELECT DISTINCT ON (company_id) company_id, transaction_id, sequence FROM gone
      ORDER BY company_id, transaction_id DESC, sequence DESC
      ON CONFLICT (company_id) DO UPDATE
      SET transaction_id = excluded.transaction_id, sequence = excluded.sequence, updated_at = app_now()
      WHERE (event_horizons.transaction_id, event_horizons.sequence) < (excluded.transaction_id, excluded.sequence)
    )
    SELECT count(*)::integer AS count FROM gone`;
  // Of deleted endpoints whose last delivery is forgotten there is nothing left to tell.
  await prisma.$executeRaw`
    DELETE FROM webhook_endpoints AS endpoint
    WHERE status = 'deleted' AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE endpoint_id = endpoint.id)`;
  await pruneConnections(database, retention, limit);
  // Nothing is prepared ahead for posts that ended; slots and waits that are long over say nothing any more.
  await prisma.$executeRaw`
    DELETE FROM preparations WHERE post_id IN (
      SELECT post_id FROM preparations AS preparation JOIN posts AS post ON post.id = preparation.post_id
      WHERE post.status IN ('published', 'failed', 'missed', 'cancelled')
        AND preparation.updated_at < app_now() - interval '1 day' LIMIT ${limit})`;
  await prisma.$executeRaw`
    DELETE FROM rate_slots WHERE free_at < app_now() - interval '7 days' AND (subject, window_ms) IN (
      SELECT subject, window_ms FROM rate_slots
      GROUP BY subject, window_ms HAVING max(free_at) < app_now() - interval '7 days' LIMIT ${limit})`;
  await prisma.$executeRaw`DELETE FROM rate_blocks WHERE until < app_now() - interval '1 hour'`;
  const records = await prisma.$executeRaw`
    DELETE FROM idempotency_records AS record WHERE (company_id, path, key) IN (
      SELECT company_id, path, key FROM idempotency_records AS old
      WHERE created_at < app_now() - ${retention.idempotencyHours} * interval '1 hour'
        AND NOT EXISTS (SELECT FROM posts WHERE id = ANY (old.post_ids)
          AND (status NOT IN ('published', 'failed', 'missed', 'cancelled')
            OR updated_at > app_now() - ${retention.idempotencyHours} * interval '1 hour'))
      ORDER BY created_at LIMIT ${limit})`;
  // What changed last before a day was made before it: ids tell when, so younger posts need not be looked at.
  const firstIdAfter = Prisma.sql`(lpad(to_hex((extract(epoch FROM app_now() - ${retention.postDays} * interval '1 day') * 1000)::bigint), 12, '0')
    || '00000000000000000000')::uuid`;
  const [posts] = await prisma.$queryRaw<[{ count: number }]>`
    WITH old AS (
      SELECT id FROM posts
      WHERE status IN ('published', 'failed', 'missed', 'cancelled')
        AND updated_at < app_now() - ${retention.postDays} * interval '1 day' AND id < ${firstIdAfter}
      ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ), gone AS (DELETE FROM attempts WHERE post_id IN (SELECT id FROM old) RETURNING post_id)
    SELECT count(*)::integer AS count FROM old`;
  // The attempts' foreign key is checked at the end of each statement, so their posts go in the next.
  await prisma.$executeRaw`
    DELETE FROM posts WHERE id IN (
      SELECT id FROM posts AS old
      WHERE status IN ('published', 'failed', 'missed', 'cancelled')
        AND updated_at < app_now() - ${retention.postDays} * interval '1 day' AND id < ${firstIdAfter}
        AND NOT EXISTS (SELECT FROM attempts WHERE post_id = old.id)
      ORDER BY id LIMIT ${limit})`;
  const operations = await pruneOperations(database, retention, limit);
  return Math.max(events.count, records, posts.count, operations);
}
