/**
 * How often something named happened in the last while, and whether it may happen once more. The window slides in
 * small steps and every step counts in full until all of it has passed, so no stretch of the window's length ever holds
 * more than the limit: there is no edge at which twice as much gets through, as with windows that begin anew, nor the
 * burst on top that a bucket allows. The price is that room comes back up to one step late. What was refused does not
 * count, so whoever keeps knocking still gets in at the told time.
 *
 * Counts that other processes made can be laid on top (see `rate-exchange.ts`); without them this process counts alone.
 * The number of names is bounded: the one that was quiet longest is forgotten first.
 */

export interface SlidingWindowOptions {
  /** Of one name in one window. */
  limit: number;
  windowMs: number;
  /** Names remembered at most. */
  namesMax: number;
}

export interface RateVerdict {
  allowed: boolean;
  /** How many more may happen now. */
  remaining: number;
  /** Until there is room if there is none; until some comes back otherwise. In milliseconds, more than 0. */
  waitMs: number;
}

/** By the number of the step since 1970. */
export type StepCounts = ReadonlyMap<number, number>;

export interface SlidingWindow {
  /** Counts one, if it is allowed. */
  take(name: string, nowMs: number): RateVerdict;
  /** The same, counting nothing. */
  look(name: string, nowMs: number): RateVerdict;
  /** What was counted here under the names asked for since the last call, and not by others. */
  changes(nowMs: number): { name: string; counts: StepCounts }[];
  /** Lays the counts of others on top, in place of what was known of them. */
  learn(name: string, others: StepCounts): void;
  /** The oldest step that still counts. */
  oldestStep(nowMs: number): number;
  /** Names remembered now. */
  size(): number;
}

interface Entry {
  own: Map<number, number>;
  others: StepCounts;
}

const stepsPerWindow = 12;
const nothing: StepCounts = new Map();

export function createSlidingWindow({ limit, windowMs, namesMax }: SlidingWindowOptions): SlidingWindow {
  const stepMs = windowMs / stepsPerWindow;
  /** The one used last is last. */
  const entries = new Map<string, Entry>();
  const asked = new Set<string>();

  const stepOf = (nowMs: number) => Math.floor(nowMs / stepMs);
  const oldestStep = (nowMs: number) => stepOf(nowMs - windowMs);

  function judge(entry: Entry | undefined, nowMs: number): RateVerdict {
    const steps = entry === undefined ? [] : liveSteps(entry, oldestStep(nowMs), stepOf(nowMs));
    const used = steps.reduce((sum, [, count]) => sum + count, 0);
    return { allowed: used < limit, remaining: Math.max(0, limit - used), waitMs: waitMs(steps, used, nowMs) };
  }

  function waitMs(steps: readonly [step: number, count: number][], used: number, nowMs: number): number {
    let left = used;
    for (const [step, count] of steps) {
      left -= count;
      if (left < limit) return (step + 1) * stepMs + windowMs - nowMs;
    }
    return windowMs;
  }

  function use(name: string): Entry {
    const entry = entries.get(name) ?? { own: new Map<number, number>(), others: nothing };
    entries.delete(name);
    entries.set(name, entry);
    if (entries.size > namesMax) forget(entries.keys().next().value as string);
    return entry;
  }

  function forget(name: string): void {
    entries.delete(name);
    asked.delete(name);
  }

  return {
    take(name, nowMs) {
      const entry = use(name);
      asked.add(name);
      const before = judge(entry, nowMs);
      if (!before.allowed) return before;
      const step = stepOf(nowMs);
      // Steps that no longer count go when a new one begins.
      if (!entry.own.has(step)) dropOld(entry.own, oldestStep(nowMs));
      entry.own.set(step, (entry.own.get(step) ?? 0) + 1);
      const { remaining, waitMs } = judge(entry, nowMs);
      return { allowed: true, remaining, waitMs };
    },
    look: (name, nowMs) => judge(entries.get(name), nowMs),
    changes(nowMs) {
      const changed = [...asked].flatMap((name) => {
        const own = entries.get(name)?.own;
        if (own === undefined) return [];
        dropOld(own, oldestStep(nowMs));
        return [{ name, counts: new Map(own) }];
      });
      asked.clear();
      return changed;
    },
    learn(name, others) {
      const entry = entries.get(name);
      if (entry !== undefined) entry.others = others;
    },
    oldestStep,
    size: () => entries.size,
  };
}

/** Oldest first. Another machine's clock may be a step ahead of ours; what lies further ahead is nobody's count. */
function liveSteps({ own, others }: Entry, oldest: number, current: number): [step: number, count: number][] {
  const steps: [number, number][] = [];
  for (let step = oldest; step <= current + 1; step += 1) {
    const count = (own.get(step) ?? 0) + (others.get(step) ?? 0);
    if (count > 0) steps.push([step, count]);
  }
  return steps;
}

function dropOld(counts: Map<number, number>, oldest: number): void {
  for (const step of counts.keys()) if (step < oldest) counts.delete(step);
}
