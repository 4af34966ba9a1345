/** One run: start everything, let clients and nemesis loose, let it settle, and ask whether the promise was kept. */
import { blows } from "./blows.ts";
import type { RunResult } from "./figures.ts";
import { createNemesis } from "./nemesis.ts";
import { networkNamed, sharesOf } from "./networks.ts";
import type { ChaosOptions } from "./options.ts";
import { clearFaults, commandFaults } from "./sandbox-faults.ts";
import { setStage } from "./stage.ts";
import { passVerdict } from "./verdict.ts";
import { runWorkload } from "./workload.ts";

const fleetSize = { apis: 2, workers: 3 } as const;
/** Networks let an account publish only so many posts a day, which is not what a run is about. */
const postsPerNetworkAccount = 40;
const accountsMin = 5;
/** Of a test network beside the networks: each gets fewer posts then, and its limit must bind all the same. */
const accountsBesideNetworks = 3;

export async function runChaos(
  { platforms, broken, posts, minutes }: ChaosOptions,
  { seed, directory, say }: { seed: number; directory: string; say: (line: string) => void },
): Promise<RunResult> {
  const accountsOn = accountsFor(platforms, posts);
  const stage = await setStage(seed, { directory, ...fleetSize, platforms, accountsOn, broken });
  const { fleet, dice, trouble } = stage;
  try {
    const nemesis = createNemesis(blows(stage), { dice: dice.fork("nemesis"), trouble, say });
    await commandFaults(fleet, platforms, dice.fork("networks"));
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

function accountsFor(platforms: readonly string[], posts: number): (platform: string) => number {
  const shares = sharesOf(platforms);
  const whole = shares.reduce((sum, { weight }) => sum + weight, 0);
  const areNetworks = platforms.some((platform) => networkNamed.has(platform));
  return (platform) => {
    if (!networkNamed.has(platform)) return areNetworks ? accountsBesideNetworks : accountsMin;
    const share = (shares.find((one) => one.platform === platform)?.weight ?? 0) / whole;
    return Math.max(accountsMin, Math.ceil((posts * share) / postsPerNetworkAccount));
  };
}
