/** Where a value stands inside a JSON document (RFC 6901). */

/** @param parent pointer to an object or array; "" is the document itself */
export function pointerTo(parent: string, name: string): string {
  return `${parent}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
