/** Bluesky's limit on writing: points an hour and a day for each account (docs.bsky.app, "Rate Limits"). */

export interface Points {
  /** Takes the points for a new record. @returns when there are some again, in milliseconds since 1970; null: taken */
  take(handle: string, nowMs: number, postsPerDayMax: number | undefined): number | null;
  clear(): void;
}

const pointsPerRecord = 3;
const windows = [
  { ms: 3_600_000, max: 5_000 },
  { ms: 86_400_000, max: 35_000 },
] as const;

export function createPoints({ handlesMax }: { handlesMax: number }): Points {
  const spent = new Map<string, { startMs: number; points: number }[]>();
  return {
    take(handle, nowMs, postsPerDayMax) {
      const counts = spent.get(handle) ?? windows.map(() => ({ startMs: nowMs, points: 0 }));
      spent.set(handle, counts);
      for (const oldest of spent.keys()) {
        if (spent.size <= handlesMax) break;
        spent.delete(oldest);
      }
      for (const [index, { ms }] of windows.entries()) {
        const count = counts[index];
        if (count !== undefined && nowMs >= count.startMs + ms) Object.assign(count, { startMs: nowMs, points: 0 });
      }
      for (const [index, { ms, max }] of windows.entries()) {
        const count = counts[index];
        const told =
          index === windows.length - 1 && postsPerDayMax !== undefined ? postsPerDayMax * pointsPerRecord : max;
        if (count !== undefined && count.points + pointsPerRecord > told) return count.startMs + ms;
      }
      for (const count of counts) count.points += pointsPerRecord;
      return null;
    },
    clear: () => spent.clear(),
  };
}
