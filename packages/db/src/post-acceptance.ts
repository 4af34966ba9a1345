/**
 * Taking posts in, in two steps with one rule between them. `readAcceptance` fetches all that accepting depends on:
 * the time, the accounts, and the first answer if the Idempotency-Key was used before. The caller then decides and
 * computes the whole answer. `acceptPosts` is one statement that stores the posts, their events and that answer,
 * if and only if nothing the decision rested on has changed meanwhile; otherwise nothing is stored and the caller
 * starts over. So an answer that was kept is exactly the answer that was given, a crash leaves all or nothing, and
 * no post slips into an account that is being paused or deleted: the share lock on its row makes one wait for the other.
 *
 * Time is part of the decision, and passes: the statement looks at the clock again, after it has taken the lock of the
 * Idempotency-Key. Whoever holds that lock, and finds no answer under the key, knows that none will come from a request
 * which saw an earlier time.
 */
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { keyLock } from "./idempotency-lock.ts";
import type { IdempotencyScope, IdempotentAnswer } from "./idempotency-record.ts";
import type { PostRecord } from "./post-record.ts";

/** What accepting a post must know of its account. */
export interface PostingAccount {
  id: string;
  clientId: string | null;
  platform: string;
  status: "active" | "needs_reconnect";
  paused: boolean;
}

export interface AcceptanceBasis {
  now: Date;
  /** The company's accounts among those asked for, by id. */
  accounts: ReadonlyMap<string, PostingAccount>;
  /** What was answered under the key before; null: nothing yet, or no key was given. */
  answered: IdempotentAnswer | null;
}

export interface AcceptanceQuestion {
  companyId: string;
  socialAccountIds: readonly string[];
  idempotency: IdempotencyScope | null;
}

export interface Acceptance {
  companyId: string;
  /** Ids in ascending order. */
  posts: readonly PostRecord[];
  /** The accounts as the decision saw them. */
  accounts: readonly PostingAccount[];
  /** Until when the decision holds, by the database's clock. */
  validUntil: Date;
  idempotency: (IdempotencyScope & IdempotentAnswer) | null;
}

/** `changed`: an account changed, the key was taken or time ran out meanwhile; nothing was stored. */
export type AcceptanceResult = "accepted" | "changed";

export async function readAcceptance(
  database: Database,
  { companyId, socialAccountIds, idempotency }: AcceptanceQuestion,
): Promise<AcceptanceBasis> {
  const [row] = await database.prisma.$queryRaw<
    [{ now: Date; accounts: PostingAccount[] | null; answered: IdempotentAnswer | null }]
  >`
    SELECT app_now() AS now,
      (SELECT jsonb_agg(jsonb_build_object(
                'id', id, 'clientId', client_id, 'platform', platform, 'status', status, 'paused', paused))
         FROM social_accounts
        WHERE company_id = ${companyId}::uuid AND id = ANY (${[...socialAccountIds]}::uuid[]) AND deleted_at IS NULL) AS accounts,
      (SELECT jsonb_build_object('requestHash', encode(request_hash, 'hex'), 'statusCode', status_code,
                'location', location, 'response', response)
         FROM idempotency_records
        WHERE company_id = ${companyId}::uuid AND path = ${idempotency?.path ?? null} AND key = ${idempotency?.key ?? null}
      ) AS answered`;
  return {
    now: row.now,
    accounts: new Map((row.accounts ?? []).map((account) => [account.id, account])),
    answered: row.answered,
  };
}

