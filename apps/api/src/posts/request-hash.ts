/** Whether two request bodies are the same JSON, whatever the order of fields and the white space. */
import { hash } from "node:crypto";
import { isObject } from "../merge-patch.ts";

/** SHA-256 of a parsed body as canonical JSON, in hex. */
export function requestHash(body: unknown): string {
  return hash("sha256", canonicalJson(body));
}

/** Recursion is safe: the depth of bodies is bounded where they are read. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  // By code units, as `<` has it.
  const fields = Object.keys(value).toSorted();
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name])}`).join(",")}}`;
}
