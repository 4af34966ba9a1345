/**
 * The overview as server-sent events. Each client's stream asks the shared reading, so a hundred open pages cost what
 * one does. It says when nothing could be read, and goes on.
 */
import { setTimeout as delay } from "node:timers/promises";
import { isDatabaseUnavailable } from "@punctual/db";
import type { FactsReader } from "./installation-facts.ts";
import { toOverview } from "./overview-answer.ts";

export const overviewStreamLimits = {
  intervalMs: 2_000,
  /** A stream ends after this long, in milliseconds; its page reconnects, and is checked again. */
  lifetimeMaxMs: 600_000,
  /** Open ones of one process. */
  streamsMax: 200,
} as const;

/** What pages wait before they reconnect, in milliseconds. */
const reconnectMs = 2_000;

export async function* streamOverview(
  reader: FactsReader,
  { signal, intervalMs = overviewStreamLimits.intervalMs }: { signal: AbortSignal; intervalMs?: number },
): AsyncGenerator<string> {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(overviewStreamLimits.lifetimeMaxMs)]);
  yield `retry: ${reconnectMs}\n\n`;
  while (!ending.aborted) {
    yield await nextChunk(reader);
    await delay(intervalMs, undefined, { signal: ending }).catch(() => {});
  }
}

async function nextChunk(reader: FactsReader): Promise<string> {
  try {
    return chunk("overview", toOverview(await reader.read()));
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error;
    return chunk("unavailable", { at: new Date().toISOString(), message: "Postgres does not answer." });
  }
}

function chunk(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
