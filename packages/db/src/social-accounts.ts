/**
 * Connections to platforms. Credentials are sealed on their way in, bound to the account's id, and no record for clients
 * holds them. An account that was deleted keeps its row for the history, and is found by nobody.
 */
import type { Keyring } from "@punctual/runtime";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { newId } from "./id.ts";
import type { PageRequest } from "./page.ts";

/** An account as anybody may see it: without its credentials. */
export interface SocialAccountRecord {
  id: string;
  clientId: string | null;
  platform: string;
  name: string;
  settings: Record<string, unknown>;
  sandbox: boolean;
  status: "active" | "needs_reconnect";
  paused: boolean;
  createdAt: Date;
  updatedAt: Date;
}

export interface NewSocialAccount {
  companyId: string;
  /** The agency's customer it belongs to; null: to the company itself. */
  clientId: string | null;
  platform: string;
  /** For people, 1 to 200 characters. */
  name: string;
  settings: Readonly<Record<string, unknown>>;
  /** In clear; sealed before they are stored. */
  credentials: Readonly<Record<string, unknown>>;
  /** True: its posts go to the sandbox instead of the real network. */
  sandbox: boolean;
}

/** Selects a `SocialAccountRecord`. */
export const socialAccountColumns = Prisma.sql`id, client_id AS "clientId", platform, name, settings, sandbox, status, paused,
  created_at AS "createdAt", updated_at AS "updatedAt"`;

/** Connects an account. Null if the company has no such client. */
export async function createSocialAccount(
  database: Database,
  keyring: Keyring,
  account: NewSocialAccount,
): Promise<SocialAccountRecord | null> {
  const id = newId();
  const [created] = await database.prisma.$queryRaw<SocialAccountRecord[]>`
    WITH client AS MATERIALIZED (
      -- Whoever deletes the client either waits for us or is seen by us.
      SELECT id FROM clients
      WHERE id = ${account.clientId}::uuid AND company_id = ${account.companyId}::uuid AND deleted_at IS NULL
      FOR SHARE
    )
    INSERT INTO social_accounts (id, company_id, client_id, platform, name, settings, credentials, sandbox)
    SELECT ${id}::uuid, ${account.companyId}::uuid, ${account.clientId}::uuid, ${account.platform}, ${account.name},
           ${JSON.stringify(account.settings)}::jsonb, ${keyring.seal(JSON.stringify(account.credentials), id)}, ${account.sandbox}
    WHERE ${account.clientId}::uuid IS NULL OR EXISTS (SELECT FROM client)
    RETURNING ${socialAccountColumns}`;
  return created ?? null;
}

/** One account of a company; null if it has no such account. */
export async function findSocialAccount(
  database: Database,
  { companyId, id }: { companyId: string; id: string },
): Promise<SocialAccountRecord | null> {
  const [account] = await database.prisma.$queryRaw<SocialAccountRecord[]>`
    SELECT ${socialAccountColumns} FROM social_accounts
    WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND deleted_at IS NULL`;
  return account ?? null;
}

/** A company's accounts, newest first. */
export function listSocialAccounts(
  database: Database,
  { companyId, limit, beforeId }: PageRequest & { companyId: string },
): Promise<SocialAccountRecord[]> {
  return database.prisma.$queryRaw<SocialAccountRecord[]>`
    SELECT ${socialAccountColumns} FROM social_accounts
    WHERE company_id = ${companyId}::uuid AND deleted_at IS NULL AND (${beforeId}::uuid IS NULL OR id < ${beforeId}::uuid)
    ORDER BY id DESC LIMIT ${limit}`;
}

/** The accounts of some of a company's clients, newest first. */
export async function listClientAccounts(
  database: Database,
  { companyId, clientIds }: { companyId: string; clientIds: readonly string[] },
): Promise<SocialAccountRecord[]> {
  if (clientIds.length === 0) return [];
  return database.prisma.$queryRaw<SocialAccountRecord[]>`
    SELECT ${socialAccountColumns} FROM social_accounts
    WHERE company_id = ${companyId}::uuid AND client_id = ANY (${[...clientIds]}::uuid[]) AND deleted_at IS NULL
    ORDER BY id DESC`;
}
