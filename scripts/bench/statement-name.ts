/** A statement's short name, for tables and charts: what it writes, or else what it reads. */

const writes = /\b(INSERT INTO|UPDATE|DELETE FROM) (?:public\.)?"?([a-z_]+)"?/gi;
const reads = /\b(?:FROM|JOIN) (?:public\.)?"?([a-z_]+)\b"?(?! *\()/gi;
/** Neither read nor write a table, although they say FROM or UPDATE. */
const neither =
  /\bextract ?\( ?\w+ FROM|\bDISTINCT FROM|\bLATERAL\b|\bROWS FROM\b|\bFOR (?:NO KEY )?UPDATE\b|\bDO UPDATE SET\b/gi;
/** Names of parts of the statement itself. */
const parts = /(?:\bWITH|,) *"?([a-z_]+)"? (?:\([^)]*\) )?AS (?:(?:NOT )?MATERIALIZED )?\(/gi;

/** @param query on one line, as Postgres' own count has it */
export function statementName(query: string): string {
  const own = new Set([...query.matchAll(parts)].map(([, name = ""]) => name));
  const clauses = query.replaceAll(neither, "");
  const written = [...clauses.matchAll(writes)]
    .filter(([, , table = ""]) => !own.has(table))
    .map(([, verb = "", table = ""]) => `${verb.split(" ")[0]?.toLowerCase()} ${table}`);
  if (written.length > 0) return [...new Set(written)].join(", ");
  const read = [...clauses.matchAll(reads)].map(([, table = ""]) => table).filter((table) => !own.has(table));
  if (read.length > 0) return `read ${[...new Set(read)].join(", ")}`;
  return query.slice(0, 40);
}
