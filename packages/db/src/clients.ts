/** An agency's customers. One that was deleted keeps its row, because old posts name it, and is found by nobody. */
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { newId } from "./id.ts";
import type { PageRequest } from "./page.ts";

export interface ClientRecord {
  id: string;
  name: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface ClientKey {
  companyId: string;
  id: string;
}

export type ClientDeletion = "deleted" | "no_such_client" | "has_accounts";

const columns = Prisma.sql`id, name, created_at AS "createdAt", updated_at AS "updatedAt"`;

/** @param client name of 1 to 200 characters */
export async function createClient(
  database: Database,
  { companyId, name }: { companyId: string; name: string },
): Promise<ClientRecord> {
  const [client] = await database.prisma.$queryRaw<[ClientRecord]>`
    INSERT INTO clients (id, company_id, name) VALUES (${newId()}::uuid, ${companyId}::uuid, ${name})
    RETURNING ${columns}`;
  return client;
}

/** One client of a company; null if it has no such client. */
export async function findClient(database: Database, { companyId, id }: ClientKey): Promise<ClientRecord | null> {
  const [client] = await database.prisma.$queryRaw<ClientRecord[]>`
    SELECT ${columns} FROM clients
    WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND deleted_at IS NULL`;
  return client ?? null;
}

/** A company's clients, newest first. */
export function listClients(
  database: Database,
  { companyId, limit, beforeId }: PageRequest & { companyId: string },
): Promise<ClientRecord[]> {
  return database.prisma.client.findMany({
    where: { companyId, deletedAt: null, ...(beforeId === null ? {} : { id: { lt: beforeId } }) },
    orderBy: { id: "desc" },
    take: limit,
    omit: { companyId: true, deletedAt: true },
  });
}

/**
 * Gives a client another name. Null if the company has no such client.
 *
 * @param change name of 1 to 200 characters
 */
export async function renameClient(
  database: Database,
  { companyId, id }: ClientKey,
  { name }: { name: string },
): Promise<ClientRecord | null> {
  const [client] = await database.prisma.$queryRaw<ClientRecord[]>`
    UPDATE clients SET name = ${name}, updated_at = CASE WHEN name = ${name} THEN updated_at ELSE app_now() END
    WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND deleted_at IS NULL
    RETURNING ${columns}`;
  return client ?? null;
}

/** Deletes a client that has no accounts. */
export async function deleteClient(database: Database, { companyId, id }: ClientKey): Promise<ClientDeletion> {
  const { prisma } = database;
  // The lock makes accounts that are just being connected finish first; the second statement then sees them.
  const [known, deleted] = await prisma.$transaction([
    prisma.$queryRaw<object[]>`
      SELECT id FROM clients WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND deleted_at IS NULL FOR UPDATE`,
    prisma.$executeRaw`
      UPDATE clients SET deleted_at = app_now(), updated_at = app_now()
      WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM social_accounts WHERE client_id = clients.id AND deleted_at IS NULL)`,
  ]);
  if (known.length === 0) return "no_such_client";
  return deleted > 0 ? "deleted" : "has_accounts";
}
