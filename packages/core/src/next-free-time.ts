/** When a limit has room for one more send, given those that were made and those that are planned. Pure. */
import type { RateLimit } from "./platform.ts";

/** A send that counts from one instant until another. */
export interface CountedSend {
  from: Date;
  until: Date;
}

/**
 * The soonest instant, not before the wanted one, at which fewer than `max` sends count; the wanted one if it has room.
 */
export function nextFreeTime({ max }: Pick<RateLimit, "max">, sends: readonly CountedSend[], wanted: Date): Date {
  const begins = sends.map(({ from }) => from.getTime()).toSorted((a, b) => a - b);
  const ends = sends.map(({ until }) => until.getTime()).toSorted((a, b) => a - b);
  let begun = 0;
  let ended = 0;
  for (const instant of [wanted.getTime(), ...ends.filter((end) => end > wanted.getTime())]) {
    while (begun < begins.length && begins[begun]! <= instant) begun += 1;
    while (ended < ends.length && ends[ended]! <= instant) ended += 1;
    if (begun - ended < max) return new Date(instant);
  }
  return wanted;
}
