/**
 * The platforms' limits on publishing: so many sends in any stretch of so long. A limit is that many slots, each used at
 * most once a window, counted from the end of the send it was taken for, or of its lease if no answer came; so however
 * long a send takes on its way, up to its lease, no window of the platform's sees more than the limit. Slots are taken in
 * the claim's own statement, by skipping those that others are just taking, and come free when the attempt is settled.
 * They are made as they are needed, a few at a time.
 *
 * A post that finds no slot stays as it is, with a later `next_attempt_at`; `limited_until` says why. All of the due
 * posts that stand behind the same limit are given their places at once, each at the time its own slot comes free.
 */
import { freePlaces, type RateLimit, type SlotTimes } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";

/** How many slots of a limit are made at a time. */
const slotsMadeMax = 100;
/** A slot whose attempt is never settled comes back by itself, in milliseconds; no attempt lasts as long. */
const slotHoldMaxMs = 300_000;
/** How many posts are given places at once, and how many slots are looked at for that. */
const placesMax = 1_000;
/** After a wait the platform told, posts come this far apart, in milliseconds: the first ones learn whether it is over. */
const blockedSpacingMs = 200;
/** Where a slot should be free but was just being looked at by another, in milliseconds. */
const placeMinMs = 50;

/** From a row `post` and its `account`: whom a platform counts when it counts our app. The sandbox is a world of its own. */
export const appSubject = Prisma.sql`post.platform || CASE WHEN account.sandbox THEN '/sandbox' ELSE '' END`;

/**
 * Parts of a statement that has a `candidate` (with `account_id`, `platform`, `sandbox`) and, if it was claimed, a `claimed`:
 * what finds a free slot of every limit, whether there was one, and what takes them.
 */
export function takeSlots(
  limits: readonly RateLimit[],
  claimToken: string,
): { found: Prisma.Sql; areFound: Prisma.Sql; taken: Prisma.Sql } {
  if (limits.length === 0) return { found: Prisma.empty, areFound: Prisma.sql`true`, taken: Prisma.empty };
  return {
    found: Prisma.sql`, slots AS MATERIALIZED (
      SELECT free.* FROM candidate AS post
      CROSS JOIN LATERAL (SELECT post.account_id AS id, post.sandbox) AS account
      CROSS JOIN ${wanted(limits)}
      CROSS JOIN LATERAL (
        SELECT slot.subject, slot.window_ms, slot.number FROM rate_slots AS slot
        WHERE slot.subject = ${subjectOf} AND slot.window_ms = wanted.window_ms AND slot.number <= wanted.max
          AND slot.free_at <= app_now()
        ORDER BY slot.free_at LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED
      ) AS free
      WHERE NOT post.blocked AND NOT post.being_prepared
    )`,
    areFound: Prisma.sql`(SELECT count(*) FROM slots) = ${limits.length}`,
    taken: Prisma.sql`, taken AS (
      UPDATE rate_slots AS slot
      SET taken_at = app_now(), claim_token = ${claimToken}::uuid,
          free_at = app_now() + (${slotHoldMaxMs} + slot.window_ms) * interval '1 millisecond'
      FROM slots, claimed
      WHERE slot.subject = slots.subject AND slot.window_ms = slots.window_ms AND slot.number = slots.number
    )`,
  };
}

/**
 * The body of a statement's part that frees the slots of a claim, in a statement that has settled its `post`.
 *
 * @param counted whether the platform may have counted what was sent under it
 * @param lost whether no answer came: what left may be on its way until the claim's lease would be over
 */
export function releaseSlots(claimToken: string, counted: Prisma.Sql, lost = false): Prisma.Sql {
  return releaseSlotsOf(Prisma.sql`${claimToken}::uuid`, counted, lost);
}

/** The same where the token of the claim is a column of `post`. */
export function releaseSlotsOf(claimToken: Prisma.Sql, counted: Prisma.Sql, lost = false): Prisma.Sql {
  // Every part of a statement sees the row as it was before it.
  const over = lost
    ? Prisma.sql`greatest(app_now(), (SELECT lease_until FROM posts AS before WHERE before.id = post.id))`
    : Prisma.sql`app_now()`;
  return Prisma.sql`
      UPDATE rate_slots AS slot
      SET claim_token = NULL,
          free_at = CASE WHEN ${counted} THEN ${over} + slot.window_ms * interval '1 millisecond' ELSE app_now() END
      FROM post
      WHERE slot.claim_token = ${claimToken}`;
}

