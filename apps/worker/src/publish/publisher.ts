/**
 * The publish pipeline: claim, send, settle, record, announce. One straight line per post; everything that can go
 * another way ends in a verdict for the job. It trusts nothing the job says beyond which post to look at.
 */
import { randomUUID } from "node:crypto";
import {
  settle,
  type Outcome,
  type Platform,
  type PublishJobId,
  type RetryPolicy,
  type Settlement,
} from "@punctual/core";
import { claimPost, holdPostsOfClosedAccount, type ClaimedPost, type Database } from "@punctual/db";
import type { JobVerdict } from "@punctual/queue";
import type { Keyring, Logger } from "@punctual/runtime";
import { attemptPost } from "./attempt.ts";
import { recordOutcome } from "./recording.ts";

export interface PublisherDeps {
  database: Database;
  keyring: Keyring;
  platforms: ReadonlyMap<string, Platform>;
  logger: Logger;
}

export interface PublisherOptions {
  /** Names this process in attempts. */
  worker: string;
  retryPolicy: RetryPolicy;
  /** A send's lease outlives its deadline by this much, in milliseconds. */
  leaseMarginMs: number;
}

export interface Publisher {
  /** Publishes the post a job stands for, if it is due and nobody else has it. */
  publish(platform: Platform, job: PublishJobId): Promise<JobVerdict>;
}

/** How long a job waits when Postgres did not answer, in milliseconds. */
const databaseDownDelayMs = 1_000;

export function createPublisher(deps: PublisherDeps, options: PublisherOptions): Publisher {
  const { database, keyring, logger } = deps;

  async function publishClaimed(
    platform: Platform,
    post: ClaimedPost,
    claimToken: string,
    deadline: number,
  ): Promise<JobVerdict> {
    const outcome = await attemptPost(platform, post, deadline, { keyring, logger });
    const guarantee = platform.guarantee(post, new Date());
    const settlement = settle(outcome, {
      attemptsUsed: post.attemptsUsed,
      maxAttempts: post.maxAttempts,
      guarantee,
      outcomeOpen: post.outcomeOpen,
      policy: options.retryPolicy,
      random: Math.random(),
    });
    const recording = {
      post,
      claimToken,
      outcome,
      settlement,
      needsJob: false,
      repeatIsHarmless: guarantee === "idempotent",
    };
    const recorded = await recordOutcome(database, recording, logger);
    if (!recorded) return { kind: "done" };
    announce(post, outcome, settlement);
    return verdictOf(settlement);
  }

  function announce(post: ClaimedPost, outcome: Outcome, settlement: Settlement): void {
    const context = {
      requestId: post.requestId,
      postId: post.id,
      platform: post.platform,
      attempt: post.attempt,
      status: settlement.status,
      ...(settlement.status === "retrying" ? { delayMs: settlement.delayMs, outcomeOpen: settlement.outcomeOpen } : {}),
      ...(outcome.kind === "published" ? {} : { code: outcome.code, httpStatus: outcome.httpStatus }),
    };
    if (settlement.status === "published") logger.info(context, "post published");
    else logger.warn(context, `post ${settlement.status}`);
  }

  return {
    async publish(platform, job) {
      const { postId, revision } = job;
      const claimToken = randomUUID();
      const deadline = performance.now() + platform.sendTimeoutMs;
      let claim;
      try {
        const leaseMs = platform.sendTimeoutMs + options.leaseMarginMs;
        claim = await claimPost(database, {
          postId,
          revision,
          claimToken,
          worker: options.worker,
          phase: "sending",
          leaseMs,
        });
      } catch (error) {
        logger.warn({ err: error, postId }, "claiming failed, trying again");
        return { kind: "later", delayMs: databaseDownDelayMs };
      }

      switch (claim.kind) {
        case "claimed": {
          const { post } = claim;
          logger.debug({ requestId: post.requestId, postId, revision, attempt: post.attempt }, "post claimed");
          return publishClaimed(platform, post, claimToken, deadline);
        }
        case "not_due":
          // A job of an older generation has a successor; it must not live on beside it.
          return job.generation < claim.generation ? { kind: "done" } : { kind: "later", delayMs: claim.dueInMs };
        case "account_closed":
          await holdPostsOfClosedAccount(database, claim.socialAccountId);
          return { kind: "done" };
        case "not_claimable":
          logger.debug({ postId, revision, status: claim.status }, "stale job");
          return { kind: "done" };
      }
    },
  };
}

function verdictOf(settlement: Settlement): JobVerdict {
  switch (settlement.status) {
    case "published":
    case "held":
      return { kind: "done" };
    case "retrying": {
      const { delayMs, counts, failure } = settlement;
      return counts
        ? { kind: "again", delayMs, reason: `${failure.category}: ${failure.code}` }
        : { kind: "later", delayMs };
    }
    case "failed":
    case "unconfirmed":
      return {
        kind: "failed",
        reason: `${settlement.status}: ${settlement.failure.category}: ${settlement.failure.code}`,
      };
  }
}
