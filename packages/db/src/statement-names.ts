/**
 * Which statements Postgres keeps prepared: those that begin with a comment of the form `=name`. Asked
 * again on the same connection, such a statement is neither parsed nor analysed, and soon not planned any more either.
 *
 * The name is part of the statement because Prisma's driver knows nothing but the text. Only statements of one constant
 * text may have one, so that what the code names bounds what a connection keeps; and only such whose best plan does not
 * depend on their parameters or on how much is in the tables, since a plan is kept for long.
 */

const mark = /^\s*\/\* =([a-z-]+) \*\//;

/** For Prisma's driver adapter: the name under which a statement is prepared, empty if it is not to be. */
export function statementNames(): (query: { sql: string }) => string {
  const texts = new Map<string, string>();
  return ({ sql }) => {
    const name = mark.exec(sql)?.[1];
    if (name === undefined) return "";
    const known = texts.get(name);
    if (known === undefined) texts.set(name, sql);
    // A name stands for one text on a connection; another text under it would be refused.
    return known === undefined || known === sql ? name : "";
  };
}