export async function acceptPosts(database: Database, acceptance: Acceptance): Promise<AcceptanceResult> {
  const { companyId, posts, accounts, validUntil, idempotency } = acceptance;
  const lock =
    idempotency === null
      ? Prisma.sql`SELECT`
      : Prisma.sql`SELECT pg_advisory_xact_lock(${keyLock(companyId, idempotency)})`;
  const [row] = await database.prisma.$queryRaw<[{ stored: bigint }]>`
    WITH locked AS MATERIALIZED (
      ${lock}
    ), timely AS MATERIALIZED (
      -- What app_now() would say now that the lock is held, not when the statement began.
      SELECT clock_timestamp() + (app_now() - statement_timestamp()) <= ${validUntil}::timestamptz AS holds
      FROM (SELECT count(*) FROM locked) AS taken
    ), expected AS MATERIALIZED (
      SELECT a.id FROM social_accounts a
      JOIN jsonb_to_recordset(${JSON.stringify(accounts)}::jsonb) AS e(id uuid, "clientId" uuid, status text, paused boolean)
        ON e.id = a.id
      WHERE a.company_id = ${companyId}::uuid AND a.deleted_at IS NULL AND a.status = e.status AND a.paused = e.paused
        AND a.client_id IS NOT DISTINCT FROM e."clientId" AND (SELECT holds FROM timely)
      ORDER BY a.id
      FOR SHARE OF a
    ), answered AS (
      INSERT INTO idempotency_records
        (company_id, path, key, request_hash, post_ids, status_code, location, response, created_at)
      SELECT ${companyId}::uuid, ${idempotency?.path ?? null}, ${idempotency?.key ?? null},
             decode(${idempotency?.requestHash ?? null}, 'hex'), ${posts.map(({ id }) => id)}::uuid[],
             ${idempotency?.statusCode ?? null}::int, ${idempotency?.location ?? null}, ${idempotency?.response ?? null},
             ${posts[0]?.createdAt ?? null}::timestamptz
      WHERE ${idempotency !== null} AND (SELECT count(*) FROM expected) = ${accounts.length}
      ON CONFLICT DO NOTHING
      RETURNING key
    ), stored AS (
      INSERT INTO posts (id, company_id, social_account_id, client_id, platform, group_id, content, media, link, options,
        metadata, scheduled_at, local_time, time_zone, time_adjustment, grace_minutes, when_late, late_at, status,
        held_reason, accepted_at, needs_preparing, checks_left, max_attempts, next_attempt_at, request_id, created_at, updated_at)
      SELECT id, ${companyId}::uuid, "socialAccountId", "clientId", platform, "groupId", text, media, link, options,
        metadata, "scheduledAt", "localTime", "timeZone", "timeAdjustment", "graceMinutes", "whenLate", "lateAt", status,
        "heldReason", "createdAt", "needsPreparing", "checksLeft", "maxAttempts", "nextAttemptAt", "requestId", "createdAt", "createdAt"
      FROM jsonb_to_recordset(${JSON.stringify(posts)}::jsonb) AS p(id uuid, "socialAccountId" uuid, "clientId" uuid,
        platform text, "groupId" text, text text, media jsonb, link text, options jsonb, metadata jsonb,
        "scheduledAt" timestamptz, "localTime" text, "timeZone" text, "timeAdjustment" text, "graceMinutes" int,
        "whenLate" text, "lateAt" timestamptz, status text, "heldReason" text, "needsPreparing" boolean, "checksLeft" smallint, "maxAttempts" int,
        "nextAttemptAt" timestamptz, "requestId" text, "createdAt" timestamptz)
      WHERE (SELECT count(*) FROM expected) = ${accounts.length}
        AND (${idempotency === null} OR EXISTS (SELECT FROM answered))
      RETURNING id, social_account_id, status, held_reason, scheduled_at, revision, request_id, created_at
    ), announced AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id, created_at)
      SELECT ${companyId}::uuid, s.id, s.social_account_id, e.type, e.data, s.request_id, s.created_at
      FROM stored s CROSS JOIN LATERAL (
        SELECT 1 AS step, 'post.scheduled' AS type,
               jsonb_build_object('status', s.status, 'revision', s.revision,
                 'scheduledAt', to_char(s.scheduled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS data
        UNION ALL
        SELECT 2, 'post.held', jsonb_build_object('status', s.status, 'heldReason', s.held_reason) WHERE s.status = 'held'
      ) e
      ORDER BY s.id, e.step
    )
    SELECT count(*) AS stored FROM stored`;
  return Number(row.stored) === posts.length ? "accepted" : "changed";
}
