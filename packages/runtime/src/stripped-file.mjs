// Where a module without its types is kept: inside node_modules, named by what it was made from.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

export const strippedDirectory = fileURLToPath(
  new URL("../../../node_modules/.cache/punctual-types/", import.meta.url),
);

/** @param {string | ArrayBufferLike | ArrayBufferView} source of the module, with types */
export function strippedFile(source) {
  const content = typeof source === "string" ? source : new Uint8Array(source);
  const name = createHash("sha256").update(process.version).update(content).digest("hex").slice(0, 32);
  return `${strippedDirectory}${name}.js`;
}
