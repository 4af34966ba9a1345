/** Removes what is older than we promise to keep. */
import { prune, takeMaintenanceLease, type Database, type Retention } from "@punctual/db";
import type { Logger, Service } from "@punctual/runtime";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

const batchSizeMax = 5_000;
const intervalMs = 600_000;

export function createPruner(
  { holder, retention }: { holder: string; retention: Retention },
  { database, logger, pulse }: { database: Database; logger: Logger; pulse?: Pulse | undefined },
): Service {
  return createSweeper(
    { name: "pruner", intervalMs },
    {
      logger,
      pulse,
      async sweep() {
        if (!(await takeMaintenanceLease(database, { name: "prune", holder, leaseMs: intervalMs / 2 }))) return false;
        return (await prune(database, retention, batchSizeMax)) >= batchSizeMax;
      },
    },
  );
}
