/**
 * Renewing an account's credentials, one process at a time: the account's row carries a lease, taken by naming the version
 * that is to be renewed. What the platform gave is kept by that version alone: a lease that ran out meanwhile must not
 * make us throw away the only refresh token there is, and a change of keys, which leaves the version, is in nobody's way.
 */
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { ClaimedPost } from "./post-claim.ts";

/** An account whose credentials may have to be renewed. */
export interface RenewableAccount {
  id: string;
  platform: string;
  account: ClaimedPost["account"];
  /** Since when these credentials are here. */
  credentialsAt: Date;
  /** When the machine got them from the platform; null: a person gave them. */
  refreshedAt: Date | null;
  /** How often in a row renewing came to nothing. */
  failures: number;
  /** The database's time. */
  now: Date;
}

export type RenewalClaim =
  | { kind: "taken"; renewable: RenewableAccount }
  /** There are other credentials by now. */
  | { kind: "newer" }
  /** Another is at it. */
  | { kind: "busy" }
  /** Deleted, or a person must reconnect it. */
  | { kind: "closed" };

const renewableColumns = Prisma.sql`account.id, account.platform,
  jsonb_build_object('settings', account.settings, 'credentials', account.credentials,
    'credentialsVersion', account.credentials_version, 'sandbox', account.sandbox) AS account,
  account.credentials_at AS "credentialsAt", account.refreshed_at AS "refreshedAt",
  account.refresh_failures AS failures, app_now() AS now`;

/** @param leaseMs how long the call to the platform may take, with a margin, in milliseconds */
export async function claimRenewal(
  database: Database,
  request: { socialAccountId: string; credentialsVersion: number; claimToken: string; leaseMs: number },
): Promise<RenewalClaim> {
  const { socialAccountId, credentialsVersion, claimToken, leaseMs } = request;
  const [renewable] = await database.prisma.$queryRaw<RenewableAccount[]>`
    UPDATE social_accounts AS account
    SET refresh_claim = ${claimToken}::uuid, refresh_claim_until = app_now() + ${leaseMs} * interval '1 millisecond'
    WHERE id = ${socialAccountId}::uuid AND credentials_version = ${credentialsVersion} AND status = 'active'
      AND deleted_at IS NULL AND (refresh_claim IS NULL OR refresh_claim_until < app_now())
    RETURNING ${renewableColumns}`;
  if (renewable !== undefined) return { kind: "taken", renewable };
  const [found] = await database.prisma.$queryRaw<{ version: number; open: boolean }[]>`
    SELECT credentials_version AS version, status = 'active' AND deleted_at IS NULL AS open
    FROM social_accounts WHERE id = ${socialAccountId}::uuid`;
  if (found === undefined || !found.open) return { kind: "closed" };
  return found.version === credentialsVersion ? { kind: "busy" } : { kind: "newer" };
}

/**
 * Keeps what the platform gave, under the next version. An account that was disconnected for the old credentials
 * works again.
 *
 * @param credentials sealed
 * @returns false if a person gave others meanwhile, or deleted the account
 */
export async function keepRenewedCredentials(
  database: Database,
  request: { socialAccountId: string; credentialsVersion: number; credentials: string },
): Promise<boolean> {
  const { socialAccountId, credentialsVersion, credentials } = request;
  const [kept] = await database.prisma.$queryRaw<{ id: string }[]>`
    WITH before AS MATERIALIZED (
      SELECT id, status FROM social_accounts
      WHERE id = ${socialAccountId}::uuid AND credentials_version = ${credentialsVersion} AND deleted_at IS NULL
      FOR UPDATE
    ), kept AS (
      UPDATE social_accounts AS account
      SET credentials = ${credentials}, credentials_version = credentials_version + 1, status = 'active',
          credentials_at = app_now(), refreshed_at = app_now(), refresh_at = app_now(), refresh_failures = 0,
          refresh_claim = NULL, refresh_claim_until = NULL, checked_at = NULL, updated_at = app_now()
      FROM before WHERE account.id = before.id
      RETURNING account.id, account.company_id, account.credentials_version, before.status AS status_before
    ), announced AS (
      INSERT INTO events (company_id, social_account_id, type, data)
      SELECT company_id, id, 'account.reconnected', jsonb_build_object('credentialsVersion', credentials_version)
      FROM kept WHERE status_before = 'needs_reconnect'
    )
    SELECT id FROM kept`;
  return kept !== undefined;
}

