/**
 * Changing an account. Whoever changes it decides on what it read, credentials included, because a platform judges
 * settings and credentials together; the change happens only if both are still exactly that. New credentials carry a
 * new version, so a failure of the old ones that is reported late cannot disconnect them.
 */
import type { AccountName } from "./account-pausing.ts";
import type { Database } from "./database.ts";
import { socialAccountColumns, type SocialAccountRecord } from "./social-accounts.ts";

/** An account with its credentials, sealed. */
export interface SealedSocialAccount extends SocialAccountRecord {
  credentials: string;
  credentialsVersion: number;
}

export interface SocialAccountChange {
  companyId: string;
  /** The account as the decision saw it. */
  expected: SealedSocialAccount;
  /** Undefined, here and below: the same as before, whatever that is by then. */
  name: string | undefined;
  clientId: string | null | undefined;
  settings: Readonly<Record<string, unknown>>;
  /** New ones, sealed; null: the same as before. */
  credentials: string | null;
  requestId: string;
}

/** Null if the company has no such account. */
export async function findSealedSocialAccount(
  database: Database,
  { companyId, id }: AccountName,
): Promise<SealedSocialAccount | null> {
  const [account] = await database.prisma.$queryRaw<SealedSocialAccount[]>`
    SELECT ${socialAccountColumns}, credentials, credentials_version AS "credentialsVersion" FROM social_accounts
    WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND deleted_at IS NULL`;
  return account ?? null;
}

/** A company's accounts of one platform, of one client or of none. */
export function listSealedAccounts(
  database: Database,
  which: { companyId: string; clientId: string | null; platform: string; sandbox: boolean },
): Promise<SealedSocialAccount[]> {
  const { companyId, clientId, platform, sandbox } = which;
  return database.prisma.$queryRaw<SealedSocialAccount[]>`
    SELECT ${socialAccountColumns}, credentials, credentials_version AS "credentialsVersion" FROM social_accounts
    WHERE company_id = ${companyId}::uuid AND client_id IS NOT DISTINCT FROM ${clientId}::uuid
      AND platform = ${platform} AND sandbox = ${sandbox} AND deleted_at IS NULL
    ORDER BY id DESC`;
}

/**
 * Changes an account. With new credentials it is believed to work again; releasing its posts is left to the caller.
 *
 * @returns null if the account is not as expected any more, or the company has no such client; nothing was changed
 */
export async function changeSocialAccount(
  database: Database,
  { companyId, expected, name, clientId, settings, credentials, requestId }: SocialAccountChange,
): Promise<SocialAccountRecord | null> {
  const reconnects = credentials !== null;
  const [changed] = await database.prisma.$queryRaw<SocialAccountRecord[]>`
    WITH client AS MATERIALIZED (
      -- Whoever deletes the client either waits for us or is seen by us.
      SELECT id FROM clients
      WHERE id = ${clientId ?? null}::uuid AND company_id = ${companyId}::uuid AND deleted_at IS NULL
      FOR SHARE
    ), before AS MATERIALIZED (
      SELECT id, status FROM social_accounts
      WHERE id = ${expected.id}::uuid AND company_id = ${companyId}::uuid AND deleted_at IS NULL
        AND credentials = ${expected.credentials} AND settings = ${JSON.stringify(expected.settings)}::jsonb
      FOR UPDATE
    ), changed AS (
      UPDATE social_accounts AS account
      SET name = coalesce(${name ?? null}, name), settings = ${JSON.stringify(settings)}::jsonb,
          client_id = CASE WHEN ${clientId === undefined} THEN client_id ELSE ${clientId ?? null}::uuid END,
          credentials = coalesce(${credentials}, credentials),
          credentials_version = credentials_version + ${reconnects ? 1 : 0}::integer,
          credentials_at = CASE WHEN ${reconnects} THEN app_now() ELSE credentials_at END,
          refreshed_at = CASE WHEN ${reconnects} THEN NULL ELSE refreshed_at END,
          refresh_at = CASE WHEN ${reconnects} THEN app_now() ELSE refresh_at END,
          refresh_failures = CASE WHEN ${reconnects} THEN 0 ELSE refresh_failures END,
          refresh_claim = CASE WHEN ${reconnects} THEN NULL ELSE refresh_claim END,
          refresh_claim_until = CASE WHEN ${reconnects} THEN NULL ELSE refresh_claim_until END,
          checked_at = CASE WHEN ${reconnects} THEN NULL ELSE checked_at END,
          status = CASE WHEN ${reconnects} THEN 'active' ELSE account.status END, updated_at = app_now()
      FROM before
      WHERE account.id = before.id AND (${clientId ?? null}::uuid IS NULL OR EXISTS (SELECT FROM client))
      RETURNING account.*, before.status AS status_before
    ), announced AS (
      INSERT INTO events (company_id, social_account_id, type, data, request_id)
      SELECT company_id, id, 'account.reconnected', jsonb_build_object('credentialsVersion', credentials_version), ${requestId}
      FROM changed WHERE status_before = 'needs_reconnect' AND status = 'active'
    )
    SELECT ${socialAccountColumns} FROM changed`;
  if (changed === undefined) return null;
  if (reconnects && changed.paused) await holdForPauseOnly(database, changed.id);
  return changed;
}

/** What was held for its credentials is held because somebody paused the account, from now on. */
async function holdForPauseOnly(database: Database, id: string): Promise<void> {
  await database.prisma.$executeRaw`
    UPDATE posts SET held_reason = 'paused', updated_at = app_now()
    WHERE social_account_id = ${id}::uuid AND status = 'held' AND held_reason = 'needs_reconnect'`;
}
