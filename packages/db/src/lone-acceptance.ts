/**
 * Taking in many requests of one post each with one statement: each is stored or left by itself, and one that is left
 * is as if it had never been asked. It waits for nobody, so that none of them waits for what only concerns another:
 * whose Idempotency-Key somebody else works under, or whose account somebody else is changing, is left. That holds for
 * the locks it asks for by name; what else Postgres may wait for, such as the end of a transaction that deletes a client,
 * ends after a moment, and then all are left. Whoever is left asks alone, and waits.
 *
 * Two under one key take its lock both, since it is this transaction's; the record under the key can be inserted once,
 * and names the post it is for.
 */
import type { Database } from "./database.ts";
import { gathered } from "./gathering.ts";
import { keyLockName } from "./idempotency-lock.ts";
import type { Acceptance } from "./post-acceptance.ts";
import { announceStored, insertPosts, newPostFields, storedColumns, toNewPost } from "./post-insertion.ts";
import { isLockTimeout } from "./unavailable.ts";

const limits = { parallelMax: 1, sizeMax: 100 };
/** What is larger goes alone, so that the others need not wait for its bytes: characters of its post and its answer. */
const gatheredLengthMax = 16_384;
/** How long the statement waits for a lock that it cannot pass by, in milliseconds. */
const patienceMs = 100;

/** Whether it was stored; if not, it is to be asked alone. */
export async function acceptBeside(database: Database, acceptance: Acceptance): Promise<boolean> {
  const asked = toAsked(acceptance);
  return asked !== null && (await storeLone(database, asked));
}

interface Asked {
  postId: string;
  json: string;
}

/** Null for what is not one small post. */
function toAsked({ companyId, posts, accounts, validUntil, idempotency }: Acceptance): Asked | null {
  const [post, ...more] = posts;
  const [account] = accounts;
  if (post === undefined || account === undefined || more.length > 0) return null;
  const json = JSON.stringify({
    ...toNewPost(post),
    companyId,
    accountStatus: account.status,
    accountPaused: account.paused,
    accountClientId: account.clientId,
    validUntil,
    ...(idempotency === null ? {} : { lockName: keyLockName(companyId, idempotency), ...idempotency }),
  });
  return json.length > gatheredLengthMax ? null : { postId: post.id, json };
}

const storeLone = gathered<Asked, boolean>(limits, async (database, items) => {
  try {
    return await storeMany(database, items);
  } catch (error) {
    if (isLockTimeout(error)) return items.map(() => false);
    throw error;
  }
});

async function storeMany(database: Database, items: readonly Asked[]): Promise<boolean[]> {
  const rows = await database.prisma.$queryRaw<{ id: string }[]>`/* =accept-lone-posts */
    WITH asked AS MATERIALIZED (
      SELECT given.*, "lockName" IS NULL OR pg_try_advisory_xact_lock(hashtextextended("lockName", 0)) AS "isLocked"
      FROM (SELECT set_config('lock_timeout', ${`${patienceMs}ms`}, true)) AS patience,
        jsonb_to_recordset(${`[${items.map(({ json }) => json).join(",")}]`}::jsonb) AS given (${newPostFields}, "companyId" uuid,
          "accountStatus" text, "accountPaused" boolean, "accountClientId" uuid, "validUntil" timestamptz, "lockName" text,
          path text, key text, "requestHash" text, "statusCode" int, location text, response text)
    ), clock AS MATERIALIZED (
      -- What app_now() would say now that the locks are held, not when the statement began.
      SELECT clock_timestamp() + (app_now() - statement_timestamp()) AS now
      FROM (SELECT count(*) FROM asked) AS taken
    ), account AS MATERIALIZED (
      SELECT a.id, a.company_id, a.client_id, a.status, a.paused FROM social_accounts a
      WHERE a.id = ANY (ARRAY(SELECT "socialAccountId" FROM asked)) AND a.deleted_at IS NULL
        AND EXISTS (SELECT FROM clock)
      ORDER BY a.id
      FOR SHARE OF a SKIP LOCKED
    ), fit AS MATERIALIZED (
      SELECT asked.* FROM asked
      JOIN account ON account.id = asked."socialAccountId" AND account.company_id = asked."companyId"
        AND account.status = asked."accountStatus" AND account.paused = asked."accountPaused"
        AND account.client_id IS NOT DISTINCT FROM asked."accountClientId"
      WHERE asked."isLocked" AND asked."validUntil" >= (SELECT now FROM clock)
    ), answered AS (
      INSERT INTO idempotency_records
        (company_id, path, key, request_hash, post_ids, status_code, location, response, created_at)
      SELECT "companyId", path, key, decode("requestHash", 'hex'), ARRAY[id], "statusCode", location, response, "createdAt"
      FROM fit WHERE key IS NOT NULL
      ON CONFLICT DO NOTHING
      RETURNING post_ids[1] AS id
    ), stored AS (
      ${insertPosts}
      FROM fit WHERE key IS NULL OR id IN (SELECT id FROM answered)
      RETURNING ${storedColumns}
    ), announced AS (
      ${announceStored}
    )
    SELECT id FROM stored`;
  const stored = new Set(rows.map(({ id }) => id));
  return items.map(({ postId }) => stored.has(postId));
}
