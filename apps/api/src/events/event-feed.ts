/**
 * Tells streams that their company may have new events. One look into Postgres at a time serves all streams of the
 * process; while nobody listens there are none. It only says that there is news: each stream reads its own, at its own
 * pace, so nothing piles up here for a slow one.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { EventPosition } from "@punctual/core";
import { companiesWithEvents, settledPosition, type Database } from "@punctual/db";
import type { Logger } from "@punctual/runtime";

export interface EventFeed {
  /** Calls back whenever the company may have new events. @returns ends that */
  subscribe(companyId: string, onNews: () => void): () => void;
}

/** Between two looks, in milliseconds. */
const intervalMs = 400;
/** After a look that failed, in milliseconds. */
const errorPauseMs = 1_000;
/** Events a look goes over at most. */
const batchSizeMax = 1_000;

export function createEventFeed({ database, logger }: { database: Database; logger: Logger }): EventFeed {
  const listeners = new Map<string, Set<() => void>>();
  let running = false;

  async function run(): Promise<void> {
    let position: EventPosition | null = null;
    let failing = false;
    while (listeners.size > 0) {
      let pauseMs = intervalMs;
      try {
        if (position === null) {
          position = await settledPosition(database);
          // They may have looked before this position was known.
          for (const companyId of listeners.keys()) tell(companyId);
        } else {
          const news = await companiesWithEvents(database, { after: position, limit: batchSizeMax });
          position = news.position;
          for (const companyId of news.companyIds) tell(companyId);
          if (news.hasMore) pauseMs = 0;
        }
        failing = false;
      } catch (error) {
        if (!failing) logger.warn({ err: error }, "looking for events failed, trying again");
        failing = true;
        pauseMs = errorPauseMs;
      }
      await delay(pauseMs, undefined, { ref: false });
    }
    running = false;
  }

  function tell(companyId: string): void {
    for (const onNews of listeners.get(companyId) ?? []) onNews();
  }

  return {
    subscribe(companyId, onNews) {
      const ofCompany = listeners.get(companyId) ?? new Set();
      listeners.set(companyId, ofCompany.add(onNews));
      if (!running) {
        running = true;
        void run();
      }
      return () => {
        ofCompany.delete(onNews);
        if (ofCompany.size === 0 && listeners.get(companyId) === ofCompany) listeners.delete(companyId);
      };
    },
  };
}
