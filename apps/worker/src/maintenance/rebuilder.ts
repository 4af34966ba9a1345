/** Puts the jobs of posts back when Redis lost them. */
import type { PublishJobId } from "@punctual/core";
import { enqueuedPosts, soonestEnqueuedPosts, type BacklogPosition, type Database, type Outlook } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import type { Logger, Service } from "@punctual/runtime";
import type { WorkerParts } from "../parts.ts";
import type { Lookout } from "./lookout.ts";
import type { Pulse } from "./pulse.ts";
import { createJobRebuilder } from "./job-rebuilder.ts";

export interface RebuilderDeps {
  database: Database;
  producer: PublishProducer;
  logger: Logger;
  raiseGenerations: WorkerParts["raiseGenerations"];
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
}

export interface RebuilderOptions {
  platforms: readonly string[];
  /** Names this process in leases. */
  holder: string;
}

export function createRebuilder({ platforms, holder }: RebuilderOptions, deps: RebuilderDeps): Service {
  const { database, producer, logger, raiseGenerations, lookout, pulse } = deps;
  const { horizonMs } = producer;
  const enqueued = {
    waitsIn: (platform: string, { postsInMs }: Outlook) => postsInMs[platform] !== undefined,
    page: (platform: string, after: BacklogPosition | null, limit: number) =>
      enqueuedPosts(database, { platform, after, limit, horizonMs }),
    soonest: (wanted: readonly string[], perPlatform: number) =>
      soonestEnqueuedPosts(database, { platforms: wanted, perPlatform, horizonMs }),
    raiseGenerations: (jobs: readonly PublishJobId[]) => raiseGenerations(database, jobs),
  };
  const lanes = { ...producer, lanes: platforms };
  return createJobRebuilder({ holder }, { database, producer: lanes, enqueued, logger, lookout, pulse });
}
