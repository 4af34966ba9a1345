/** Putting waiting posts on the queues of their platform: one to prepare them, one to publish them. */
import { prepareJobs, publishJobs, type JobKind, type PublishJobId } from "@punctual/core";
import { openJobProducer, type JobProducer, type JobProducerDeps, type Waiting } from "./job-producer.ts";

/** A post by its job, and where that waits. */
export type PlacedPost = PublishJobId & { platform: string };
export type WaitingPost = PlacedPost & Waiting;
export interface PublishProducer extends JobProducer<PublishJobId, PlacedPost, WaitingPost> {
  /** How far ahead posts have jobs, in milliseconds; null: any. */
  readonly horizonMs: number | null;
}

export interface ProducerOptions {
  redisUrl: string;
  prefix?: string;
  /** One queue each. */
  platforms: readonly string[];
}

/** @param options.horizonMs posts due later are not nudged, in milliseconds: the stager enqueues them as they come closer */
export function openProducer(
  { horizonMs = null, ...options }: ProducerOptions & { horizonMs?: number | null },
  deps: JobProducerDeps<WaitingPost>,
): PublishProducer {
  const producer = open(publishJobs, options, deps);
  if (horizonMs === null) return { ...producer, horizonMs };
  const isNear = ({ dueAt }: WaitingPost) => dueAt.getTime() <= Date.now() + horizonMs;
  return { ...producer, horizonMs, nudge: (posts) => producer.nudge(posts.filter(isNear)) };
}

/** Of jobs that prepare posts before their instant; they are made when that is near. */
export function openPrepareProducer(options: ProducerOptions, deps: JobProducerDeps<WaitingPost>): PublishProducer {
  return { ...open(prepareJobs, options, deps), horizonMs: null };
}

function open(
  kind: JobKind<PublishJobId>,
  { platforms, ...options }: ProducerOptions,
  deps: JobProducerDeps<WaitingPost>,
): JobProducer<PublishJobId, PlacedPost, WaitingPost> {
  return openJobProducer({ ...options, kind, lanes: platforms, laneOf: ({ platform }) => platform }, deps);
}
