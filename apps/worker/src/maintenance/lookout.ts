/**
 * One look at Postgres for all sweepers of a process, a few times a second: it tells each whether there may be anything
 * for it to do, so that an idle installation asks one question instead of sixty. Nothing rests on it. A look that fails, or takes long,
 * tells nothing, and then every sweeper looks for itself, as it also does now and then in any case.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Outlook } from "@punctual/db";
import { withinMs, type Logger } from "@punctual/runtime";
import type { Pulse } from "./pulse.ts";

export interface Lookout {
  /**
   * The next look, begun after this call: everybody who asks before it begins shares it. Never rejects.
   *
   * @returns null: nothing is known, look for yourself
   */
  next(): Promise<Outlook | null>;
}

export interface LookoutDeps {
  look: () => Promise<Outlook>;
  logger: Logger;
  pulse?: Pulse | undefined;
}

/** Between the beginnings of two looks, in milliseconds; a tenth of it is random, so that workers do not march in step. */
export const lookIntervalMs = 400;
/** A look that takes longer is waited for no more, in milliseconds. */
const lookTimeoutMs = 1_000;

export function createLookout(
  { look, logger, pulse }: LookoutDeps,
  { intervalMs = lookIntervalMs, timeoutMs = lookTimeoutMs } = {},
): Lookout {
  let upcoming: Promise<Outlook | null> | undefined;
  let nextAt = 0;
  let running: Promise<Outlook | null> | undefined;
  let failing = false;

  async function begin(): Promise<Outlook | null> {
    // It pauses in any case, so that what `next` is about to keep is there to be replaced.
    await delay(Math.max(0, nextAt - performance.now()), undefined, { ref: false });
    if (running !== undefined) await withinMs(timeoutMs, running, null);
    // Whoever asks from here on wants to know what is after this moment.
    upcoming = undefined;
    nextAt = performance.now() + intervalMs * (0.9 + 0.2 * Math.random());
    // Looks that Postgres does not answer must not pile up.
    if (running !== undefined) return null;
    running = ask().finally(() => (running = undefined));
    return withinMs(timeoutMs, running, null);
  }

  async function ask(): Promise<Outlook | null> {
    try {
      const outlook = await look();
      if (failing) logger.info("looking out for all works again");
      failing = false;
      pulse?.round("lookout", true);
      return outlook;
    } catch (error) {
      if (!failing) logger.warn({ err: error }, "looking out for all failed; everybody looks for himself");
      failing = true;
      pulse?.round("lookout", false);
      return null;
    }
  }

  return { next: () => (upcoming ??= begin()) };
}
