/** Plays one scenario on a small fleet of its own, with a part broken or none, and says what the suite found. */
import type { BreakablePart } from "./broken-parts.ts";
import type { Breach } from "./invariants.ts";
import { scenarios } from "./scenarios.ts";
import { makeScratchDirectory } from "./scratch-directory.ts";
import { setStage } from "./stage.ts";
import { passVerdict } from "./verdict.ts";

const limits = { settleMaxMs: 30_000, jobsMaxMs: 6_000 } as const;

/** @param broken null: everything is as shipped */
export async function rehearse(part: BreakablePart, broken: BreakablePart | null): Promise<Breach[]> {
  const directory = makeScratchDirectory();
  try {
    const platforms = ["test_at_most_once"];
    const stage = await setStage(1, { directory: directory.path, apis: 1, workers: 2, platforms, broken });
    try {
      await scenarios[part].act(stage);
      const { figures } = await passVerdict(stage, { networkFaults: {}, minutes: 0, ...limits });
      return figures.offenders;
    } finally {
      await stage.stop();
    }
  } finally {
    directory.remove();
  }
}
