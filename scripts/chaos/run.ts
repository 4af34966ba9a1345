/** One run: start everything, let clients and nemesis loose, let it settle, and ask whether the promise was kept. */
import { blows } from "./blows.ts";
import type { RunResult } from "./figures.ts";
import { createNemesis } from "./nemesis.ts";
import type { ChaosOptions } from "./options.ts";
import { clearFaults, commandFaults } from "./sandbox-faults.ts";
import { setStage } from "./stage.ts";
import { passVerdict } from "./verdict.ts";
import { runWorkload } from "./workload.ts";

const fleetSize = { apis: 2, workers: 3 } as const;

export async function runChaos(
  { platforms, broken, posts, minutes }: ChaosOptions,
  { seed, directory, say }: { seed: number; directory: string; say: (line: string) => void },
): Promise<RunResult> {
  const stage = await setStage(seed, { directory, ...fleetSize, platforms, broken });
  const { fleet, dice, trouble } = stage;
  try {
    const nemesis = createNemesis(blows(stage), { dice: dice.fork("nemesis"), trouble, say });
    await commandFaults(fleet.sandboxUrl, platforms, dice.fork("networks"));
    const stop = new AbortController();
    const raging = nemesis.rage(stop.signal);
    await runWorkload({ posts, durationMs: minutes * 60_000 }, stage);
    stop.abort();
    await raging;
    const networkFaults = await clearFaults(fleet.sandboxUrl);
    say("the faults are over, letting it settle");
    return await passVerdict(stage, { networkFaults, minutes });
  } finally {
    await stage.stop();
  }
}
