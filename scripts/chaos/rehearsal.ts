/** Plays directed scenarios on a small fleet of their own, with a part broken or none, and says what the suite found. */
import { breakableParts, type BreakablePart } from "./broken-parts.ts";
import type { Breach } from "./invariants.ts";
import { scenarios, type Scenario } from "./scenarios.ts";
import { makeScratchDirectory } from "./scratch-directory.ts";
import { setStage } from "./stage.ts";
import { passVerdict } from "./verdict.ts";

const limits = { settleMaxMs: 30_000, jobsMaxMs: 6_000 } as const;

/** The scenario that a part is there for, with just that part broken. */
export function rehearseBroken(part: BreakablePart): Promise<Breach[]> {
  return play([scenarios[part]], part);
}

/** All scenarios, one after the other, with everything as it is shipped. */
export function rehearseWhole(): Promise<Breach[]> {
  return play(
    breakableParts.map((part) => scenarios[part]),
    null,
  );
}

async function play(acts: readonly Scenario[], broken: BreakablePart | null): Promise<Breach[]> {
  const directory = makeScratchDirectory();
  try {
    const platforms = ["test_at_most_once"];
    const stage = await setStage(1, { directory: directory.path, apis: 1, workers: 2, platforms, broken });
    try {
      for (const { act } of acts) await act(stage);
      const { figures } = await passVerdict(stage, { networkFaults: {}, minutes: 0, ...limits });
      return figures.offenders;
    } finally {
      await stage.stop();
    }
  } finally {
    directory.remove();
  }
}
