/** Tenants. */
import type { Database } from "./database.ts";
import { newId } from "./id.ts";

export interface CompanyRecord {
  id: string;
  name: string;
  createdAt: Date;
}

/** @param company name of 1 to 200 characters */
export async function createCompany(database: Database, { name }: { name: string }): Promise<CompanyRecord> {
  const [company] = await database.prisma.$queryRaw<[CompanyRecord]>`
    INSERT INTO companies (id, name) VALUES (${newId()}::uuid, ${name})
    RETURNING id, name, created_at AS "createdAt"`;
  return company;
}
