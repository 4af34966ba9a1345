/**
 * Watches that a consumer really takes jobs. The best known failure of queue workers is one that is connected and
 * takes nothing; it is restarted, and if that does not help, the process ends so that its supervisor starts another.
 * Posts are not in danger meanwhile: the poller publishes them from Postgres.
 */
import type { JobCensus, JobConsumer } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

export interface WatchdogDeps {
  consumer: Pick<JobConsumer, "lane" | "running" | "taken" | "isConnected" | "start" | "stop">;
  census: Pick<JobCensus<unknown>, "overdue">;
  logger: Logger;
  pulse?: Pulse | undefined;
  /** Ends the process; called when a restart of the consumer did not help. */
  giveUp: (reason: string) => void;
}

const intervalMs = 5_000;
/** Jobs due for longer than this should have been taken, in milliseconds. */
const overdueMs = 3_000;
/** So many rounds without anything taken, and the consumer is stuck. */
const idleRoundsMax = 3;

export function createWatchdog(deps: WatchdogDeps, options = { intervalMs }): Service {
  const { consumer, census, logger, pulse, giveUp } = deps;
  let takenBefore = -1;
  let idleRounds = 0;
  let restarted = false;

  return createSweeper(
    { name: `watchdog ${consumer.lane}`, intervalMs: options.intervalMs },
    {
      logger,
      pulse,
      async sweep() {
        const taken = consumer.taken();
        const stands = taken === takenBefore && consumer.running() === 0 && consumer.isConnected();
        takenBefore = taken;
        if (!stands || (await census.overdue(consumer.lane, overdueMs)) === 0) {
          idleRounds = 0;
          if (!stands) restarted = false;
          return false;
        }
        idleRounds += 1;
        if (idleRounds < idleRoundsMax) return false;
        idleRounds = 0;
        if (restarted) {
          giveUp(`the ${consumer.lane} consumer takes no jobs, also after a restart`);
          return false;
        }
        logger.error({ lane: consumer.lane }, "the consumer is connected but takes no jobs, restarting it");
        restarted = true;
        pulse?.healed("watchdog", 1);
        await consumer.stop();
        await consumer.start();
        return false;
      },
    },
  );
}
