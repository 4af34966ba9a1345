/**
 * Taking posts in, in two steps with one rule between them. `readAcceptance` (`acceptance-basis.ts`) fetches all that accepting depends on:
 * the time, the accounts, and the first answer if the Idempotency-Key was used before. The caller then decides and
 * computes the whole answer. `acceptPosts` is one statement that stores the posts, their events and that answer,
 * if and only if nothing the decision rested on has changed meanwhile; otherwise nothing is stored and the caller
 * starts over. So an answer that was kept is exactly the answer that was given, a crash leaves all or nothing, and
 * no post slips into an account that is being paused or deleted: the share lock on its row makes one wait for the other.
 *
 * Time is part of the decision, and passes: the statement looks at the clock again, after it has taken the lock of the
 * Idempotency-Key. Whoever holds that lock, and finds no answer under the key, knows that none will come from a request
 * which saw an earlier time.
 *
 * A lone post goes with those that are asked for at the same time, if it need not wait for anybody (`lone-acceptance.ts`);
 * the statement here is for all others, and waits.
 */
import type { PostingAccount } from "./acceptance-basis.ts";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { keyLock } from "./idempotency-lock.ts";
import type { IdempotencyScope, IdempotentAnswer } from "./idempotency-record.ts";
import { acceptBeside } from "./lone-acceptance.ts";
import { announceStored, insertPosts, newPostFields, storedColumns, toNewPost } from "./post-insertion.ts";
import type { PostRecord } from "./post-record.ts";

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

export async function acceptPosts(database: Database, acceptance: Acceptance): Promise<AcceptanceResult> {
  return (await acceptBeside(database, acceptance)) || (await acceptAlone(database, acceptance))
    ? "accepted"
    : "changed";
}

async function acceptAlone(database: Database, acceptance: Acceptance): Promise<boolean> {
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
      ${insertPosts}
      FROM (
        SELECT p.*, ${companyId}::uuid AS "companyId"
        FROM jsonb_to_recordset(${JSON.stringify(posts.map(toNewPost))}::jsonb) AS p (${newPostFields})
      ) AS given
      WHERE (SELECT count(*) FROM expected) = ${accounts.length}
        AND (${idempotency === null} OR EXISTS (SELECT FROM answered))
      RETURNING ${storedColumns}
    ), announced AS (
      ${announceStored}
    )
    SELECT count(*) AS stored FROM stored`;
  return Number(row.stored) === posts.length;
}
