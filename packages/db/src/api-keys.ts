/**
 * Keys of client applications: `pk_` and 32 random bytes as base64url. Only the SHA-256 is stored; with 256 random
 * bits there is nothing a salt or a slow hash would protect, and finding the row by its hash compares nothing secret
 * byte by byte.
 */
import { hash, randomBytes } from "node:crypto";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { gathered } from "./gathering.ts";
import { newId } from "./id.ts";
import type { PageRequest } from "./page.ts";

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
  /** Whether its use was noted within the last minute. */
  useIsNoted: boolean;
}

/** A key as operators see it: never the key itself. */
export interface ApiKeyRecord {
  id: string;
  name: string;
  scope: ApiKeyScope;
  /** The first characters of the key. */
  prefix: string;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  /** To about a minute. */
  lastUsedAt: Date | null;
}

export type ApiKeyIssue =
  /** `key` is the clear text, to be shown once. */
  { kind: "issued"; record: ApiKeyRecord; key: string } | { kind: "no_such_company" } | { kind: "already_expired" };

const keyPattern = /^pk_[A-Za-z0-9_-]{43}$/;
/** As much of a key as may be shown to tell keys apart. */
const prefixLength = 10;
/** How exactly the last use of a key is known, in milliseconds: no more than one write of it in that time. */
const useGranularityMs = 60_000;

const columns = Prisma.sql`id, name, scope, prefix, created_at AS "createdAt", expires_at AS "expiresAt",
  revoked_at AS "revokedAt", last_used_at AS "lastUsedAt"`;

/** Makes a key. `key` is the clear text: it is returned here, once, and stored nowhere. */
export async function createApiKey(
  database: Database,
  { companyId, name, scope, expiresAt = null }: NewApiKey,
): Promise<{ id: string; key: string }> {
  const id = newId();
  const key = newKey();
  await database.prisma.$executeRaw`
    INSERT INTO api_keys (id, company_id, name, scope, key_hash, prefix, expires_at)
    VALUES (${id}::uuid, ${companyId}::uuid, ${name}, ${scope}, ${hashApiKey(key)}, ${key.slice(0, prefixLength)},
            ${expiresAt}::timestamptz)`;
  return { id, key };
}

/** Makes a key for a company that may not exist, and only if it would not be expired from the start. */
export async function issueApiKey(
  database: Database,
  { companyId, name, scope, expiresAt = null }: NewApiKey,
): Promise<ApiKeyIssue> {
  const key = newKey();
  const [row] = await database.prisma.$queryRaw<[{ known: boolean; issued: ApiKeyRecord | null }]>`
    WITH company AS (
      SELECT id FROM companies WHERE id = ${companyId}::uuid
    ), issued AS (
      INSERT INTO api_keys (id, company_id, name, scope, key_hash, prefix, expires_at)
      SELECT ${newId()}::uuid, id, ${name}, ${scope}, ${hashApiKey(key)}, ${key.slice(0, prefixLength)},
             ${expiresAt}::timestamptz
      FROM company WHERE ${expiresAt}::timestamptz IS NULL OR ${expiresAt}::timestamptz > app_now()
      RETURNING ${columns}
    )
    SELECT EXISTS (SELECT FROM company) AS known, (SELECT to_jsonb(issued) FROM issued) AS issued`;
  if (!row.known) return { kind: "no_such_company" };
  if (row.issued === null) return { kind: "already_expired" };
  return { kind: "issued", key, record: fromJson(row.issued) };
}

/** A company's keys, newest first, those that are revoked or expired as well. */
export function listApiKeys(
  database: Database,
  { companyId, limit, beforeId }: PageRequest & { companyId: string },
): Promise<ApiKeyRecord[]> {
  return database.prisma.$queryRaw<ApiKeyRecord[]>`
    SELECT ${columns} FROM api_keys
    WHERE company_id = ${companyId}::uuid AND (${beforeId}::uuid IS NULL OR id < ${beforeId}::uuid)
    ORDER BY id DESC LIMIT ${limit}`;
}

/** Whose key this is; null if it is nobody's, revoked or expired. */
export async function findApiKeyOwner(database: Database, key: string): Promise<ApiKeyOwner | null> {
  return keyPattern.test(key) ? findOwner(database, hashApiKey(key).toString("hex")) : null;
}

/** By the hash in hex. Asked each time, since a revocation counts from the next request on; but of all at the same time at once. */
const findOwner = gathered<string, ApiKeyOwner | null>({ parallelMax: 1, sizeMax: 200 }, async (database, hashes) => {
  const asked = [...new Set(hashes)].map((hash) => String.raw`\x${hash}`);
  const rows = await database.prisma.$queryRaw<(ApiKeyOwner & { hash: string })[]>`/* =find-api-key-owners */
    SELECT encode(key_hash, 'hex') AS hash, id AS "apiKeyId", company_id AS "companyId", scope,
           coalesce(last_used_at > app_now() - ${useGranularityMs} * interval '1 millisecond', false) AS "useIsNoted"
    FROM api_keys
    WHERE key_hash = ANY (${asked}::bytea[]) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > app_now())`;
  const owners = new Map(rows.map(({ hash, ...owner }) => [hash, owner]));
  return hashes.map((hash) => owners.get(hash) ?? null);
});

/** Notes that a key was used now, if that was not noted within the last minute. */
export async function noteApiKeyUse(database: Database, id: string): Promise<void> {
  await database.prisma.$executeRaw`
    UPDATE api_keys SET last_used_at = app_now()
    WHERE id = ${id}::uuid
      AND (last_used_at IS NULL OR last_used_at <= app_now() - ${useGranularityMs} * interval '1 millisecond')`;
}

/** From now on the key is refused; once revoked it stays as it is. Null if the company has no such key. */
export async function revokeApiKey(
  database: Database,
  { companyId, id }: { companyId: string; id: string },
): Promise<ApiKeyRecord | null> {
  const [key] = await database.prisma.$queryRaw<ApiKeyRecord[]>`
    UPDATE api_keys SET revoked_at = coalesce(revoked_at, app_now())
    WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid
    RETURNING ${columns}`;
  return key ?? null;
}

function newKey(): string {
  return `pk_${randomBytes(32).toString("base64url")}`;
}

/** Instants inside JSON are text. */
function fromJson(record: ApiKeyRecord): ApiKeyRecord {
  const { createdAt, expiresAt } = record;
  return { ...record, createdAt: new Date(createdAt), expiresAt: expiresAt === null ? null : new Date(expiresAt) };
}

function hashApiKey(key: string): Buffer<ArrayBuffer> {
  return hash("sha256", key, "buffer");
}