/** Renewing came to nothing. @param againInMs when it is looked at again, in milliseconds */
export async function endRenewal(
  database: Database,
  request: { socialAccountId: string; claimToken: string; againInMs: number },
): Promise<void> {
  const { socialAccountId, claimToken, againInMs } = request;
  await database.prisma.$executeRaw`
    UPDATE social_accounts
    SET refresh_claim = NULL, refresh_claim_until = NULL, refresh_failures = refresh_failures + 1,
        refresh_at = app_now() + ${againInMs} * interval '1 millisecond'
    WHERE id = ${socialAccountId}::uuid AND refresh_claim = ${claimToken}::uuid`;
}

/** The platform refuses these credentials for good. Other ones, that came meanwhile, may be fine: then nothing happens. */
export async function disconnectAccount(
  database: Database,
  { socialAccountId, credentialsVersion }: { socialAccountId: string; credentialsVersion: number },
): Promise<boolean> {
  const [gone] = await database.prisma.$queryRaw<{ id: string }[]>`
    WITH account AS (
      UPDATE social_accounts
      SET status = 'needs_reconnect', refresh_claim = NULL, refresh_claim_until = NULL, updated_at = app_now()
      WHERE id = ${socialAccountId}::uuid AND credentials_version = ${credentialsVersion} AND status = 'active'
        AND deleted_at IS NULL
      RETURNING id, company_id
    ), event AS (
      INSERT INTO events (company_id, social_account_id, type, data)
      SELECT company_id, id, 'account.needs_reconnect', jsonb_build_object('credentialsVersion', ${credentialsVersion}::integer)
      FROM account
    )
    SELECT id FROM account`;
  return gone !== undefined;
}

/**
 * Accounts at whose credentials it is time to look. The next look is set far enough ahead that two processes do not
 * look at once.
 */
export function takeRenewalLooks(
  database: Database,
  { platforms, limit, lookMs }: { platforms: readonly string[]; limit: number; lookMs: number },
): Promise<RenewableAccount[]> {
  return database.prisma.$queryRaw<RenewableAccount[]>`
    WITH due AS (
      SELECT id FROM social_accounts
      WHERE refresh_at <= app_now() AND status = 'active' AND deleted_at IS NULL AND platform = ANY (${[...platforms]})
      ORDER BY refresh_at LIMIT ${limit}
      FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE social_accounts AS account SET refresh_at = app_now() + ${lookMs} * interval '1 millisecond'
    FROM due WHERE account.id = due.id
    RETURNING ${renewableColumns}`;
}

/** When the credentials of that version are looked at next. */
export async function setRenewalLook(
  database: Database,
  { socialAccountId, credentialsVersion, at }: { socialAccountId: string; credentialsVersion: number; at: Date },
): Promise<void> {
  await database.prisma.$executeRaw`
    UPDATE social_accounts SET refresh_at = ${at}
    WHERE id = ${socialAccountId}::uuid AND credentials_version = ${credentialsVersion}`;
}

/** Posts that waited for new credentials are due now, with new jobs. */
export async function recallRefusedPosts(database: Database, socialAccountId: string): Promise<number> {
  return database.prisma.$executeRaw`
    UPDATE posts
    SET next_attempt_at = app_now(), generation = generation + 1, enqueued_rev = 0, updated_at = app_now()
    WHERE social_account_id = ${socialAccountId}::uuid AND status = 'retrying' AND failure_category = 'auth'
      AND next_attempt_at > app_now()`;
}
