/** Reading what LinkedIn answers: nothing in it is believed to be there or to be of its type. */

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The fields of a JSON body; none if it is no object. */
export function parseFields(body: Buffer): Fields {
  try {
    return fieldsOf(JSON.parse(body.toString("utf8")));
  } catch {
    return {};
  }
}
