/** Which calls have arrived and are not done: a delayed one may yet publish, and reading must not say it will not. */

export interface UnderWay {
  /** Counts a call in until the work is done, however it ends. */
  during<Result>(id: string, work: () => Promise<Result>): Promise<Result>;
  has(id: string): boolean;
}

export function createUnderWay(): UnderWay {
  const counts = new Map<string, number>();
  const change = (id: string, by: 1 | -1) => {
    const count = (counts.get(id) ?? 0) + by;
    if (count === 0) counts.delete(id);
    else counts.set(id, count);
  };
  return {
    async during(id, work) {
      change(id, 1);
      try {
        return await work();
      } finally {
        change(id, -1);
      }
    },
    has: (id) => counts.has(id),
  };
}
