/**
 * Whose turn is when, behind a limit: slots come free at known times and then once every window; some of those turns are
 * spoken for by posts that wait already. Pure.
 */

export interface SlotTimes {
  /** When the slots come free, soonest first; at most `max` of them are looked at. */
  times: readonly Date[];
  max: number;
  windowMs: number;
}

/**
 * The next free turns, soonest first: such that with one more post at each of them there are never more posts than slots
 * that have come free by then.
 *
 * @param reserved when the posts that wait already come back, in any order
 */
export function freePlaces({ times, max, windowMs }: SlotTimes, reserved: readonly Date[], count: number): Date[] {
  const turns = turnTimes({ times, max, windowMs }, reserved.length + count);
  const taken = reserved.map((instant) => instant.getTime()).toSorted((a, b) => a - b);
  // From the last turn back: how many more posts fit in before each turn without anybody losing his.
  const spare: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let turn = turns.length - 1, before = taken.length, free = turns.length; turn >= 0; turn -= 1) {
    while (before > 0 && taken[before - 1]! > turns[turn]!) before -= 1;
    while (turns[free - 1]! > turns[turn]!) free -= 1;
    least = Math.min(least, free - before);
    spare[turn] = least;
  }
  const places: Date[] = [];
  for (let turn = 0; turn < turns.length && places.length < count; turn += 1) {
    if (spare[turn]! > places.length) places.push(new Date(turns[turn]!));
  }
  return places;
}

function turnTimes({ times, max, windowMs }: SlotTimes, count: number): number[] {
  const first = times.slice(0, max).map((instant) => instant.getTime());
  if (first.length === 0) return [];
  return Array.from(
    { length: count },
    (_, turn) => first[turn % first.length]! + Math.floor(turn / first.length) * windowMs,
  );
}
