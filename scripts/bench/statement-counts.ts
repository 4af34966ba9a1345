/** Which statements Postgres was sent in one database, from its own count (`pg_stat_statements`). */
import type { Database } from "@punctual/db";
import type { OwnDatabase, Stage } from "./stage.ts";
import { statementName } from "./statement-name.ts";

export interface StatementCount {
  id: string;
  /** What it writes or reads, in a few words. */
  name: string;
  /** Its beginning, with parameters in place of values, on one line. */
  query: string;
  calls: number;
  /** One call's time in Postgres, in milliseconds. */
  meanMs: number;
}

export interface CountedStatements {
  /** What was sent most comes first. Without the statements of this harness. */
  statements: StatementCount[];
  seconds: number;
}

const queryLengthMax = 160;

/** @param own a database made with `counted` */
export async function countStatements(
  { admin }: Stage,
  own: OwnDatabase,
  work: () => Promise<unknown>,
): Promise<CountedStatements> {
  const { prisma } = admin;
  await prisma.$executeRaw`CREATE EXTENSION IF NOT EXISTS pg_stat_statements`;
  await prisma.$queryRaw`SELECT pg_stat_statements_reset() IS NOT NULL AS reset`;
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1_000;
  const statements = (await readStatements(admin, own))
    .map(({ id, query, calls, totalMs }) => ({
      id,
      name: statementName(query),
      query: query.slice(0, queryLengthMax),
      calls,
      meanMs: totalMs / calls,
    }))
    .toSorted((a, b) => b.calls - a.calls);
  return { statements, seconds };
}

export interface StatementTotal {
  id: string;
  /** With parameters in place of values, on one line. */
  query: string;
  /** Since the last reset, like the next. */
  calls: number;
  /** In Postgres, in milliseconds. */
  totalMs: number;
}

/**
 * What was counted since the last reset, without what this harness asked.
 *
 * @param own a database made with `counted`
 */
export async function readStatements(admin: Database, own: OwnDatabase): Promise<StatementTotal[]> {
  const rows = await admin.prisma.$queryRaw<StatementTotal[]>`
    SELECT statement.queryid::text AS id, statement.query, sum(statement.calls)::float8 AS calls,
      sum(statement.total_exec_time)::float8 AS "totalMs"
    FROM pg_stat_statements AS statement JOIN pg_database AS database ON database.oid = statement.dbid
    WHERE database.datname = ${own.name} AND statement.query NOT LIKE '%ofHarness%' GROUP BY 1, 2`;
  return rows.map(({ query, ...counts }) => ({
    query: query.replaceAll(/\s+/g, " ").trim(),
    ...counts,
  }));
}
