/** Sends probe jobs through every queue, one process at a time. That they come through is told by heartbeats. */
import { takeMaintenanceLease, type Database } from "@punctual/db";
import { probeIntervalMs, type DeliveryProducer, type PublishProducer } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import type { Pulse } from "../maintenance/pulse.ts";
import { createSweeper } from "../maintenance/sweeper.ts";

export interface ProberDeps {
  database: Database;
  producers: readonly Pick<PublishProducer | DeliveryProducer, "isReady" | "probe">[];
  logger: Logger;
  pulse?: Pulse | undefined;
}

export function createProber({ holder }: { holder: string }, deps: ProberDeps): Service {
  const { database, producers, logger, pulse } = deps;
  return createSweeper(
    { name: "prober", intervalMs: probeIntervalMs },
    {
      logger,
      pulse,
      async sweep() {
        const lease = { name: "probe", holder, leaseMs: probeIntervalMs * 1.5 };
        if (!(await takeMaintenanceLease(database, lease))) return false;
        for (const producer of producers) if (await producer.isReady()) await producer.probe();
        return false;
      },
    },
  );
}
