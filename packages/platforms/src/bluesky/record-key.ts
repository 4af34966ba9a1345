/**
 * The key of a post's record, chosen by us: the same for every attempt, so that a repeat writes the same record again.
 * A TID (atproto.com/specs/tid) of the second it was scheduled for; the rest, which nobody reads as a time, is drawn
 * from the post's id, a thousand million ways. Should two posts of a second meet all the same, the server refuses the
 * later one instead of replacing the earlier (`swapRecord: null`).
 */
import { createHash } from "node:crypto";
import type { OutgoingPost } from "@punctual/core";

export function recordKey({ id, scheduledAt }: Pick<OutgoingPost, "id" | "scheduledAt">): string {
  const hash = createHash("sha256").update(id).digest();
  const second = BigInt(Math.floor(scheduledAt.getTime() / 1_000)) * 1_000_000n;
  return tid(second + BigInt(hash.readUInt32BE(0) % 1_000_000), hash.readUInt16BE(4) % 1_024);
}

/** @param clockId 0 to 1023 */
export function tid(microseconds: bigint, clockId: number): string {
  let rest = (microseconds << 10n) | BigInt(clockId);
  let key = "";
  for (let index = 0; index < 13; index += 1) {
    key = alphabet.charAt(Number(rest & 31n)) + key;
    rest >>= 5n;
  }
  return key;
}

const alphabet = "234567abcdefghijklmnopqrstuvwxyz";
