/** One run: start everything, let clients and nemesis loose, let it settle, and ask whether the promise was kept. */
import { openProducer } from "@punctual/queue";
import { createLogger } from "@punctual/runtime";
import { createApiClient } from "./api-client.ts";
import { blows } from "./blows.ts";
import { findCapabilities } from "./capabilities.ts";
import { createDice } from "./dice.ts";
import { startFleet } from "./fleet.ts";
import { createHealTimes } from "./heal-times.ts";
import { createJournal } from "./journal.ts";
import { createNemesis } from "./nemesis.ts";
import type { ChaosOptions } from "./options.ts";
import type { RunFigures } from "./figures.ts";
import { clearFaults, commandFaults } from "./sandbox-faults.ts";
import { createTroubleLog } from "./trouble.ts";
import { passVerdict } from "./verdict.ts";
import { runWorkload } from "./workload.ts";

const fleetSize = { apis: 2, workers: 3 } as const;

export async function runChaos(
  options: ChaosOptions,
  { seed, directory, say }: { seed: number; directory: string; say: (line: string) => void },
): Promise<RunFigures> {
  const { platforms, broken, posts, minutes } = options;
  const dice = createDice(seed);
  const fleet = await startFleet({ directory, ...fleetSize, platforms, broken });
  const { database, redisClient: redis } = fleet.servers;
  const producer = openProducer(
    { redisUrl: fleet.servers.redis.url, platforms },
    { logger: createLogger("chaos", "silent") },
  );
  try {
    const journal = createJournal(seed);
    const trouble = createTroubleLog();
    const client = createApiClient(fleet.apis, fleet.apiKey, dice.fork("clients").roll);
    const capabilities = await findCapabilities(client);
    const heal = createHealTimes({ database, redis });
    const nemesis = createNemesis(blows({ fleet, platforms, heal, producer }), {
      dice: dice.fork("nemesis"),
      trouble,
      say,
    });

    await commandFaults(fleet.sandboxUrl, platforms, dice.fork("networks"));
    const stop = new AbortController();
    const raging = nemesis.rage(stop.signal);
    await runWorkload(
      { posts, durationMs: minutes * 60_000 },
      { client, journal, accounts: fleet.accounts, capabilities, dice: dice.fork("workload") },
    );
    stop.abort();
    await raging;
    const networkFaults = await clearFaults(fleet.sandboxUrl);
    say("the faults are over, letting it settle");
    return await passVerdict({ fleet, client, journal, trouble, heal, capabilities, networkFaults, seed, options });
  } finally {
    await producer.stop();
    await fleet.stop();
  }
}
