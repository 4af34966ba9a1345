/**
 * After a backup was restored, the database has forgotten what happened since: posts that it still shows waiting may be
 * out already. Nothing of that can be known here, so each such post gets an attempt whose answer is lost, and goes on
 * as any post whose answer is lost: repeated where a repeat is harmless, else looked up, and decided by a person.
 */
import type { OutgoingPost } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { recountPosts } from "./post-counts.ts";

/** A post that may have gone out in the time that is lost. */
export interface DoubtfulPost extends OutgoingPost {
  platform: string;
  /** The earliest it can have been sent: when it was due, or where the copy ends, if that was later. */
  sentFrom: Date;
  /** The database's time. */
  now: Date;
}

/** Names the doubt about what happened in the time that is lost: what is not found then, may be there all the same. */
export const restoredCode = "restored";

/** Events numbered anew by one statement. */
const batchSize = 50_000n;
/** No transaction of a server has so low a number; what has it was numbered here. */
const lowestNumbers = "100";

const message =
  "the database was restored from a backup; nobody knows whether the post went out in the time that is lost";
/** Of a post that waits, is held or was being published, and was due by now. */
const isDoubtful = Prisma.sql`status IN ('scheduled', 'retrying', 'held', 'publishing') AND NOT outcome_open
  AND (status = 'publishing' OR next_attempt_at <= app_now())`;

/**
 * Posts that may have gone out since the copy was made, by id.
 *
 * @param since when the copy was made, as far as known; what it holds may be older
 */
export function listDoubtfulPosts(
  { prisma }: Database,
  { since, afterId, limit }: { since: Date; afterId: string | null; limit: number },
): Promise<DoubtfulPost[]> {
  return prisma.$queryRaw<DoubtfulPost[]>`
    WITH copy AS (
      SELECT least(${since}::timestamptz, coalesce(max(created_at), ${since}::timestamptz)) AS ends_at FROM events
    )
    SELECT id, platform, social_account_id AS "socialAccountId", revision, content AS text, media, link, options, metadata,
           scheduled_at AS "scheduledAt", request_id AS "requestId",
           greatest(next_attempt_at, (SELECT ends_at FROM copy)) AS "sentFrom",
           coalesce(first_sent_at, greatest(next_attempt_at, (SELECT ends_at FROM copy))) AS "firstSentAt", app_now() AS now
    FROM posts WHERE ${isDoubtful} AND (${afterId}::uuid IS NULL OR id > ${afterId}::uuid)
    ORDER BY id LIMIT ${limit}`;
}

/**
 * Writes down that a post may be out.
 *
 * @param repeat whether sending it again is harmless: then that is done, else it waits for somebody to find out
 * @returns false if it is not in doubt any more
 */
export async function recordDoubt(
  { prisma }: Database,
  { id, sentFrom, repeat }: { id: string; sentFrom: Date; repeat: boolean },
): Promise<boolean> {
  const [row] = await prisma.$queryRaw<{ id: string }[]>`
    WITH before AS (
      SELECT id, status, claim_token FROM posts WHERE id = ${id}::uuid AND ${isDoubtful} FOR UPDATE
    ), post AS (
      UPDATE posts AS post
      SET status = CASE WHEN NOT ${repeat} THEN 'unconfirmed' WHEN post.status = 'held' THEN 'held' ELSE 'retrying' END,
          held_reason = CASE WHEN ${repeat} THEN post.held_reason END,
          outcome_open = ${repeat}, attempts = post.attempts + CASE WHEN before.claim_token IS NULL THEN 1 ELSE 0 END,
          next_attempt_at = app_now(), generation = post.generation + 1, enqueued_rev = 0,
          first_sent_at = coalesce(post.first_sent_at, ${sentFrom}::timestamptz),
          claim_token = NULL, claimed_by = NULL, lease_until = NULL,
          unconfirmed_at = CASE WHEN NOT ${repeat} THEN app_now() ELSE post.unconfirmed_at END,
          confirm_at = CASE WHEN NOT ${repeat} THEN app_now() END, confirm_count = 0,
          failure_category = 'unknown_outcome', failure_code = ${restoredCode}, failure_message = ${message},
          failed_at = app_now(), updated_at = app_now()
      FROM before WHERE post.id = before.id
      RETURNING post.*, before.claim_token AS claim
    ), ended AS (
      UPDATE attempts
      SET phase = 'sending', sent_at = coalesce(attempts.sent_at, attempts.started_at), outcome = 'unknown',
          category = 'unknown_outcome', code = ${restoredCode}, message = ${message}, ended_at = app_now()
      FROM post WHERE attempts.post_id = post.id AND attempts.claim_token = post.claim AND attempts.outcome IS NULL
    ), assumed AS (
      INSERT INTO attempts (post_id, number, revision, claim_token, worker, phase, outcome, category, code, message,
                            started_at, sent_at, ended_at)
      SELECT id, attempts, revision, gen_random_uuid(), 'nobody', 'sending', 'unknown', 'unknown_outcome', ${restoredCode},
             ${message}, ${sentFrom}::timestamptz, ${sentFrom}::timestamptz, app_now()
      FROM post WHERE claim IS NULL
    ), event AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id,
             CASE status WHEN 'unconfirmed' THEN 'post.unconfirmed' WHEN 'held' THEN 'post.held' ELSE 'post.retrying' END,
             jsonb_strip_nulls(jsonb_build_object('status', status, 'revision', revision, 'attempt', attempts,
               'outcomeOpen', outcome_open, 'heldReason', held_reason,
               'failure', jsonb_build_object('category', failure_category, 'code', failure_code, 'message', failure_message))),
             request_id
      FROM post
    )
    SELECT id FROM post`;
  return row !== undefined;
}

