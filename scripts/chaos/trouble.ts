/** When what was in trouble: which refusals and delays are excused, and how many faults of each kind there were. */

export interface Interval {
  from: number;
  until: number;
}

/** What is disturbed: a server as a whole, a process, or one of its wires (`api1/postgres`). */
export type Subject = string;

export interface TroubleLog {
  /** Notes a fault, and its subjects as disturbed until the returned function is called. */
  begin(kind: string, subjects: readonly Subject[]): () => void;
  /** Whether any of the subjects was in trouble in that time, or a while before it. */
  touched(subjects: readonly Subject[], interval: Interval, aftermathMs: number): boolean;
  /** Faults by kind. */
  counts(): Record<string, number>;
}

export function createTroubleLog(): TroubleLog {
  const troubles = new Map<Subject, Interval[]>();
  const counts = new Map<string, number>();
  return {
    begin(kind, subjects) {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      const interval = { from: Date.now(), until: Infinity };
      for (const subject of subjects) troubles.set(subject, [...(troubles.get(subject) ?? []), interval]);
      return () => {
        interval.until = Date.now();
      };
    },
    touched: (subjects, { from, until }, aftermathMs) =>
      subjects.some((subject) =>
        (troubles.get(subject) ?? []).some((trouble) => trouble.from <= until && trouble.until + aftermathMs >= from),
      ),
    counts: () => Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}
