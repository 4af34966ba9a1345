/** Who can log in here: anybody. What belongs to somebody follows from their handle, and is the same every time. */
import { createHash } from "node:crypto";
import type { Tokens } from "../tokens/tokens.ts";

export const handlePattern = /^[A-Za-z0-9_.-]{1,50}$/;
const handlesShownMax = 8;

/** Those a log-in page offers: who has tokens, and somebody for those who begin. */
export function peopleOf(tokens: Tokens, platform: string): string[] {
  const known = tokens
    .list()
    .filter((summary) => summary.platform === platform && handlePattern.test(summary.handle))
    .map(({ handle }) => handle);
  return [...new Set(["demo", ...known.toReversed()])].slice(0, handlesShownMax);
}

/** An id as platforms number things, of so many digits. */
export function numberOf(handle: string, what: string, digits: number): string {
  const digest = createHash("sha256").update(`${handle}\n${what}`).digest();
  const low = 10 ** (digits - 1);
  return String(low + (digest.readUIntBE(0, 6) % (9 * low)));
}
