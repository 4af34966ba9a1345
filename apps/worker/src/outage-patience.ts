/** Trying on through an outage of Postgres: what was done outside must be written down, however long that takes. */
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@punctual/runtime";

/** How long it is tried unless somebody knows better, in milliseconds. */
const giveUpMs = 60_000;
const retryDelayMs = 250;

/**
 * @param context what the work is about, for the log
 * @returns what the work came to; null once it has been in vain for too long
 */
export async function throughOutages<Result>(
  work: () => Promise<Result>,
  context: Readonly<Record<string, unknown>>,
  logger: Logger,
  giveUpAfterMs = giveUpMs,
): Promise<Result | null> {
  const giveUpAt = performance.now() + giveUpAfterMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > giveUpAt) {
        logger.fatal({ err: error, ...context }, "an outcome could not be recorded; it will be treated as lost");
        return null;
      }
      logger.warn({ err: error, ...context }, "recording an outcome failed, trying again");
      await delay(retryDelayMs);
    }
  }
}
