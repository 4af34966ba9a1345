/**
 * Writing down what an attempt came to, whatever happens to Postgres meanwhile: a success that is not recorded is a
 * post that may go out twice, so this keeps trying well past an outage. If the claim was lost in the meantime, what
 * the platform reported still counts.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Outcome, Settlement } from "@punctual/core";
import {
  attemptEnd,
  endLostAttempt,
  recordLateSuccess,
  recordSettlement,
  type ClaimedPost,
  type Database,
} from "@punctual/db";
import type { Logger } from "@punctual/runtime";

export interface Recording {
  post: ClaimedPost;
  claimToken: string;
  outcome: Outcome;
  settlement: Settlement;
  needsJob: boolean;
  /** Whether the platform takes a repeat of this post as the same post. */
  repeatIsHarmless: boolean;
}

/** How long recording is tried, in milliseconds. */
const recordTimeoutMs = 60_000;
const retryDelayMs = 250;

/** @returns whether the settlement is the post's state now; false if others had decided already */
export async function recordOutcome(database: Database, recording: Recording, logger: Logger): Promise<boolean> {
  const giveUpAt = performance.now() + recordTimeoutMs;
  for (;;) {
    try {
      return await record(database, recording, logger);
    } catch (error) {
      const { post, outcome } = recording;
      const context = { err: error, postId: post.id, attempt: post.attempt, outcome: outcome.kind };
      if (performance.now() > giveUpAt) {
        logger.fatal(context, "an outcome could not be recorded; the rescuer will treat it as lost");
        return false;
      }
      logger.warn(context, "recording an outcome failed, trying again");
      await delay(retryDelayMs);
    }
  }
}

async function record(database: Database, recording: Recording, logger: Logger): Promise<boolean> {
  const { post, claimToken, outcome, settlement, needsJob, repeatIsHarmless } = recording;
  const attempt = attemptEnd(outcome);
  if (await recordSettlement(database, { postId: post.id, claimToken, settlement, attempt, needsJob })) return true;

  if (outcome.kind !== "published") {
    await endLostAttempt(database, { postId: post.id, claimToken, attempt });
    return false;
  }
  const late = await recordLateSuccess(database, { postId: post.id, claimToken, published: outcome, repeatIsHarmless });
  const context = { postId: post.id, requestId: post.requestId, attempt: post.attempt };
  if (late === "doubled") logger.fatal({ ...context, alarm: "post_doubled" }, "the post was published twice");
  else logger.warn({ ...context, late }, "a success came after the claim was lost");
  return late === "recorded";
}
