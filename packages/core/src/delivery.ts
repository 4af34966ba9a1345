/**
 * How events are brought to clients' endpoints: when a delivery is tried again, and what an endpoint's answer means.
 * The schedule is the one the Standard Webhooks specification recommends: soon at first, then over three days.
 */

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** The wait after each failed attempt, in milliseconds; after the last one the delivery is given up. */
export const deliveryWaitsMs: readonly number[] = [
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
];
export const deliveryAttemptsMax = deliveryWaitsMs.length + 1;

export const deliveryRules = {
  /** An endpoint that took nothing for so long is disabled. */
  failingDaysMax: 5,
  /** A failure counts with the one before it if at most so long lies between them. */
  failureGapMaxMs: 48 * hourMs,
  /** For how long the secret before a rotation still signs. */
  previousSecretMs: 24 * hourMs,
  /** Deliveries one endpoint gets at a time, so that a slow one does not hold up the others. */
  runningPerEndpointMax: 10,
  /** No wait told by an endpoint is believed beyond this. */
  toldWaitMaxMs: 24 * hourMs,
} as const;

/** What became of one attempt. */
export type DeliveryOutcome =
  | { kind: "delivered"; httpStatus: number }
  | {
      kind: "failed";
      code: string;
      /** Free of secrets. */
      message: string;
      /** Null: there was no answer. */
      httpStatus: number | null;
      /** The endpoint asked for this long, in milliseconds. */
      waitMs?: number;
      /** The endpoint says it will never come back (410). */
      gone?: true;
    };

/**
 * The wait before the next attempt, in milliseconds; null: the delivery is given up. Never sooner than the schedule;
 * up to a fifth more is random, so that deliveries that failed together come back apart.
 *
 * @param attemptsUsed how many attempts of the round are spent, this one included (1 or more)
 * @param random uniform in [0, 1)
 */
export function deliveryWaitMs(
  attemptsUsed: number,
  random: number,
  outcome: Pick<DeliveryOutcome & { kind: "failed" }, "waitMs" | "gone"> = {},
): number | null {
  const scheduled = deliveryWaitsMs[attemptsUsed - 1];
  if (scheduled === undefined || outcome.gone === true) return null;
  const told = Math.min(outcome.waitMs ?? 0, deliveryRules.toldWaitMaxMs);
  return Math.round(Math.max(scheduled, told) * (1 + random / 5));
}
