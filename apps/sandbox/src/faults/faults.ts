/**
 * The rules in force. The first one that matches a call, has times left and whose dice agree is used up by one and
 * wins; the others never hear of that call. A rule that is used up stays readable until it is cleared or its place is
 * needed.
 */
import { createDice } from "./dice.ts";
import { type Fault, type FaultRule, type Stage, stagesOf } from "./fault.ts";

export interface FaultState extends FaultRule {
  id: string;
  /** Calls it was applied to. */
  applied: number;
  remaining: number;
}

export interface FaultTarget {
  platform: string;
  account: string;
  stage: Stage;
  postId: string | null;
  key: string | null;
}

export interface Faults {
  /** Null if as many rules are in force as may be. */
  add(rule: FaultRule): FaultState | null;
  list(): FaultState[];
  remove(id: string): boolean;
  /** Says how many went. */
  clear(): number;
  /** The fault to apply to a call, taken off its rule; null if it goes well. */
  take(target: FaultTarget): Fault | null;
}

interface Entry {
  state: FaultState;
  stages: readonly Stage[];
  /** Whether the dice let the next matching call off. */
  spares(): boolean;
}

export function createFaults({ rulesMax }: { rulesMax: number }): Faults {
  let entries: Entry[] = [];
  let count = 0;

  return {
    add(rule) {
      if (entries.length >= rulesMax) entries = entries.filter(({ state }) => state.remaining > 0);
      if (entries.length >= rulesMax) return null;
      count += 1;
      const state: FaultState = { id: String(count), ...rule, applied: 0, remaining: rule.times };
      entries.push({ state, stages: stagesOf(rule), spares: sparing(rule) });
      return { ...state };
    },
    list: () => entries.map(({ state }) => ({ ...state })),
    remove(id) {
      const before = entries.length;
      entries = entries.filter(({ state }) => state.id !== id);
      return entries.length < before;
    },
    clear() {
      const { length } = entries;
      entries = [];
      return length;
    },
    take(target) {
      const entry = entries.find((candidate) => matches(candidate, target) && !candidate.spares());
      if (entry === undefined) return null;
      entry.state.applied += 1;
      entry.state.remaining -= 1;
      return entry.state.fault;
    },
  };
}

function matches({ state, stages }: Entry, target: FaultTarget): boolean {
  return (
    state.remaining > 0 &&
    stages.includes(target.stage) &&
    (state.platform ?? target.platform) === target.platform &&
    (state.account ?? target.account) === target.account &&
    (state.postId === undefined || state.postId === target.postId || state.postId === target.key)
  );
}

function sparing({ probability, seed }: FaultRule): () => boolean {
  if (probability === undefined || seed === undefined) return () => false;
  const roll = createDice(seed);
  return () => roll() >= probability;
}
