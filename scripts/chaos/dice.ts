/**
 * Chance that can be repeated: everything a run decides by chance comes from one seed. Parts of a run take dice of
 * their own (`fork`), so that one more roll in one part does not change what the others roll.
 */

export interface Dice {
  /** Uniform in [0, 1). */
  roll(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** Picks by weight; weights need not add up to anything. */
  weighed<Item extends { weight: number }>(items: readonly Item[]): Item;
  /** Dice of its own for a named part. */
  fork(name: string): Dice;
}

/** Mulberry32: small, and even enough to decide what goes wrong next. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const roll = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    roll,
    between: (min, max) => min + Math.floor(roll() * (max - min + 1)),
    chance: (probability) => roll() < probability,
    pick(items) {
      const item = items[Math.floor(roll() * items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    weighed(items) {
      let left = roll() * items.reduce((sum, { weight }) => sum + weight, 0);
      const item = items.find(({ weight }) => (left -= weight) < 0) ?? items.at(-1);
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    fork: (name) => createDice(hash(`${seed}/${name}`)),
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return value >>> 0;
}
