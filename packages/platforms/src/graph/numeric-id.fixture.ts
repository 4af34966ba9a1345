/** Meta's ids are numbers; the contract suite names accounts by words. */
import { createHash } from "node:crypto";

export function numericId(handle: string): string {
  const number = createHash("sha256").update(handle).digest().readBigUInt64BE();
  return `9${number.toString().padStart(20, "0")}`;
}
