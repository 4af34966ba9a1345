/**
 * Watches that a consumer really takes jobs. The best known failure of queue workers is one that is connected and
 * takes nothing; it is restarted, and if that does not help, the process ends so that its supervisor starts another.
 * Posts are not in danger meanwhile: the poller publishes them from Postgres.
 *
 * On a machine with far more to do than it can, a consumer may take nothing for a while and be well: it has no turn, or
 * Redis has none. A restart would only cost turns more, so rounds in which this process or Redis was slow do not count.
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
/** A machine with time to spare wakes us and has Redis answer within this, in milliseconds. */
const promptMs = 500;

export function createWatchdog(deps: WatchdogDeps, options = { intervalMs, promptMs }): Service {
  const { consumer, census, logger, pulse, giveUp } = deps;
  /** The pauses of a sweeper are up to a tenth longer than its interval. */
  const wakesWithinMs = options.intervalMs * 1.1 + options.promptMs;
  let takenBefore = -1;
  let idleRounds = 0;
  let restarted = false;
  let endedAt = performance.now();

  /** How many jobs should have been taken; null: who was slow, the consumer or the machine, cannot be told. */
  async function overdue(): Promise<number | null> {
    const beganAt = performance.now();
    const count = await census.overdue(consumer.lane, overdueMs);
    const wasPrompt = beganAt - endedAt <= wakesWithinMs && performance.now() - beganAt <= options.promptMs;
    return count > 0 && !wasPrompt ? null : count;
  }

  async function look(): Promise<void> {
    const taken = consumer.taken();
    const stands = taken === takenBefore && consumer.running() === 0 && consumer.isConnected();
    takenBefore = taken;
    const count = stands ? await overdue() : 0;
    if (count === null) return;
    if (count === 0) {
      idleRounds = 0;
      if (!stands) restarted = false;
      return;
    }
    idleRounds += 1;
    if (idleRounds < idleRoundsMax) return;
    idleRounds = 0;
    if (restarted) {
      giveUp(`the ${consumer.lane} consumer takes no jobs, also after a restart`);
      return;
    }
    logger.error({ lane: consumer.lane }, "the consumer is connected but takes no jobs, restarting it");
    restarted = true;
    pulse?.healed("watchdog", 1);
    await consumer.stop();
    await consumer.start();
  }

  return createSweeper(
    { name: `watchdog ${consumer.lane}`, intervalMs: options.intervalMs },
    {
      logger,
      pulse,
      async sweep() {
        try {
          await look();
        } finally {
          endedAt = performance.now();
        }
        return false;
      },
    },
  );
}
