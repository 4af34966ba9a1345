/** Reading what the Graph API answers: nothing in it is believed to be there or to be of its type. */

export type Fields = Readonly<Record<string, unknown>>;

const urlLengthMax = 2_048;

/** The properties of a value, none if it is not an object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The list under `data`, as every edge answers. */
export function itemsOf(value: unknown): readonly Fields[] {
  const { data } = fieldsOf(value);
  return Array.isArray(data) ? data.map(fieldsOf) : [];
}

/** An id of the Graph API, fit to be stored and put into a path. */
export function idOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[\w-]{1,200}$/.test(value) ? value : undefined;
}

/** @param base what an address without a host belongs to */
export function webAddress(value: unknown, base: string): string | undefined {
  if (typeof value !== "string" || !URL.canParse(value, base)) return undefined;
  const { href, protocol } = new URL(value, base);
  return href.length <= urlLengthMax && /^https?:$/.test(protocol) ? href : undefined;
}

/** An instant as Meta writes it: `2026-11-22T12:00:00+0000`. Milliseconds since 1970. */
export function instantOf(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const parsed = Date.parse(value.replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** A text as two sides that wrote it may compare it: Meta trims, and composes characters in its own way. */
export function comparableText(text: string): string {
  return text.normalize("NFC").replaceAll("\r\n", "\n").trim();
}
