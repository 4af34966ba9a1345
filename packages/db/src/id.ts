/** Ids of rows: UUIDv7, so that the order of ids is the order of making, and lists page by id alone. */
import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

/** What the library takes for an id, in bytes. */
const randomLength = 16;
/** Fetched for many at once: an id takes the library four times as long alone. Given random bytes, it keeps no order. */
const random = Buffer.alloc(randomLength * 256);
let used = random.length;

let lastMs = 0;
let sequence = 0;

/** Greater than all made before in this process, also within a millisecond, and if the clock goes back. */
export function newId(): string {
  const now = Date.now();
  const bytes = nextRandom();
  if (now > lastMs) {
    lastMs = now;
    // Half of what the field holds is left to count in.
    sequence = bytes.readUInt32BE() >>> 1;
  } else {
    sequence += 1;
    if (sequence > 0xffff_ffff) [lastMs, sequence] = [lastMs + 1, 0];
  }
  return v7({ random: bytes, msecs: lastMs, seq: sequence });
}

function nextRandom(): Buffer {
  if (used >= random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += randomLength;
  return random.subarray(used - randomLength, used);
}
