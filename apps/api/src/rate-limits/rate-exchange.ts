/**
 * Makes one limit of what several API processes count: twice a second each tells the others, through Redis, what it
 * counted, and learns what they did. No request waits for that. Between two rounds each process knows the others a
 * little late, so together they may let through somewhat more than the limit, never less. While Redis is away, each
 * counts alone; it tells absolute counts, so whatever was lost or said twice is right again after the next round.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { SharedCounts } from "@punctual/queue";
import type { Service } from "@punctual/runtime";
import type { SlidingWindow } from "./sliding-window.ts";

export interface RateExchangeOptions {
  /** Between two rounds, in milliseconds. */
  intervalMs: number;
}

export function createRateExchange(
  { intervalMs }: RateExchangeOptions,
  { window, counts }: { window: SlidingWindow; counts: SharedCounts },
): Service {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await round();
      await delay(intervalMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
    }
  }

  async function round(): Promise<void> {
    const nowMs = Date.now();
    const changes = window.changes(nowMs);
    if (changes.length === 0) return;
    const others = await counts.exchange(changes, window.oldestStep(nowMs));
    for (const [name, steps] of others) window.learn(name, steps);
  }

  return {
    async start() {
      running ??= run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
