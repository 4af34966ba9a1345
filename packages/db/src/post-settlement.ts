/**
 * Recording what an attempt came to, and what follows, in one statement that only the claim's holder can win. The
 * row, its attempt and the event change together or not at all.
 */
import type { EventType, Outcome, Published, Settlement } from "@punctual/core";
import { categoryOf } from "@punctual/core";
import type { Database } from "./database.ts";
import { settlePublishedTogether } from "./gathered-settlements.ts";
import { Prisma } from "./generated/client.ts";
import { appSubject, releaseSlots } from "./rate-slots.ts";
import { eventData, latenessMs } from "./settled-row.ts";

export interface SettlementRecord {
  postId: string;
  claimToken: string;
  settlement: Settlement;
  attempt: AttemptEnd;
  /** True when no job in Redis will bring the post back by itself: the row then asks for a new one. */
  needsJob: boolean;
  /** For whoever settles in a dead worker's name: only once its lease is over. */
  onlyAfterLease?: boolean;
}

/** How the attempt itself ended. */
export interface AttemptEnd {
  outcome: "published" | "retry" | "wait" | "reconnect" | "rejected" | "unknown" | "released" | "abandoned";
  category: string | null;
  code: string | null;
  message: string | null;
  httpStatus: number | null;
}

/** An outcome as its attempt row tells it. */
export function attemptEnd(outcome: Outcome): AttemptEnd {
  if (outcome.kind === "published") {
    return { outcome: "published", category: null, code: null, message: null, httpStatus: outcome.httpStatus ?? null };
  }
  const { kind, code, message, httpStatus } = outcome;
  return { outcome: kind, category: categoryOf(outcome), code, message, httpStatus: httpStatus ?? null };
}

/** How long after becoming unconfirmed the platform is read first, in milliseconds: what left may still be on its way. */
const firstLookMs = 5_000;

const eventOf = {
  published: "post.published",
  retrying: "post.retrying",
  failed: "post.failed",
  unconfirmed: "post.unconfirmed",
  held: "post.held",
} as const satisfies Record<Settlement["status"], EventType>;

/** Whether `settleClaim` found the claim still held. */
export async function recordSettlement(database: Database, record: SettlementRecord): Promise<boolean> {
  return (await settleClaim(database, record)) !== null;
}

export interface SettledPost {
  /** Of a post that is published now, in milliseconds. */
  latenessMs: number | null;
}

/**
 * Records a settlement under its claim. Successes recorded at the same time share a statement.
 *
 * @returns null if the claim is no longer held: another has decided, nothing was changed
 */
export async function settleClaim(database: Database, record: SettlementRecord): Promise<SettledPost | null> {
  const { postId, claimToken, settlement, attempt, needsJob, onlyAfterLease = false } = record;
  if (settlement.status === "published" && attempt.outcome === "published" && !onlyAfterLease) {
    const { published } = settlement;
    const settled = await settlePublishedTogether(database, { postId, claimToken, published, attempt, needsJob });
    if (settled !== null) return settled;
  }
  return settleAlone(database, record);
}

