/**
 * Where an event stands in the log: its transaction, then its place among all events. Sequence numbers alone would
 * not do, since a slow transaction commits a low number after others committed higher ones; readers that stay behind
 * the oldest running transaction, in this order, miss nothing.
 */

export interface EventPosition {
  /** Of the transaction that wrote it: an unsigned 64-bit number, in decimal. */
  transactionId: string;
  /** A positive 63-bit number, in decimal. */
  sequence: string;
}

/** Before all events. */
export const eventLogStart: EventPosition = { transactionId: "0", sequence: "0" };

const pattern = /^(0|[1-9]\d{0,19})-(0|[1-9]\d{0,18})$/;
const transactionIdMax = 2n ** 64n - 1n;
const sequenceMax = 2n ** 63n - 1n;

/** As clients see it: the event's id, and the cursor that goes on after it. */
export function formatEventPosition({ transactionId, sequence }: EventPosition): string {
  return `${transactionId}-${sequence}`;
}

/** Null if the text is not a position. */
export function parseEventPosition(text: string): EventPosition | null {
  const [, transactionId, sequence] = pattern.exec(text) ?? [];
  if (transactionId === undefined || sequence === undefined) return null;
  if (BigInt(transactionId) > transactionIdMax || BigInt(sequence) > sequenceMax) return null;
  return { transactionId, sequence };
}
