/** What a platform's stand-in remembers besides the ledger, by id; when it is full the oldest go. */

export interface Store<Thing> {
  set(id: string, thing: Thing): void;
  get(id: string): Thing | undefined;
  /** Newest first. */
  newest(): Thing[];
  clear(): void;
}

export function createStore<Thing>({ countMax }: { countMax: number }): Store<Thing> {
  const things = new Map<string, Thing>();
  return {
    set(id, thing) {
      things.set(id, thing);
      for (const oldest of things.keys()) {
        if (things.size <= countMax) break;
        things.delete(oldest);
      }
    },
    get: (id) => things.get(id),
    newest: () => [...things.values()].toReversed(),
    clear: () => things.clear(),
  };
}

/** Ids as Meta's look: a long number. */
export function newId(): string {
  const digits = Array.from(crypto.getRandomValues(new Uint8Array(15)), (byte) => byte % 10).join("");
  return `1${digits}`;
}
