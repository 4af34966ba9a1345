/**
 * A small job done over and over: look, heal, pause. It never dies of an error, goes on at once while there is more
 * to do, and stops between two rounds.
 */
import { setTimeout as delay } from "node:timers/promises";
import { withinMs, type Logger, type Service } from "@punctual/runtime";
import type { Pulse } from "./pulse.ts";

export interface SweeperOptions {
  name: string;
  /** Between two rounds, in milliseconds; a tenth of it is random, so that workers do not march in step. */
  intervalMs: number;
}

export interface SweeperDeps {
  logger: Logger;
  /** One round; a long one looks at the signal and ends early when told to stop. True: there is more, come back at once. */
  sweep: (stopping: AbortSignal) => Promise<boolean>;
  /** Told of each round. */
  pulse?: Pulse | undefined;
}

/** Pause after an error, in milliseconds. */
const errorPauseMs = 1_000;
const stopTimeoutMs = 3_000;

export function createSweeper({ name, intervalMs }: SweeperOptions, { logger, sweep, pulse }: SweeperDeps): Service {
  let life: { stopping: AbortController; done: Promise<void> } | undefined;

  async function run(stopping: AbortSignal): Promise<void> {
    let failing = false;
    while (!stopping.aborted) {
      let pauseMs = intervalMs * (0.9 + 0.2 * Math.random());
      try {
        if (await sweep(stopping)) pauseMs = 0;
        if (failing) logger.info({ sweeper: name }, "maintenance works again");
        failing = false;
        pulse?.round(name, true);
      } catch (error) {
        if (!failing) logger.warn({ err: error, sweeper: name }, "maintenance failed, trying again");
        failing = true;
        pulse?.round(name, false);
        pauseMs = errorPauseMs;
      }
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal: stopping }).catch(() => {});
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
