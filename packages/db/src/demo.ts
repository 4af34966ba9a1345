/**
 * Demo data: one company to try things with. Its ids are fixed, so that seeding again changes nothing and addresses
 * people wrote down stay good.
 */
import type { Keyring } from "@punctual/runtime";
import { createApiKey, findApiKeyOwner } from "./api-keys.ts";
import type { Database } from "./database.ts";

export const demoIds = {
  company: "01900000-0000-7000-8000-000000000001",
  client: "01900000-0000-7000-8000-000000000002",
} as const;

/** A sandbox account of the demo company. */
export interface DemoAccount {
  id: string;
  platform: string;
  name: string;
  settings: Readonly<Record<string, string>>;
  credentials: Readonly<Record<string, string>>;
}

/** The database belongs to another installation; the message says what to do. */
export class SeedError extends Error {
  override name = "SeedError";
}

/**
 * Makes the demo company, its client and its sandbox accounts, as far as they are missing.
 *
 * @returns the accounts as they are: what was there keeps its credentials
 * @throws {SeedError} if they are there under other encryption keys
 */
export async function seedDemo<Account extends DemoAccount>(
  database: Database,
  keyring: Keyring,
  drafts: readonly Account[],
): Promise<Account[]> {
  const { company, client } = demoIds;
  await database.prisma.$executeRaw`
    INSERT INTO companies (id, name) VALUES (${company}::uuid, 'Demo company') ON CONFLICT DO NOTHING`;
  // On any conflict: of two that insert at once, one may meet the other at another unique index than the id's.
  await database.prisma.$executeRaw`
    INSERT INTO clients (id, company_id, name) VALUES (${client}::uuid, ${company}::uuid, 'Demo client')
    ON CONFLICT DO NOTHING`;
  await database.prisma.$executeRaw`
    UPDATE clients SET deleted_at = NULL WHERE id = ${client}::uuid AND deleted_at IS NOT NULL`;
  const accounts: Account[] = [];
  for (const draft of drafts) accounts.push({ ...draft, credentials: await seedAccount(database, keyring, draft) });
  return accounts;
}

/**
 * A key of scope admin for the demo company.
 *
 * @param known a key that may be one already
 * @returns the known key if it is, else a new one, in clear
 */
export async function demoApiKey(
  database: Database,
  known: string | undefined,
): Promise<{ key: string; isNew: boolean }> {
  const owner = known === undefined ? null : await findApiKeyOwner(database, known);
  if (known !== undefined && owner?.companyId === demoIds.company && owner.scope === "admin") {
    return { key: known, isNew: false };
  }
  const { key } = await createApiKey(database, { companyId: demoIds.company, name: "Demo key", scope: "admin" });
  return { key, isNew: true };
}

/** @returns the account's credentials, which are the draft's if it is new */
async function seedAccount(
  database: Database,
  keyring: Keyring,
  { id, platform, name, settings, credentials }: DemoAccount,
): Promise<DemoAccount["credentials"]> {
  const sealed = keyring.seal(JSON.stringify(credentials), id);
  await database.prisma.$executeRaw`
    INSERT INTO social_accounts (id, company_id, client_id, platform, name, settings, credentials, sandbox)
    VALUES (${id}::uuid, ${demoIds.company}::uuid, ${demoIds.client}::uuid, ${platform}, ${name},
            ${JSON.stringify(settings)}::jsonb, ${sealed}, true)
    ON CONFLICT DO NOTHING`;
  await database.prisma.$executeRaw`
    UPDATE social_accounts
    SET deleted_at = NULL, credentials = ${sealed}, credentials_version = credentials_version + 1
    WHERE id = ${id}::uuid AND deleted_at IS NOT NULL`;
  const stored = await database.prisma.socialAccount.findUniqueOrThrow({
    where: { id },
    select: { credentials: true },
  });
  const opened = tryOpen(keyring, stored.credentials, id);
  if (opened !== null) return opened;
  throw new SeedError(
    "The credentials in this database are sealed under other ENCRYPTION_KEYS: set ENCRYPTION_KEYS to theirs, or use another database.",
  );
}

function tryOpen(keyring: Keyring, sealed: string, context: string): DemoAccount["credentials"] | null {
  try {
    return JSON.parse(keyring.open(sealed, context)) as DemoAccount["credentials"];
  } catch {
    return null;
  }
}
