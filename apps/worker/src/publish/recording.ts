/**
 * Writing down what an attempt came to, whatever happens to Postgres meanwhile: a success that is not recorded is a
 * post that may go out twice, so this keeps trying well past an outage. If the claim was lost in the meantime, what
 * the platform reported still counts.
 */
import type { Outcome, Published, Settlement } from "@punctual/core";
import {
  endLostAttempt,
  isExternalIdTaken,
  settleClaim,
  type AttemptEnd,
  type ClaimedPost,
  type Database,
} from "@punctual/db";
import type { Logger } from "@punctual/runtime";
import { throughOutages } from "../outage-patience.ts";
import type { WorkerParts } from "../parts.ts";
import type { PublishMeters } from "./meters.ts";

export interface Recording {
  post: ClaimedPost;
  claimToken: string;
  settlement: Settlement;
  attempt: AttemptEnd;
  published: Published | null;
  needsJob: boolean;
  /** Whether the platform takes a repeat of this post as the same post. */
  repeatIsHarmless: boolean;
  /** How long ago the post was claimed, in milliseconds. */
  sinceClaimedMs: () => number;
}

export interface RecordingDeps {
  logger: Logger;
  parts: WorkerParts;
  meters?: PublishMeters | undefined;
}

/** @returns whether the settlement is the post's state now; false if others had decided already */
export async function recordOutcome(database: Database, recording: Recording, deps: RecordingDeps): Promise<boolean> {
  const recorded = await throughOutages(
    () => record(database, recording, deps),
    contextOf(recording.post),
    deps.logger,
  );
  return recorded ?? false;
}

/**
 * A "this exists already" about a post of ours whose earlier answer was lost is that answer; about any other post it
 * is a refusal.
 */
export async function recogniseOwnPost(
  database: Database,
  post: ClaimedPost,
  outcome: Outcome,
  logger: Logger,
): Promise<Outcome> {
  if (outcome.kind !== "rejected" || outcome.category !== "duplicate") return outcome;
  const { externalId, httpStatus } = outcome;
  if (post.firstSentAt === null || externalId === undefined) return outcome;
  const taken = await throughOutages(
    () => isExternalIdTaken(database, { platform: post.platform, externalId, exceptPostId: post.id }),
    contextOf(post),
    logger,
  );
  if (taken !== false) return outcome;
  return { kind: "published", externalId, ...(httpStatus === undefined ? {} : { httpStatus }) };
}

function contextOf({ id, requestId, attempt }: ClaimedPost): Record<string, unknown> {
  return { postId: id, requestId, attempt };
}

async function record(
  database: Database,
  recording: Recording,
  { logger, parts, meters }: RecordingDeps,
): Promise<boolean> {
  const { post, claimToken, published, settlement, attempt, needsJob, repeatIsHarmless } = recording;
  const settled = await settleClaim(database, { postId: post.id, claimToken, settlement, attempt, needsJob });
  if (settled !== null) {
    meters?.attemptEnded(post.platform, attempt, recording.sinceClaimedMs());
    if (settled.latenessMs !== null) meters?.published(post.platform, settled.latenessMs);
    return true;
  }

  if (published === null) {
    await endLostAttempt(database, { postId: post.id, claimToken, attempt });
    return false;
  }
  const late = await parts.recordLateSuccess(database, { postId: post.id, claimToken, published, repeatIsHarmless });
  const outcome = late === "doubled" ? "doubled" : attempt.outcome;
  meters?.attemptEnded(post.platform, { ...attempt, outcome }, recording.sinceClaimedMs());
  const context = { postId: post.id, requestId: post.requestId, attempt: post.attempt };
  if (late === "doubled") logger.fatal({ ...context, alarm: "post_doubled" }, "the post was published twice");
  else logger.warn({ ...context, late }, "a success came after the claim was lost");
  return late === "recorded";
}