/** Waits for whoever is at the post. */
async function settleAlone(database: Database, record: SettlementRecord): Promise<SettledPost | null> {
  const { postId, claimToken, settlement, attempt, needsJob } = record;
  const status: string = settlement.status;
  const published: Published | null = settlement.status === "published" ? settlement.published : null;
  const failure = settlement.status === "published" ? null : settlement.failure;
  const retrying = settlement.status === "retrying" ? settlement : null;
  const held = settlement.status === "held" ? settlement : null;
  const nextAttemptAt = Prisma.sql`app_now() + ${retrying?.delayMs ?? 0} * interval '1 millisecond'`;
  // A platform counts what reached it, also what it refused; not what it turned away for a limit.
  const counted =
    !["wait", "reconnect", "released", "abandoned"].includes(attempt.outcome) && attempt.category !== "network";
  const lost = attempt.outcome === "unknown" && attempt.httpStatus === null;
  const [settled] = await database.prisma.$queryRaw<SettledPost[]>`
    WITH post AS (
      UPDATE posts AS post
      SET status = ${status},
          held_reason = CASE WHEN ${status} = 'held' THEN 'needs_reconnect' END,
          outcome_open = ${retrying?.outcomeOpen ?? held?.outcomeOpen ?? false},
          next_attempt_at = CASE WHEN ${status} = 'retrying' THEN ${nextAttemptAt} ELSE post.next_attempt_at END,
          limited_until = CASE WHEN ${attempt.outcome === "wait"} THEN ${nextAttemptAt} END,
          attempts_used = post.attempts_used - ${retrying?.counts === false ? 1 : 0},
          generation = post.generation + ${needsJob ? 1 : 0},
          enqueued_rev = CASE WHEN ${needsJob} THEN 0 ELSE post.enqueued_rev END,
          claim_token = NULL, claimed_by = NULL, lease_until = NULL,
          unconfirmed_at = CASE WHEN ${status} = 'unconfirmed' THEN app_now() ELSE post.unconfirmed_at END,
          confirm_at = CASE WHEN ${status} = 'unconfirmed' THEN app_now() + ${firstLookMs} * interval '1 millisecond' END,
          confirm_count = 0,
          published_at = CASE WHEN ${status} = 'published' THEN app_now() END,
          lateness_ms = CASE WHEN ${status} = 'published' THEN ${latenessMs} END,
          external_id = ${published?.externalId ?? null}, external_url = ${published?.externalUrl ?? null},
          failure_category = ${failure?.category ?? null}, failure_code = ${failure?.code ?? null},
          failure_message = ${failure?.message ?? null}, failed_at = CASE WHEN ${failure !== null} THEN app_now() END,
          updated_at = app_now()
      FROM attempts AS attempt
      WHERE post.id = ${postId}::uuid AND post.status = 'publishing' AND post.claim_token = ${claimToken}::uuid
        AND attempt.post_id = post.id AND attempt.claim_token = post.claim_token
        AND (NOT ${record.onlyAfterLease ?? false} OR post.lease_until < app_now())
      RETURNING post.*, attempt.phase
    ), slots AS (${releaseSlots(claimToken, Prisma.sql`${counted} AND post.phase = 'sending'`, lost)}
    )${blockOthers(retrying?.blocks, nextAttemptAt)}, ended AS (
      UPDATE attempts
      SET outcome = ${attempt.outcome}, category = ${attempt.category}, code = ${attempt.code}, message = ${attempt.message},
          http_status = ${attempt.httpStatus}::integer, external_id = ${published?.externalId ?? null},
          external_url = ${published?.externalUrl ?? null}, ended_at = app_now()
      WHERE post_id = ${postId}::uuid AND claim_token = ${claimToken}::uuid AND EXISTS (SELECT FROM post)
    ), account AS (
      -- Only the credentials that were refused: newer ones may be fine.
      UPDATE social_accounts SET status = 'needs_reconnect', updated_at = app_now()
      WHERE id = (SELECT social_account_id FROM post) AND credentials_version = ${held?.credentialsVersion ?? 0} AND status = 'active'
      RETURNING id, company_id
    ), events AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id, ${eventOf[settlement.status]}, ${eventData}, request_id FROM post
      UNION ALL
      SELECT company_id, NULL, id, 'account.needs_reconnect', jsonb_build_object('credentialsVersion', ${held?.credentialsVersion ?? 0}::integer), NULL
      FROM account
    )
    SELECT lateness_ms AS "latenessMs" FROM post`;
  return settled ?? null;
}

/** In a statement with a settled `post`: nothing is sent for the account or the app before that time. */
function blockOthers(scope: "account" | "app" | undefined, until: Prisma.Sql): Prisma.Sql {
  if (scope === undefined) return Prisma.empty;
  return Prisma.sql`, blocked AS (
      INSERT INTO rate_blocks (subject, until)
      SELECT CASE WHEN ${scope} = 'account' THEN account.id::text ELSE ${appSubject} END, ${until}
      FROM post JOIN social_accounts AS account ON account.id = post.social_account_id
      ON CONFLICT (subject) DO UPDATE SET until = greatest(rate_blocks.until, excluded.until)
    )`;
}

export type LateSuccess =
  /** The post is published now, by this attempt. */
  | "recorded"
  /** It was published already, by this attempt or another, and the platform did nothing twice. */
  | "repeat"
  /** It was published already, and now a second time. */
  | "doubled"
  /** There is no such attempt. */
  | "unknown_attempt";

