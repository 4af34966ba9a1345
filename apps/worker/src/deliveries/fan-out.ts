/**
 * Hands events to the endpoints that want them. Any number of workers may run this: the cursor is moved and the
 * deliveries written in one statement that only one of them can win. The lease merely saves the others the reading.
 */
import { fanOut, nextFanOutBatch, takeMaintenanceLease, type Database } from "@punctual/db";
import type { DeliveryProducer } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import { deliveryAttemptsMax } from "@punctual/core";
import type { Lookout } from "../maintenance/lookout.ts";
import type { Pulse } from "../maintenance/pulse.ts";
import { createSweeper } from "../maintenance/sweeper.ts";

export interface FanOutDeps {
  database: Database;
  producer: DeliveryProducer;
  logger: Logger;
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
}

/** Events taken from the log at a time. */
const batchSizeMax = 500;
const intervalMs = 400;
/** When its holder dies, another takes over after this long, in milliseconds. */
const leaseMs = 2_000;

export function createFanOut({ holder }: { holder: string }, deps: FanOutDeps): Service {
  const { database, producer, logger, lookout, pulse } = deps;
  return createSweeper(
    { name: "fan-out", intervalMs },
    {
      logger,
      lookout,
      pulse,
      async sweep(_stopping, outlook) {
        if (outlook?.eventsToFanOut === false) return false;
        const batch = await nextFanOutBatch(database, batchSizeMax);
        if (batch === null) return false;
        if (!(await takeMaintenanceLease(database, { name: "fan-out", holder, leaseMs }))) return false;
        const deliveries = await fanOut(database, batch);
        if (deliveries === null) return false;
        // Lost nudges are made good by the stager.
        producer.nudge(deliveries.map((delivery) => ({ ...delivery, maxAttempts: deliveryAttemptsMax })));
        return batch.hasMore;
      },
    },
  );
}