/**
 * Makes more slots for a post's limits where all of those there are, are in use.
 *
 * @returns whether there is a slot of each limit by now, and it is worth claiming again
 */
export async function makeRateSlots(
  database: Database,
  { postId, limits }: { postId: string; limits: readonly RateLimit[] },
): Promise<boolean> {
  if (limits.length === 0) return false;
  const [row] = await database.prisma.$queryRaw<[{ enough: boolean }]>`
    WITH state AS (
      SELECT ${subjectOf} AS subject, wanted.window_ms, wanted.max, made.number AS made,
             EXISTS (SELECT FROM rate_slots AS slot
               WHERE slot.subject = ${subjectOf} AND slot.window_ms = wanted.window_ms AND slot.number <= wanted.max
                 AND slot.free_at <= app_now()) AS free,
             EXISTS (SELECT FROM rate_blocks
               WHERE subject IN (account.id::text, ${appSubject}) AND until > app_now()) AS blocked
      FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
      CROSS JOIN ${wanted(limits)}
      CROSS JOIN LATERAL (
        SELECT count(*)::int AS number FROM rate_slots AS slot
        WHERE slot.subject = ${subjectOf} AND slot.window_ms = wanted.window_ms AND slot.number <= wanted.max
      ) AS made
      WHERE post.id = ${postId}::uuid
    ), more AS (
      INSERT INTO rate_slots (subject, window_ms, number)
      SELECT subject, window_ms, number
      FROM state, generate_series(1, least(max, made + ${slotsMadeMax}::int)) AS number
      WHERE NOT free AND NOT blocked
      ON CONFLICT DO NOTHING
    )
    SELECT coalesce(bool_and((free OR made < max) AND NOT blocked), false) AS enough FROM state`;
  return row.enough;
}

/** What a platform said in another place than an answer to publishing: nothing is sent for so long. */
export async function blockSends(
  database: Database,
  { postId, scope, waitMs }: { postId: string; scope?: "post" | "account" | "app"; waitMs: number },
): Promise<void> {
  if (scope !== "account" && scope !== "app") return;
  await database.prisma.$executeRaw`
    INSERT INTO rate_blocks (subject, until)
    SELECT CASE WHEN ${scope} = 'account' THEN account.id::text ELSE ${appSubject} END,
           app_now() + ${waitMs}::float8 * interval '1 millisecond'
    FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
    WHERE post.id = ${postId}::uuid
    ON CONFLICT (subject) DO UPDATE SET until = greatest(rate_blocks.until, excluded.until)`;
}

/** What keeps a post waiting longest, and all that waits for it. */
interface Binding extends SlotTimes {
  scope: "account" | "app";
  accountId: string;
  platform: string;
  sandbox: boolean;
  /** The database's time. */
  now: Date;
}

/**
 * Gives the due posts that stand behind the same limit as this one their places. Whoever is just being claimed is left
 * out, and finds its place by itself.
 *
 * @returns how long until this post's, in milliseconds
 */
export async function giveLimitedPostsPlaces(
  database: Database,
  { postId, limits }: { postId: string; limits: readonly RateLimit[] },
): Promise<number> {
  const binding = await findBinding(database, { postId, limits });
  // A slot that looks free was being taken by another just now: soon one knows.
  if (binding === null || binding.times[0]! <= binding.now) return placeMinMs;
  const behind =
    binding.scope === "account"
      ? Prisma.sql`post.platform = ${binding.platform} AND post.social_account_id = ${binding.accountId}::uuid`
      : Prisma.sql`post.platform = ${binding.platform} AND account.sandbox = ${binding.sandbox}`;
  const places = freePlaces(binding, await readReserved(database, behind), placesMax);
  const [row] = await database.prisma.$queryRaw<{ inMs: number }[]>`
    WITH due AS MATERIALIZED (
      SELECT post.id, post.next_attempt_at, 'limited' = ANY (post.risks_told) AS told
      FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
      WHERE ${behind} AND post.status IN ('scheduled', 'retrying')
        -- Not what came due since the turns were read: its turn, which was counted as spoken for, has just come.
        AND post.next_attempt_at <= ${binding.now}
      ORDER BY post.next_attempt_at, post.id LIMIT ${places.length}
      FOR NO KEY UPDATE OF post SKIP LOCKED
    ), placed AS (
      SELECT id, told, (${places}::timestamptz[])[row_number() OVER (ORDER BY next_attempt_at, id)] AS free_at FROM due
    ), waiting AS (
      UPDATE posts AS post
      SET next_attempt_at = free_at, limited_until = free_at, updated_at = app_now(),
          risks_told = CASE WHEN free_at > late_at AND NOT told THEN risks_told || 'limited'::text ELSE risks_told END
      FROM placed WHERE post.id = placed.id
      RETURNING post.*, free_at > late_at AND NOT told AS at_risk
    ), event AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id, 'post.at_risk',
             jsonb_build_object('status', status, 'revision', revision, 'reason', 'limited',
               'nextAttemptAt', to_char(next_attempt_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
               'scheduledAt', to_char(scheduled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
             request_id
      FROM waiting WHERE at_risk
    )
    SELECT (extract(epoch FROM next_attempt_at - app_now()) * 1000)::float8 AS "inMs" FROM waiting WHERE id = ${postId}::uuid`;
  return Math.max(placeMinMs, row?.inMs ?? placeMinMs);
}

