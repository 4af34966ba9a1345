/**
 * Keys of client applications: `pk_` and 32 random bytes as base64url. Only the SHA-256 is stored; with 256 random
 * bits there is nothing a salt or a slow hash would protect, and finding the row by its hash compares nothing secret
 * byte by byte.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Database } from "./database.ts";
import { newId } from "./id.ts";

/** Each scope may do what the ones before it may. */
export const apiKeyScopes = ["read", "write", "admin"] as const;
export type ApiKeyScope = (typeof apiKeyScopes)[number];

export interface NewApiKey {
  companyId: string;
  /** For people, 1 to 200 characters. */
  name: string;
  scope: ApiKeyScope;
  /** From when on the key is refused; null or left out: never. */
  expiresAt?: Date | null;
}

/** Whom a key speaks for. */
export interface ApiKeyOwner {
  apiKeyId: string;
  companyId: string;
  scope: ApiKeyScope;
}

const keyPattern = /^pk_[A-Za-z0-9_-]{43}$/;
/** As much of a key as may be shown to tell keys apart. */
const prefixLength = 10;

/** Makes a key. `key` is the clear text: it is returned here, once, and stored nowhere. */
export async function createApiKey(
  database: Database,
  { companyId, name, scope, expiresAt = null }: NewApiKey,
): Promise<{ id: string; key: string }> {
  const id = newId();
  const key = `pk_${randomBytes(32).toString("base64url")}`;
  await database.prisma.$executeRaw`
    INSERT INTO api_keys (id, company_id, name, scope, key_hash, prefix, expires_at)
    VALUES (${id}::uuid, ${companyId}::uuid, ${name}, ${scope}, ${hashApiKey(key)}, ${key.slice(0, prefixLength)},
            ${expiresAt}::timestamptz)`;
  return { id, key };
}

/** Whose key this is; null if it is nobody's, revoked or expired. */
export async function findApiKeyOwner(database: Database, key: string): Promise<ApiKeyOwner | null> {
  if (!keyPattern.test(key)) return null;
  const [owner] = await database.prisma.$queryRaw<ApiKeyOwner[]>`
    SELECT id AS "apiKeyId", company_id AS "companyId", scope FROM api_keys
    WHERE key_hash = ${hashApiKey(key)} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > app_now())`;
  return owner ?? null;
}

/** From now on the key is refused. False if the company has no such key that was not revoked before. */
export async function revokeApiKey(
  database: Database,
  { companyId, id }: { companyId: string; id: string },
): Promise<boolean> {
  const changed = await database.prisma.$executeRaw`
    UPDATE api_keys SET revoked_at = app_now()
    WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND revoked_at IS NULL`;
  return changed > 0;
}

function hashApiKey(key: string): Buffer<ArrayBuffer> {
  return createHash("sha256").update(key).digest();
}
