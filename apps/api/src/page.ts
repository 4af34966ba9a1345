/** How lists are paged: newest first by id, a cursor says where the next page begins. */
import type { PageRequest } from "@punctual/db";
import { Type, type Static, type TSchema } from "typebox";
import { Nullable } from "./field-schemas.ts";
import { ProblemError } from "./problem.ts";

const limitDefault = 50;
const limitMax = 200;
const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Of a list's query string. */
export const pageFields = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: limitMax, description: `Entries per page, ${limitDefault} if left out.` }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 100, description: "`nextCursor` of the page before." })),
};

export const PageQuery = Type.Object(pageFields, { additionalProperties: false });

/** @param entry with a title */
export function pageOf<Entry extends TSchema & { title?: string }>(entry: Entry) {
  return Type.Object(
    {
      data: Type.Array(entry),
      nextCursor: Nullable(Type.String(), {
        description: "Asks for the next page; null: this is the last.",
        examples: [null],
      }),
    },
    { title: `${entry.title}Page` },
  );
}

/**
 * Reads one page of a list.
 *
 * @param read fetches rows of the stretch it is given
 * @throws {ProblemError} 400 if the cursor is none of ours
 */
export async function readPage<Row extends { id: string }>(
  { limit = limitDefault, cursor }: Static<typeof PageQuery>,
  read: (page: PageRequest) => Promise<Row[]>,
): Promise<{ rows: Row[]; nextCursor: string | null }> {
  // One more than asked for tells whether there is a next page.
  const rows = await read({ limit: limit + 1, beforeId: cursor === undefined ? null : decodeCursor(cursor) });
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last.id) : null };
}

function encodeCursor(id: string): string {
  return Buffer.from(id).toString("base64url");
}

function decodeCursor(cursor: string): string {
  const id = Buffer.from(cursor, "base64url").toString();
  if (!idPattern.test(id)) throw invalidCursor();
  return id;
}

export function invalidCursor(): ProblemError {
  const issue = { path: "cursor", code: "invalid_cursor", message: "not a cursor that a list has given out" };
  return new ProblemError(400, "invalid_cursor", "The cursor is not one of ours.", { issues: [issue] });
}
