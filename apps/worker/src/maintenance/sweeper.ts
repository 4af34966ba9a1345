/**
 * A small job done over and over: look, heal, pause. It never dies of an error, goes on at once while there is more
 * to do, and stops between two rounds. With a lookout, each round waits for the next look that all share, and what it
 * showed is handed to the round; now and then a round is told nothing all the same, and looks for itself.
 */
import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";
import type { Outlook } from "@punctual/db";
import { withinMs, type Logger, type Service } from "@punctual/runtime";
import { lookIntervalMs, type Lookout } from "./lookout.ts";
import type { Pulse } from "./pulse.ts";

export interface SweeperOptions {
  name: string;
  /** Between two rounds, in milliseconds; a tenth of it is random, so that workers do not march in step. */
  intervalMs: number;
  /** So often, or twice as often, a round looks for itself whatever the lookout says, in milliseconds. Default: half a minute. */
  ownLookIntervalMs?: number;
}

export interface SweeperDeps {
  logger: Logger;
  /**
   * One round; a long one looks at the signal and ends early when told to stop. True: there is more, come back at once.
   *
   * @param outlook what there was to do a moment ago; null: nobody looked
   */
  sweep: (stopping: AbortSignal, outlook: Outlook | null) => Promise<boolean>;
  lookout?: Lookout | undefined;
  /** Told of each round. */
  pulse?: Pulse | undefined;
}

/** Pause after an error, in milliseconds. */
const errorPauseMs = 1_000;
const stopTimeoutMs = 3_000;
const defaultOwnLookIntervalMs = 30_000;

export function createSweeper(options: SweeperOptions, { logger, sweep, lookout, pulse }: SweeperDeps): Service {
  const { name, ownLookIntervalMs = defaultOwnLookIntervalMs } = options;
  // The rest of the interval is spent waiting for the look; a small rest is not worth waking up for.
  const restMs = options.intervalMs - (lookout === undefined ? 0 : lookIntervalMs);
  const intervalMs = lookout !== undefined && restMs < lookIntervalMs / 2 ? 0 : restMs;
  let life: { stopping: AbortController; done: Promise<void> } | undefined;

  async function run(stopping: AbortSignal): Promise<void> {
    let failing = false;
    let hasMore = false;
    let ownLookAt = nextOwnLook(ownLookIntervalMs);
    while (!stopping.aborted) {
      let pauseMs = intervalMs * (0.9 + 0.2 * Math.random());
      try {
        let outlook: Outlook | null = null;
        if (performance.now() >= ownLookAt) ownLookAt = nextOwnLook(ownLookIntervalMs);
        else if (lookout !== undefined && !hasMore) outlook = await untilStopped(lookout.next(), stopping);
        if (stopping.aborted) return;
        hasMore = await sweep(stopping, outlook);
        if (hasMore) pauseMs = 0;
        if (failing) logger.info({ sweeper: name }, "maintenance works again");
        failing = false;
        pulse?.round(name, true);
      } catch (error) {
        if (!failing) logger.warn({ err: error, sweeper: name }, "maintenance failed, trying again");
        failing = true;
        hasMore = false;
        pulse?.round(name, false);
        pauseMs = errorPauseMs;
      }
      // Rounds that wait for nothing must not keep everything else of the process from its turn.
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal: stopping }).catch(() => {});
      else await turn();
    }
  }

  return {
    async start() {
      if (life !== undefined) return;
      const stopping = new AbortController();
      life = { stopping, done: run(stopping.signal) };
    },
    async stop() {
      if (life === undefined) return;
      const { stopping, done } = life;
      life = undefined;
      stopping.abort();
      await withinMs(stopTimeoutMs, done, undefined);
    },
  };
}

/** Leaves nothing behind on the signal, which lives as long as the process. */
function untilStopped<Result>(work: Promise<Result>, stopping: AbortSignal): Promise<Result | null> {
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve(null);
    stopping.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => stopping.removeEventListener("abort", onAbort));
  });
}

/** Spread, so that those who began together do not look together. */
function nextOwnLook(intervalMs: number): number {
  return performance.now() + intervalMs * (0.5 + 0.5 * Math.random());
}
