/** All a worker runs to bring events to endpoints: the same parts as for posts, on the deliveries' own queue. */
import { deliveryAttemptsMax, type DeliveryJobId } from "@punctual/core";
import {
  enqueuedDeliveries,
  markDeliveriesEnqueued,
  overdueDeliveries,
  raiseDeliveryGenerations,
  rescueDeliveries,
  unenqueuedDeliveries,
  type Database,
  type Outlook,
  type UnenqueuedDelivery,
} from "@punctual/db";
import { createHttpClient } from "@punctual/platforms";
import {
  openDeliveryConsumer,
  openDeliveryProducer,
  type DeliveryProducer,
  type JobConsumer,
  type WaitingDelivery,
} from "@punctual/queue";
import type { Keyring, Logger, Service } from "@punctual/runtime";
import { createJobRebuilder } from "../maintenance/job-rebuilder.ts";
import { createPoller } from "../maintenance/poller.ts";
import type { Lookout } from "../maintenance/lookout.ts";
import type { Pulse } from "../maintenance/pulse.ts";
import { createSweeper } from "../maintenance/sweeper.ts";
import { createWatchdog } from "../maintenance/watchdog.ts";
import { createDeliverer } from "./deliverer.ts";
import { createFanOut } from "./fan-out.ts";

export interface DeliveriesOptions {
  redisUrl: string;
  prefix?: string;
  /** Names this process in attempts, leases and logs. */
  worker: string;
  allowPrivateNetworks: boolean;
  /** Deliveries at a time. */
  concurrency: number;
  /** How long a stop waits for what is being delivered, in milliseconds. */
  drainTimeoutMs: number;
}

export interface DeliveriesDeps {
  database: Database;
  keyring: Keyring;
  logger: Logger;
  giveUp: (reason: string) => void;
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
}

export interface Deliveries {
  /** To start first and stop last. */
  foundation: Service[];
  /** Small jobs done over and over. */
  maintenance: Service[];
  /** Takes work, and drains when it is stopped. */
  lane: Service[];
  producer: DeliveryProducer;
  consumer: JobConsumer;
}

const batchSizeMax = 1_000;
const quietMs = 750;
const intervalMs = 500;

export function createDeliveries(options: DeliveriesOptions, deps: DeliveriesDeps): Deliveries {
  const { redisUrl, worker, concurrency, drainTimeoutMs, allowPrivateNetworks } = options;
  const { database, keyring, logger, giveUp, lookout, pulse } = deps;
  const redis = { redisUrl, ...(options.prefix === undefined ? {} : { prefix: options.prefix }) };
  const http = createHttpClient({ allowPrivateNetworks });
  const producer = openDeliveryProducer(redis, {
    logger,
    onEnqueued: (jobs) => markDeliveriesEnqueued(database, jobs),
  });
  const deliverer = createDeliverer({ database, keyring, http, logger }, { worker });
  const consumer = openDeliveryConsumer(
    { ...redis, concurrency, drainTimeoutMs },
    { logger, handle: (job) => deliverer.deliver(job, "job") },
  );
  const { census } = producer;
  return {
    foundation: [{ start: async () => {}, stop: () => http.close() }, producer],
    maintenance: [
      createFanOut({ holder: worker }, { database, producer, logger, lookout, pulse }),
      createDeliveryStager({ database, producer, logger, lookout, pulse }),
      createJobRebuilder(
        { holder: worker },
        { database, producer, enqueued: enqueuedIn(database), logger, lookout, pulse },
      ),
    ],
    producer,
    consumer,
    lane: [
      consumer,
      createPoller<DeliveryJobId>(
        { concurrency, drainTimeoutMs },
        {
          soonestInMs: ({ deliveryInMs }) => deliveryInMs,
          overdue: (overdueMs, limit) => overdueDeliveries(database, { overdueMs, limit }),
          work: (job) => deliverer.deliver(job, "poller"),
          consumer,
          census,
          logger,
          lookout,
          pulse,
        },
      ),
      createWatchdog({ consumer, census, logger, giveUp, pulse }),
    ],
  };
}

/** Gives jobs to waiting deliveries that have none, and takes those of dead workers out of their hands. */
export function createDeliveryStager(deps: {
  database: Database;
  producer: DeliveryProducer;
  logger: Logger;
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
}): Service {
  const { database, producer, logger, lookout, pulse } = deps;
  return createSweeper(
    { name: "delivery stager", intervalMs },
    {
      logger,
      lookout,
      pulse,
      async sweep(_stopping, outlook) {
        const rescued = outlook?.strandedDeliveries === false ? [] : await rescueDeliveries(database, batchSizeMax);
        pulse?.healed("delivery stager", rescued.length);
        for (const delivery of rescued) logger.warn(delivery, "delivery taken from a dead worker");
        if (rescued.length === 0 && outlook?.unenqueuedDeliveries === false) return false;
        const waiting = await unenqueuedDeliveries(database, { limit: batchSizeMax, quietMs });
        const staged = waiting.length > 0 && (await producer.enqueue(waiting.map(toWaiting)));
        return staged && waiting.length === batchSizeMax;
      },
    },
  );
}

function enqueuedIn(database: Database) {
  const many = async (deliveries: Promise<UnenqueuedDelivery[]>) => (await deliveries).map(toWaiting);
  return {
    waitsIn: (_lane: string, { deliveryInMs }: Outlook) => deliveryInMs !== null,
    page: (_lane: string, after: WaitingDelivery | null, limit: number) =>
      many(enqueuedDeliveries(database, { after, limit })),
    soonest: (_lanes: readonly string[], limit: number) => many(enqueuedDeliveries(database, { after: null, limit })),
    raiseGenerations: (jobs: readonly DeliveryJobId[]) => many(raiseDeliveryGenerations(database, jobs)),
  };
}

function toWaiting(delivery: UnenqueuedDelivery): WaitingDelivery {
  return { ...delivery, maxAttempts: deliveryAttemptsMax };
}
