/** An agency's customers. */
import type { Database } from "./database.ts";
import { newId } from "./id.ts";
import type { PageRequest } from "./page.ts";

export interface ClientRecord {
  id: string;
  name: string;
  createdAt: Date;
  updatedAt: Date;
}

/** @param client name of 1 to 200 characters */
export async function createClient(
  database: Database,
  { companyId, name }: { companyId: string; name: string },
): Promise<ClientRecord> {
  const [client] = await database.prisma.$queryRaw<[ClientRecord]>`
    INSERT INTO clients (id, company_id, name) VALUES (${newId()}::uuid, ${companyId}::uuid, ${name})
    RETURNING id, name, created_at AS "createdAt", updated_at AS "updatedAt"`;
  return client;
}

/** A company's clients, newest first. */
export function listClients(
  database: Database,
  { companyId, limit, beforeId }: PageRequest & { companyId: string },
): Promise<ClientRecord[]> {
  return database.prisma.client.findMany({
    where: { companyId, ...(beforeId === null ? {} : { id: { lt: beforeId } }) },
    orderBy: { id: "desc" },
    take: limit,
    omit: { companyId: true },
  });
}
