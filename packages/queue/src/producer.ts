/** Putting waiting posts on the queues of their platform: one to prepare them, one to publish them. */
import { prepareJobs, publishJobs, type PublishJobId } from "@punctual/core";
import { openJobProducer, type JobProducer, type JobProducerDeps, type Waiting } from "./job-producer.ts";

/** A post by its job, and where that waits. */
export type PlacedPost = PublishJobId & { platform: string };
export type WaitingPost = PlacedPost & Waiting;
export type PublishProducer = JobProducer<PublishJobId, PlacedPost, WaitingPost>;

export interface ProducerOptions {
  redisUrl: string;
  prefix?: string;
  /** One queue each. */
  platforms: readonly string[];
}

export function openProducer(
  { platforms, ...options }: ProducerOptions,
  deps: JobProducerDeps<WaitingPost>,
): PublishProducer {
  return openJobProducer({ ...options, kind: publishJobs, lanes: platforms, laneOf: ({ platform }) => platform }, deps);
}

/** Of jobs that prepare posts before their instant. */
export function openPrepareProducer(
  { platforms, ...options }: ProducerOptions,
  deps: JobProducerDeps<WaitingPost>,
): PublishProducer {
  return openJobProducer({ ...options, kind: prepareJobs, lanes: platforms, laneOf: ({ platform }) => platform }, deps);
}
