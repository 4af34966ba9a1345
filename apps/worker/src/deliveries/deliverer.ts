/**
 * The pipeline of one delivery: claim, send, record. What waits and when is decided in Postgres; a job, or the poller,
 * only says which delivery to look at. A claim's lease outlives its request, so no two workers ever send the same
 * attempt at once.
 */
import { randomUUID } from "node:crypto";
import { deliveryWaitMs, type DeliveryJobId, type DeliveryOutcome } from "@punctual/core";
import {
  claimDelivery,
  endDeliveriesOfClosed,
  recordDelivery,
  waitingCountMax,
  type ClaimedDelivery,
  type Database,
  type RecordedDelivery,
} from "@punctual/db";
import type { HttpClient } from "@punctual/platforms";
import type { JobVerdict } from "@punctual/queue";
import type { Keyring, Logger } from "@punctual/runtime";
import { throughOutages } from "../outage-patience.ts";
import { sendDelivery } from "./delivery-request.ts";

export interface DelivererDeps {
  database: Database;
  keyring: Keyring;
  http: HttpClient;
  logger: Logger;
}

export interface Deliverer {
  /**
   * Delivers if it is due and nobody else has it. Throws only for bugs.
   *
   * @param driver what brought it here: a job that will also bring it back, or a look into Postgres
   */
  deliver(job: DeliveryJobId, driver: "job" | "poller"): Promise<JobVerdict>;
}

/** The specification recommends 15 to 30 s. */
const sendTimeoutMs = 15_000;
/** The lease outlives the request by this much, in milliseconds. */
const leaseMarginMs = 5_000;
/** How long a job waits when Postgres did not answer, in milliseconds. */
const databaseDownDelayMs = 500;
export function createDeliverer(deps: DelivererDeps, { worker }: { worker: string }): Deliverer {
  const { database, logger } = deps;

  return {
    async deliver(job, driver) {
      const { deliveryId, round } = job;
      const claimToken = randomUUID();
      const deadline = performance.now() + sendTimeoutMs;
      let claim;
      try {
        const leaseMs = sendTimeoutMs + leaseMarginMs;
        claim = await claimDelivery(database, { deliveryId, round, claimToken, worker, leaseMs });
      } catch (error) {
        logger.warn({ err: error, deliveryId }, "claiming a delivery failed, trying again");
        return { kind: "later", delayMs: databaseDownDelayMs };
      }
      switch (claim.kind) {
        case "claimed":
          return deliverClaimed(claim.delivery, { claimToken, deadline, needsJob: driver === "poller" });
        case "not_due":
          // A job of an older generation has a successor; it must not live on beside it.
          return job.generation < claim.generation ? { kind: "done" } : { kind: "later", delayMs: claim.dueInMs };
        case "endpoint_busy":
          return job.generation < claim.generation
            ? { kind: "done" }
            : { kind: "later", delayMs: busyDelayMs(claim.waiting, Math.random()) };
        case "endpoint_closed":
          await endDeliveriesOfClosed(database, claim.endpointId);
          return { kind: "done" };
        case "not_claimable":
          return { kind: "done" };
      }
    },
  };

  async function deliverClaimed(
    delivery: ClaimedDelivery,
    { claimToken, deadline, needsJob }: { claimToken: string; deadline: number; needsJob: boolean },
  ): Promise<JobVerdict> {
    const outcome = await send(delivery, deadline, deps);
    const waitMs = outcome.kind === "delivered" ? null : deliveryWaitMs(delivery.attemptsUsed, Math.random(), outcome);
    const record = { deliveryId: delivery.id, claimToken, outcome, waitMs, needsJob };
    const context = { deliveryId: delivery.id, requestId: delivery.requestId, attempt: delivery.attempt };
    const recorded = await throughOutages(() => recordDelivery(database, record), context, logger);
    announce(delivery, outcome, waitMs, recorded);
    if (recorded?.kind !== "recorded" || outcome.kind === "delivered" || recorded.endpointDisabled !== null) {
      return { kind: "done" };
    }
    if (waitMs === null) return { kind: "failed", reason: outcome.code };
    return needsJob ? { kind: "done" } : { kind: "again", delayMs: waitMs, reason: outcome.code };
  }

  function announce(
    { id, attempt, requestId, event, endpoint }: ClaimedDelivery,
    outcome: DeliveryOutcome,
    waitMs: number | null,
    recorded: RecordedDelivery | null,
  ): void {
    const context = { requestId, deliveryId: id, endpointId: endpoint.id, eventId: event.id, attempt };
    const { httpStatus } = outcome;
    if (recorded?.kind !== "recorded") logger.warn(context, "the claim of a delivery was lost; it may be repeated");
    else if (outcome.kind === "delivered") logger.info({ ...context, httpStatus }, "event delivered");
    else logger.warn({ ...context, httpStatus, code: outcome.code, waitMs }, "event not delivered");
    if (recorded?.kind === "recorded" && recorded.endpointDisabled !== null) {
      logger.error({ ...context, reason: recorded.endpointDisabled }, "webhook endpoint disabled");
    }
  }
}

/**
 * How long a job waits for a busy endpoint, in milliseconds: so spread that those in line ask some hundred times a
 * second together, however long the line is.
 */
function busyDelayMs(waiting: number, random: number): number {
  return waiting < waitingCountMax ? 250 + waiting * 4 * random : 10_000 + 20_000 * random;
}

async function send(
  delivery: ClaimedDelivery,
  deadline: number,
  { keyring, http, logger }: DelivererDeps,
): Promise<DeliveryOutcome> {
  const { id, endpoint } = delivery;
  const beforeSend = () => {
    // This process may have been frozen since it asked for the claim, and the delivery be another's by now.
    if (performance.now() >= deadline) throw new TooLateToSend();
  };
  try {
    const secrets = endpoint.secrets.map((sealed) => keyring.open(sealed, endpoint.id));
    const timeoutMs = Math.max(1, deadline - performance.now());
    return await sendDelivery(http, { delivery, secrets, timeoutMs, beforeSend }, new Date());
  } catch (error) {
    // A secret sealed under a key that is gone, or a bug: it must not come back for ever.
    logger.error({ err: error, deliveryId: id, endpointId: endpoint.id }, "an event could not be sent");
    return { kind: "failed", code: "internal", message: "an unexpected fault while sending", httpStatus: null };
  }
}

class TooLateToSend extends Error {
  override name = "TooLateToSend";
  readonly code = "send_forbidden";
}
