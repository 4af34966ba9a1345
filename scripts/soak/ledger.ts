/** Which posts were accepted and which arrived, told apart over a run too long to keep more than their ids. */
import type { Delivery } from "../bench/receiver.ts";
import type { ScheduledPost } from "./scheduler.ts";

export interface Ledger {
  accept(posts: readonly ScheduledPost[]): void;
  /** @returns how late each arrived, in milliseconds, of those whose acceptance is known already */
  arrive(deliveries: readonly Delivery[]): number[];
  totals(): LedgerTotals;
}

export interface LedgerTotals {
  accepted: number;
  arrived: number;
  /** Accepted and not arrived. */
  missing: number;
  /** Arrived more than once, counted each time but the first. */
  twice: number;
  /** Arrived and never accepted. */
  unknown: number;
}

export function openLedger(): Ledger {
  /** Accepted and not arrived, with their instants. */
  const open = new Map<string, number>();
  const arrived = new Set<string>();
  /** Arrived before their acceptance was told. */
  const early = new Set<string>();
  let accepted = 0;
  let twice = 0;
  return {
    accept(posts) {
      accepted += posts.length;
      for (const { id, dueAtMs } of posts) if (!early.delete(id)) open.set(id, dueAtMs);
    },
    arrive(deliveries) {
      const late: number[] = [];
      for (const { id, atMs } of deliveries) {
        if (arrived.has(id)) {
          twice += 1;
          continue;
        }
        arrived.add(id);
        const dueAtMs = open.get(id);
        if (dueAtMs === undefined) early.add(id);
        else late.push(atMs - dueAtMs);
        open.delete(id);
      }
      return late;
    },
    totals: () => ({ accepted, arrived: arrived.size, missing: open.size, twice, unknown: early.size }),
  };
}
