/** Tenants. */
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { newId } from "./id.ts";
import type { PageRequest } from "./page.ts";

export interface CompanyRecord {
  id: string;
  name: string;
  /** Where people are sent back to after connecting an account, as origins. */
  returnOrigins: string[];
  createdAt: Date;
}

const columns = Prisma.sql`id, name, return_origins AS "returnOrigins", created_at AS "createdAt"`;

/** @param company name of 1 to 200 characters */
export async function createCompany(database: Database, { name }: { name: string }): Promise<CompanyRecord> {
  const [company] = await database.prisma.$queryRaw<[CompanyRecord]>`
    INSERT INTO companies (id, name) VALUES (${newId()}::uuid, ${name})
    RETURNING ${columns}`;
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

/** Changes what is given; null if there is no such company. */
export async function changeCompany(
  database: Database,
  { id, name, returnOrigins }: { id: string; name?: string | undefined; returnOrigins?: readonly string[] | undefined },
): Promise<CompanyRecord | null> {
  const [company] = await database.prisma.$queryRaw<CompanyRecord[]>`
    UPDATE companies
    SET name = coalesce(${name ?? null}, name),
        return_origins = coalesce(${returnOrigins === undefined ? null : [...returnOrigins]}::text[], return_origins)
    WHERE id = ${id}::uuid
    RETURNING ${columns}`;
  return company ?? null;
}