/** What else the copy tells that is not true any more. */
export interface RestoredState {
  /** Lost answers that will be looked up anew. */
  lookedUpAgain: number;
  /** Whether the log of events had to be numbered anew for this server. */
  eventsRenumbered: boolean;
}

/**
 * Forgets what belonged to processes and people of before: leases, workers, log-ins, marks of Redis. Makes the log of
 * events readable on this server, whose transactions may be numbered lower than those of the old one.
 */
export async function settleRestoredState(database: Database): Promise<RestoredState> {
  const { prisma } = database;
  const lookedUpAgain = await prisma.$executeRaw`
    UPDATE posts SET confirm_at = app_now(), confirm_count = 0, unconfirmed_at = app_now(), failure_code = ${restoredCode}
    WHERE status = 'unconfirmed'`;
  await prisma.$executeRaw`DELETE FROM maintenance_leases`;
  await prisma.$executeRaw`DELETE FROM workers`;
  await prisma.$executeRaw`DELETE FROM operator_sessions`;
  await prisma.$executeRaw`DELETE FROM queue_epochs`;
  const eventsRenumbered = await renumberEvents(database);
  await recountPosts(database);
  return { lookedUpAgain, eventsRenumbered };
}

/**
 * A dump brings transaction numbers of another server along. If these lie ahead of ours, readers would see nothing new
 * until ours have caught up. So all events are numbered lowest: what every shared reader has seen first, then what is
 * left, reader by reader. Positions that clients hold are all behind the horizon then: they are told to begin anew.
 * The readers' own places come last, so that it may be broken off and repeated.
 */
async function renumberEvents({ prisma }: Database): Promise<boolean> {
  const [{ ahead, last }] = await prisma.$queryRaw<[{ ahead: boolean; last: bigint }]>`
    SELECT coalesce(greatest((SELECT max(transaction_id) FROM events), (SELECT max(transaction_id) FROM event_cursors),
      (SELECT max(transaction_id) FROM event_horizons)) >= pg_current_xact_id(), false) AS ahead,
      (SELECT coalesce(max(sequence), 0) FROM events) AS last`;
  if (!ahead) return false;
  for (let from = 0n; from < last; from += batchSize) {
    await prisma.$executeRaw`
      UPDATE events SET transaction_id = (1 + (SELECT count(*) FROM event_cursors AS cursor
        WHERE (cursor.transaction_id, cursor.sequence) < (events.transaction_id, events.sequence)))::text::xid8
      WHERE sequence > ${from} AND sequence <= ${from + batchSize} AND transaction_id > ${lowestNumbers}::xid8`;
  }
  await prisma.$transaction([
    prisma.$executeRaw`
      UPDATE event_cursors AS cursor
      SET transaction_id = place.number::text::xid8, sequence = 9223372036854775807, updated_at = app_now()
      FROM (SELECT name, rank() OVER (ORDER BY transaction_id, sequence) AS number FROM event_cursors) AS place
      WHERE place.name = cursor.name`,
    prisma.$executeRaw`
      INSERT INTO event_horizons (company_id, transaction_id, sequence)
      SELECT id, pg_current_xact_id(), 0 FROM companies
      ON CONFLICT (company_id) DO UPDATE
      SET transaction_id = excluded.transaction_id, sequence = excluded.sequence, updated_at = app_now()`,
  ]);
  return true;
}
