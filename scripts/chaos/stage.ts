/** A fleet with everything around it that a run needs: clients' books, the log of trouble, stray jobs, heal times. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { openProducer, type PublishProducer } from "@punctual/queue";
import { createLogger } from "@punctual/runtime";
import { createApiClient, type ApiClient } from "./api-client.ts";
import { createDice, type Dice } from "./dice.ts";
import { startFleet, type Fleet, type FleetOptions } from "./fleet.ts";
import { createHealTimes, type HealTimes } from "./heal-times.ts";
import { createJournal, type Journal } from "./journal.ts";
import { createTroubleLog, type TroubleLog } from "./trouble.ts";

export interface Stage {
  seed: number;
  dice: Dice;
  fleet: Fleet;
  platforms: readonly string[];
  client: ApiClient;
  journal: Journal;
  trouble: TroubleLog;
  heal: HealTimes;
  /** The harness' own, to put stray jobs on the queues. */
  producer: PublishProducer;
  broken: FleetOptions["broken"];
  /** How late the harness' own event loop was: what it measures is worth no more than that. */
  lag: ReturnType<typeof monitorEventLoopDelay>;
  stop(): Promise<void>;
}

export async function setStage(seed: number, options: FleetOptions): Promise<Stage> {
  const dice = createDice(seed);
  const fleet = await startFleet(options);
  const { database, redis, redisClient } = fleet.servers;
  const producer = openProducer(
    { redisUrl: redis.url, platforms: options.platforms },
    { logger: createLogger("chaos", "silent") },
  );
  const lag = monitorEventLoopDelay();
  lag.enable();
  return {
    seed,
    dice,
    fleet,
    platforms: options.platforms,
    client: createApiClient(fleet.apis, fleet.apiKey, dice.fork("clients").roll),
    journal: createJournal(seed),
    trouble: createTroubleLog(),
    heal: createHealTimes({ database, redis: redisClient }),
    producer,
    broken: options.broken,
    lag,
    async stop() {
      lag.disable();
      await producer.stop();
      await fleet.stop();
    },
  };
}
