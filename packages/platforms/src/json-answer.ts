/** Reading what a platform answers: nothing in it is believed to be there or to be of its type. */

export type Fields = Readonly<Record<string, unknown>>;

/** The properties of a value, none if it is not an object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The items of a value, none if it is no list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The fields of a JSON body; none if it is no object. */
export function parseFields(body: Buffer): Fields {
  return fieldsOf(parseJson(body));
}

/** Undefined if it is no JSON. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

/** A text of the answer, if it is one and not too long to be stored. */
export function textOf(value: unknown, lengthMax = 2_048): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= lengthMax ? value : undefined;
}
