/** Adds up what happened: how many posts are in which state, and what each minute brought. */
import { addUpPostCounts, addUpStatistics, type Database } from "@punctual/db";
import type { Logger, Service } from "@punctual/runtime";
import type { Lookout } from "../maintenance/lookout.ts";
import type { Pulse } from "../maintenance/pulse.ts";
import { createSweeper } from "../maintenance/sweeper.ts";

export interface TallyDeps {
  database: Database;
  logger: Logger;
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
}

const intervalMs = 1_000;
const changesMax = 5_000;
const eventsMax = 2_000;

export function createTally({ database, logger, lookout, pulse }: TallyDeps): Service {
  return createSweeper(
    { name: "tally", intervalMs },
    {
      logger,
      lookout,
      pulse,
      async sweep(_stopping, outlook) {
        if (outlook?.toAddUp === false) return false;
        const counted = await addUpPostCounts(database, changesMax);
        const hasMore = await addUpStatistics(database, eventsMax);
        return hasMore || counted === changesMax;
      },
    },
  );
}
