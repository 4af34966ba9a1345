/** A statement's short name, for tables and charts: what it writes, or else what it reads. */

const writes = /\b(INSERT INTO|UPDATE|DELETE FROM) (?:public\.)?"?([a-z_]+)"?/gi;
const reads = /\b(?:FROM|JOIN) (?:public\.)?"?([a-z_]+)\b"?(?! *\()/gi;
/** Read nothing, although they say FROM. */
const noReads = /\bextract ?\( ?\w+ FROM|\bDISTINCT FROM|\bLATERAL\b/gi;
/** Names of parts of the statement itself. */
const parts = /(?:\bWITH|,) *"?([a-z_]+)"? (?:\([^)]*\) )?AS (?:(?:NOT )?MATERIALIZED )?\(/gi;

/** @param query on one line, as Postgres' own count has it */
export function statementName(query: string): string {
  const own = new Set([...query.matchAll(parts)].map(([, name = ""]) => name));
  const written = [...query.matchAll(writes)]
    .filter(([, , table = ""]) => !own.has(table) && table.toLowerCase() !== "set" && table.toLowerCase() !== "of")
    .map(([, verb = "", table = ""]) => `${verb.split(" ")[0]?.toLowerCase()} ${table}`);
  if (written.length > 0) return [...new Set(written)].join(", ");
  const read = [...query.replaceAll(noReads, "").matchAll(reads)]
    .map(([, table = ""]) => table)
    .filter((table) => !own.has(table));
  if (read.length > 0) return `read ${[...new Set(read)].join(", ")}`;
  return query.slice(0, 40);
}
