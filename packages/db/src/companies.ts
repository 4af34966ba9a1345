/** Tenants. */
import type { Database } from "./database.ts";
import { newId } from "./id.ts";
import type { PageRequest } from "./page.ts";

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

/** One company; null if there is no such company. */
export function findCompany(database: Database, id: string): Promise<CompanyRecord | null> {
  return database.prisma.company.findUnique({ where: { id } });
}

/** All companies, newest first. */
export function listCompanies(database: Database, { limit, beforeId }: PageRequest): Promise<CompanyRecord[]> {
  return database.prisma.company.findMany({
    ...(beforeId === null ? {} : { where: { id: { lt: beforeId } } }),
    orderBy: { id: "desc" },
    take: limit,
  });
}