/** When those come back that have their places already. */
async function readReserved(database: Database, behind: Prisma.Sql): Promise<Date[]> {
  const waiting = await database.prisma.$queryRaw<{ at: Date }[]>`
    SELECT post.limited_until AS at
    FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
    WHERE ${behind} AND post.status IN ('scheduled', 'retrying')
      AND post.limited_until > app_now() AND post.limited_until = post.next_attempt_at
    ORDER BY post.limited_until LIMIT ${placesMax}`;
  return waiting.map(({ at }) => at);
}

async function findBinding(
  database: Database,
  { postId, limits }: { postId: string; limits: readonly RateLimit[] },
): Promise<Binding | null> {
  // A slot in use comes free a window from now at the soonest. A wait that the platform told is one slot. Of a limit
  // whose slots are not all made yet one is as good as free, but while there is such a wait none are made.
  const [binding] = await database.prisma.$queryRaw<Binding[]>`
    WITH own AS (
      SELECT post.platform, account.id AS account_id, account.sandbox, ${appSubject} AS app_subject
      FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
      WHERE post.id = ${postId}::uuid
    ), bound AS (
      SELECT wanted.scope, wanted.max, wanted.window_ms, ARRAY(
        SELECT CASE WHEN claim_token IS NULL THEN free_at
               ELSE least(free_at, app_now() + wanted.window_ms * interval '1 millisecond') END AS free
        FROM (SELECT * FROM rate_slots AS slot WHERE ${isOfLimit} AND slot.number <= wanted.max
              ORDER BY free_at LIMIT ${2 * placesMax}) AS slot
        ORDER BY free) AS times
      FROM own CROSS JOIN ${wanted(limits)}
      WHERE EXISTS (SELECT FROM rate_slots AS slot WHERE ${isOfLimit} AND slot.number = wanted.max)
      UNION ALL
      SELECT CASE WHEN subject = own.app_subject THEN 'app' ELSE 'account' END, 1, ${blockedSpacingMs}, ARRAY[until]
      FROM own JOIN rate_blocks ON subject IN (own.account_id::text, own.app_subject) AND until > app_now()
    )
    SELECT bound.scope, own.account_id AS "accountId", own.platform, own.sandbox, bound.times, bound.max,
           bound.window_ms::float8 AS "windowMs", app_now() AS now
    FROM bound CROSS JOIN own
    WHERE cardinality(bound.times) > 0 ORDER BY bound.times[1] DESC LIMIT 1`;
  return binding ?? null;
}

/** From a `slot`, `own` and a row of `wanted`. */
const isOfLimit = Prisma.sql`slot.subject = CASE wanted.scope WHEN 'account' THEN own.account_id::text ELSE own.app_subject END
  AND slot.window_ms = wanted.window_ms`;

/** A table `wanted` (scope, max, window_ms). */
function wanted(limits: readonly RateLimit[]): Prisma.Sql {
  return Prisma.sql`unnest(${limits.map(({ scope }) => scope)}::text[], ${limits.map(({ max }) => max)}::int[],
    ${limits.map(({ windowMs }) => windowMs)}::bigint[]) AS wanted (scope, max, window_ms)`;
}

/** From a row `post`, its `account` and a row of `wanted`. */
const subjectOf = Prisma.sql`CASE wanted.scope WHEN 'account' THEN account.id::text ELSE ${appSubject} END`;
