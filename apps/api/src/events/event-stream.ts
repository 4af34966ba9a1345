/**
 * One client's server-sent events. It pulls: a page is read from Postgres when the page before has left, so a slow
 * client costs no memory, and one that takes nothing for too long is dropped. Every event carries its position as id,
 * and so does each heartbeat, so a client that reconnects goes on exactly where it was, at whichever API process.
 */
import { setTimeout as delay } from "node:timers/promises";
import { formatEventPosition, type EventPosition, type EventType } from "@punctual/core";
import { isDatabaseUnavailable, readEvents, type Database, type EventPage, type EventPageRequest } from "@punctual/db";
import { toEventOut } from "./event-answer.ts";
import type { EventFeed } from "./event-feed.ts";

export interface EventStreamRequest {
  companyId: string;
  /** Null: all types. */
  types: readonly EventType[] | null;
  after: EventPosition;
}

export interface EventStreamDeps {
  database: Database;
  feed: EventFeed;
  /** Ends the stream. */
  signal: AbortSignal;
  /** Called when the client has taken nothing for too long. */
  onStalled: () => void;
  limits?: StreamLimits;
}

type StreamLimits = { readonly [Name in keyof typeof streamLimits]: number };

export const streamLimits = {
  /** A sign of life, and of the position, this often, in milliseconds. */
  heartbeatMs: 15_000,
  /** A client that takes nothing for so long is dropped, in milliseconds. */
  stallTimeoutMs: 30_000,
  /** A stream ends after this long, in milliseconds; its client reconnects, and its key is checked again. */
  lifetimeMaxMs: 600_000,
  pageSize: 100,
  /** What clients wait before they reconnect, in milliseconds. */
  reconnectMs: 2_000,
} as const;

const outagePauseMs = 1_000;

/** @returns chunks of `text/event-stream`; ends by itself when the signal aborts or its time is over */
export async function* streamEvents(request: EventStreamRequest, deps: EventStreamDeps): AsyncGenerator<string> {
  const { companyId, types } = request;
  const { database, feed, onStalled, limits = streamLimits } = deps;
  const { heartbeatMs, lifetimeMaxMs, pageSize, reconnectMs, stallTimeoutMs } = limits;
  const ending = AbortSignal.any([deps.signal, AbortSignal.timeout(lifetimeMaxMs)]);
  const stall = watchStall(onStalled, stallTimeoutMs);
  let position = request.after;
  let news = true;
  let wake: (() => void) | undefined;
  const unsubscribe = feed.subscribe(companyId, () => {
    news = true;
    wake?.();
  });
  ending.addEventListener("abort", () => wake?.());

  /** Hands a chunk to the client; resumes when it was taken. */
  function* take(chunk: string): Generator<string> {
    stall.begin();
    yield chunk;
    stall.end();
  }

  try {
    yield* take(`retry: ${reconnectMs}\n${positionLine(position)}\n`);
    while (!ending.aborted) {
      news = false;
      const page = await readOrNull(database, { companyId, types, after: position, limit: pageSize });
      if (page === null) {
        await delay(outagePauseMs, undefined, { signal: ending }).catch(() => {});
        continue;
      }
      // Fallen so far behind that events are forgotten: the client is told so when it reconnects.
      if (page.kind === "expired") return;
      if (page.events.length > 0) yield* take(page.events.map(toChunk).join(""));
      ({ position } = page);
      if (page.hasMore) continue;
      const woken = news || ending.aborted || (await heard(heartbeatMs));
      if (!woken) yield* take(`: still here\n${positionLine(position)}\n`);
    }
  } finally {
    unsubscribe();
    stall.end();
  }

  /** Whether something woke the stream before the time was over. */
  async function heard(withinMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const woken = await new Promise<boolean>((resolve) => {
      wake = () => resolve(true);
      timer = setTimeout(() => resolve(false), withinMs);
    });
    clearTimeout(timer);
    wake = undefined;
    return woken;
  }
}

/** Null while Postgres is away: the stream waits, since a client's library may not survive being cut off. */
async function readOrNull(database: Database, request: EventPageRequest): Promise<EventPage | null> {
  try {
    return await readEvents(database, request);
  } catch (error) {
    if (isDatabaseUnavailable(error)) return null;
    throw error;
  }
}

function toChunk(event: Parameters<typeof toEventOut>[0]): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(toEventOut(event))}\n\n`;
}

/** An id without data tells the client its position and nothing else. */
function positionLine(position: EventPosition): string {
  return `id: ${formatEventPosition(position)}\n`;
}

function watchStall(onStalled: () => void, timeoutMs: number) {
  let timer: NodeJS.Timeout | undefined;
  return {
    begin() {
      timer = setTimeout(onStalled, timeoutMs);
      timer.unref();
    },
    end: () => clearTimeout(timer),
  };
}
