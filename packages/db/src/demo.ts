/**
 * Demo data: one company to try things with. Its ids are fixed, so that seeding again changes nothing and addresses
 * people wrote down stay good.
 */
import { randomBytes } from "node:crypto";
import type { Keyring } from "@punctual/runtime";
import { createApiKey, findApiKeyOwner } from "./api-keys.ts";
import type { Database } from "./database.ts";

export const demoIds = {
  company: "01900000-0000-7000-8000-000000000001",
  client: "01900000-0000-7000-8000-000000000002",
  /** By platform. */
  socialAccounts: { webhook: "01900000-0000-7000-8000-000000000003" },
} as const;

/** An account of the demo company; the sandbox may be told, to check signatures like a real receiver. */
export interface DemoAccount {
  id: string;
  platform: string;
  name: string;
  credentials: Readonly<Record<string, string>>;
}

/** The database belongs to another installation; the message says what to do. */
export class SeedError extends Error {
  override name = "SeedError";
}

/**
 * Makes the demo company, its client and its sandbox accounts, as far as they are missing.
 *
 * @throws {SeedError} if they are there under other encryption keys
 */
export async function seedDemo(database: Database, keyring: Keyring): Promise<DemoAccount[]> {
  const { company, client, socialAccounts } = demoIds;
  await database.prisma.$executeRaw`
    INSERT INTO companies (id, name) VALUES (${company}::uuid, 'Demo company') ON CONFLICT (id) DO NOTHING`;
  await database.prisma.$executeRaw`
    INSERT INTO clients (id, company_id, name) VALUES (${client}::uuid, ${company}::uuid, 'Demo client')
    ON CONFLICT (id) DO UPDATE SET deleted_at = NULL WHERE clients.deleted_at IS NOT NULL`;
  const accounts: DemoAccount[] = [];
  for (const [platform, id] of Object.entries(socialAccounts)) {
    const draft = { id, platform, name: `Demo ${platform}`, credentials: { secret: newWebhookSecret() } };
    accounts.push({ ...draft, credentials: await seedAccount(database, keyring, draft) });
  }
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
  { id, platform, name, credentials }: DemoAccount,
): Promise<DemoAccount["credentials"]> {
  const sealed = keyring.seal(JSON.stringify(credentials), id);
  await database.prisma.$executeRaw`
    INSERT INTO social_accounts (id, company_id, client_id, platform, name, settings, credentials, sandbox)
    VALUES (${id}::uuid, ${demoIds.company}::uuid, ${demoIds.client}::uuid, ${platform}, ${name}, '{}', ${sealed}, true)
    ON CONFLICT (id) DO UPDATE
    SET deleted_at = NULL, credentials = excluded.credentials, credentials_version = social_accounts.credentials_version + 1
    WHERE social_accounts.deleted_at IS NOT NULL`;
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

function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}
