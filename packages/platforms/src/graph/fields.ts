/** What the Graph API has its own way of writing: ids, lists, instants, addresses. */
import { type Fields, fieldsOf, listOf } from "../json-answer.ts";

const urlLengthMax = 2_048;

/** The list under `data`, as every edge answers. */
export function itemsOf(value: unknown): readonly Fields[] {
  return listOf(fieldsOf(value)["data"]).map(fieldsOf);
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
