/**
 * For changes that rest on what was read: they happen only if that still holds, else one looks again. Whoever lost
 * waits a moment first, by chance and longer each time, so that many who want the same come one after another.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ProblemError } from "./problem.ts";

const roundsMax = 25;
const firstPauseMaxMs = 10;
const pauseMaxMs = 200;

/** Yields as often as one may look; whoever comes to the end gives up. */
export async function* rounds(): AsyncGenerator<void> {
  for (let round = 0; round < roundsMax; round += 1) {
    if (round > 0) await delay(Math.random() * Math.min(pauseMaxMs, firstPauseMaxMs * 2 ** (round - 1)));
    yield;
  }
}

/** What to answer whoever gave up. */
export function changingTooFast(code: string, what: string): ProblemError {
  const headers = { "retry-after": "1" };
  return new ProblemError(503, code, `The ${what} is changing too fast; try again.`, { headers });
}
