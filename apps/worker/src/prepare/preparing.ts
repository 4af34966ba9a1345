/** All a worker runs to prepare posts before their instant, on queues of their own: publishing never waits for it. */
import { prepareJobs, type Platform, type PublishJobId, type RetryPolicy } from "@punctual/core";
import { markPreparationsEnqueued, overduePreparations, type Database } from "@punctual/db";
import { openPrepareConsumer, openPrepareProducer, type JobConsumer, type PublishProducer } from "@punctual/queue";
import type { Keyring, Logger, Service } from "@punctual/runtime";
import { createPoller } from "../maintenance/poller.ts";
import type { Lookout } from "../maintenance/lookout.ts";
import type { Pulse } from "../maintenance/pulse.ts";
import { createWatchdog } from "../maintenance/watchdog.ts";
import { createPreparationStager } from "./preparation-stager.ts";
import { createPreparer } from "./preparer.ts";

export interface PreparingOptions {
  redisUrl: string;
  prefix?: string;
  /** All there are. */
  platforms: readonly Platform[];
  /** Those this worker takes jobs of. */
  ownPlatforms: readonly Platform[];
  retryPolicy: RetryPolicy;
  drainTimeoutMs: number;
}

export interface PreparingDeps {
  /** For the work itself, and for looking after it. */
  database: Database;
  maintenance: Database;
  keyring: Keyring;
  logger: Logger;
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
  /** Ends the process; called when the restart of a lane that takes nothing did not help. */
  giveUp: (reason: string) => void;
}

export interface PreparingServices {
  /** To start first and stop last. */
  foundation: Service[];
  /** Small jobs done over and over. */
  maintenance: Service[];
  /** Takes work, and drains when it is stopped. */
  lanes: Service[];
  /** To send probes through, and to see them come. */
  producers: PublishProducer[];
  consumers: { queue: string; consumer: JobConsumer }[];
  /** Puts back what is being prepared. */
  release(): void;
}

/** Posts prepared at a time, per platform: they upload, and wait for platforms to process. */
const concurrency = 10;

export function createPreparing(options: PreparingOptions, deps: PreparingDeps): PreparingServices {
  const { redisUrl, retryPolicy, drainTimeoutMs } = options;
  const { maintenance, logger, lookout, pulse, giveUp } = deps;
  const redis = { redisUrl, ...(options.prefix === undefined ? {} : { prefix: options.prefix }) };
  const prepares = (platforms: readonly Platform[]) => platforms.filter(({ prepare }) => prepare !== undefined);
  const platforms = prepares(options.platforms).map(({ name }) => name);
  if (platforms.length === 0) {
    return { foundation: [], maintenance: [], lanes: [], producers: [], consumers: [], release: () => {} };
  }

  const producer = openPrepareProducer(
    { ...redis, platforms },
    { logger, onEnqueued: (jobs) => markPreparationsEnqueued(maintenance, jobs) },
  );
  const preparer = createPreparer(deps, { retryPolicy });
  const consumers: PreparingServices["consumers"] = [];
  const lanes = prepares(options.ownPlatforms).flatMap((platform): Service[] => {
    const work = (job: PublishJobId) => preparer.prepare(platform, job);
    const lane = { ...redis, platform: platform.name, concurrency, drainTimeoutMs };
    const consumer = openPrepareConsumer(lane, { logger, handle: work });
    consumers.push({ queue: prepareJobs.queueName(platform.name), consumer });
    const { census } = producer;
    const poller = createPoller(
      { concurrency, drainTimeoutMs },
      {
        soonestInMs: ({ preparationsInMs }) => preparationsInMs[platform.name] ?? null,
        overdue: (overdueMs, limit) => overduePreparations(maintenance, { platform: platform.name, overdueMs, limit }),
        work,
        consumer,
        census,
        logger,
        lookout,
        pulse,
      },
    );
    return [consumer, poller, createWatchdog({ consumer, census, logger, pulse, giveUp })];
  });
  return {
    foundation: [producer],
    maintenance: [createPreparationStager({ platforms }, { database: maintenance, producer, logger, lookout, pulse })],
    lanes,
    producers: [producer],
    consumers,
    release: () => preparer.release(),
  };
}
