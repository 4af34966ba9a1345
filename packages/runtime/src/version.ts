/** Which version of the program this is. */
import { readFileSync } from "node:fs";

/** As in the package.json at the top of the repository. */
export function programVersion(): string {
  const file = new URL("../../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