export interface LateRecord {
  postId: string;
  claimToken: string;
  published: Published;
  /** Whether the platform takes a repeat for the same post. */
  repeatIsHarmless: boolean;
}

/** Records a success whose claim was lost meanwhile. What the platform did is a fact, whatever state we had come to. */
export async function recordLateSuccess(database: Database, record: LateRecord): Promise<LateSuccess> {
  // Another's success that was recorded while this one waited for the row can only be judged once it is to be seen. It
  // happens once, since what is published stays so.
  const outcome = await recordUnlessOvertaken(database, record);
  return outcome === "overtaken" ? recordLateSuccess(database, record) : outcome;
}

async function recordUnlessOvertaken(
  database: Database,
  { postId, claimToken, published, repeatIsHarmless }: LateRecord,
): Promise<LateSuccess | "overtaken"> {
  const [row] = await database.prisma.$queryRaw<{ outcome: LateSuccess | "overtaken" }[]>`
    WITH post AS (
      UPDATE posts AS post
      SET status = 'published', held_reason = NULL, outcome_open = false,
          claim_token = NULL, claimed_by = NULL, lease_until = NULL, confirm_at = NULL,
          published_at = app_now(), lateness_ms = ${latenessMs},
          external_id = ${published.externalId ?? null}, external_url = ${published.externalUrl ?? null},
          failure_category = NULL, failure_code = NULL, failure_message = NULL, failed_at = NULL, updated_at = app_now()
      FROM attempts AS attempt
      WHERE post.id = ${postId}::uuid AND post.status <> 'published'
        AND attempt.post_id = post.id AND attempt.claim_token = ${claimToken}::uuid
      RETURNING post.*
    ), verdict AS (
      SELECT CASE
        WHEN EXISTS (SELECT FROM post) THEN 'recorded'
        WHEN post.status <> 'published' THEN 'overtaken'
        WHEN ${repeatIsHarmless} OR post.external_id = ${published.externalId ?? null} THEN 'repeat'
        WHEN post.external_id <> ${published.externalId ?? null} OR EXISTS (SELECT FROM attempts
          WHERE post_id = post.id AND claim_token <> ${claimToken}::uuid AND outcome = 'published') THEN 'doubled'
        -- The same success told twice, its first answer lost; or somebody had said so who knew no id.
        ELSE 'repeat' END AS outcome
      FROM posts AS post
      JOIN attempts AS own ON own.post_id = post.id AND own.claim_token = ${claimToken}::uuid
      WHERE post.id = ${postId}::uuid
    ), ended AS (
      UPDATE attempts
      SET outcome = CASE WHEN verdict.outcome = 'doubled' THEN 'doubled' ELSE 'published' END,
          category = NULL, code = NULL, message = NULL, http_status = ${published.httpStatus ?? null}::integer,
          external_id = ${published.externalId ?? null}, external_url = ${published.externalUrl ?? null}, ended_at = app_now()
      FROM verdict
      WHERE post_id = ${postId}::uuid AND claim_token = ${claimToken}::uuid AND verdict.outcome <> 'overtaken'
    ), event AS (
      INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id)
      SELECT company_id, id, social_account_id, 'post.published', ${eventData}, request_id FROM post
    )
    SELECT outcome FROM verdict`;
  return row?.outcome ?? "unknown_attempt";
}

/** Ends an attempt whose post others have decided about meanwhile; what it came to is still worth knowing. */
export async function endLostAttempt(
  database: Database,
  { postId, claimToken, attempt }: { postId: string; claimToken: string; attempt: AttemptEnd },
): Promise<void> {
  await database.prisma.$executeRaw`
    UPDATE attempts
    SET outcome = ${attempt.outcome}, category = ${attempt.category}, code = ${attempt.code}, message = ${attempt.message},
        http_status = ${attempt.httpStatus}::integer, ended_at = app_now()
    WHERE post_id = ${postId}::uuid AND claim_token = ${claimToken}::uuid AND outcome IS NULL`;
}

/** Whether another post goes by this id on its platform. */
export async function isExternalIdTaken(
  database: Database,
  { platform, externalId, exceptPostId }: { platform: string; externalId: string; exceptPostId: string },
): Promise<boolean> {
  const other = await database.prisma.post.findFirst({
    where: { platform, externalId, id: { not: exceptPostId } },
    select: { id: true },
  });
  return other !== null;
}
