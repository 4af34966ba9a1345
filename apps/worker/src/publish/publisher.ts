/**
 * The publish pipeline: claim, prepare, send, settle, record, announce. One straight line per post; everything that
 * can go another way ends in a verdict for the job. It trusts nothing a job says beyond which post to look at.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  renewalTimes,
  settle,
  settleReleased,
  type Outcome,
  type Platform,
  type PublishJobId,
  type RetryPolicy,
  type Settlement,
} from "@punctual/core";
import {
  attemptEnd,
  giveLimitedPostsPlaces,
  holdPostsOfClosedAccount,
  makeRateSlots,
  returnClaim,
  type AttemptEnd,
  type ClaimedPost,
  type ClaimResult,
  type Database,
} from "@punctual/db";
import type { JobVerdict } from "@punctual/queue";
import { noTracing, type Keyring, type Logger, type Tracing } from "@punctual/runtime";
import { createRenewer, type Renewal } from "../credentials/renewer.ts";
import type { WorkerParts } from "../parts.ts";
import { attemptPost } from "./attempt.ts";
import { holdClaim, type Claim } from "./claim.ts";
import { createDoubtfulClaims } from "./doubtful-claims.ts";
import type { PublishMeters } from "./meters.ts";
import { tracedPlatform } from "./traced-platform.ts";
import { stopwatch } from "./lease.ts";
import { recogniseOwnPost, recordOutcome } from "./recording.ts";

export interface PublisherDeps {
  database: Database;
  keyring: Keyring;
  logger: Logger;
  parts: WorkerParts;
  meters?: PublishMeters | undefined;
  /** Default: no traces are kept. */
  tracing?: Tracing | undefined;
}

export interface PublisherOptions {
  /** Names this process in attempts. */
  worker: string;
  retryPolicy: RetryPolicy;
}

/** What brought the post here: a job that will also bring it back, or a look into Postgres. */
export type Driver = "job" | "poller";

export interface Publisher {
  /** Publishes a post if it is due and nobody else has it. Throws only for bugs. */
  publish(platform: Platform, job: PublishJobId, driver: Driver): Promise<JobVerdict>;
  /** Puts back what has not been sent. What is being sent goes on to its end. */
  release(): void;
}

/** How long a job waits when Postgres did not answer, in milliseconds. */
const databaseDownDelayMs = 500;
/** A post that is due within this, in milliseconds, is waited for here. */
const soonMs = 50;
/** How long a job waits for whoever still prepares its post ahead, in milliseconds. */
const beingPreparedDelayMs = 500;

export function createPublisher(deps: PublisherDeps, options: PublisherOptions): Publisher {
  const { database, logger, parts, meters, tracing = noTracing } = deps;
  const stopping = new AbortController();
  const renewer = createRenewer(deps);
  const doubtful = createDoubtfulClaims({ database, logger });

  async function publishClaimed(
    platform: Platform,
    post: ClaimedPost,
    claim: Claim,
    driver: Driver,
  ): Promise<JobVerdict> {
    const sinceClaimedMs = stopwatch();
    const attempted = await attemptPost(platform, post, claim, { ...deps, stopping: stopping.signal });
    if (attempted.kind === "claim_lost") {
      logger.warn(
        { requestId: post.requestId, postId: post.id, attempt: post.attempt },
        "the claim was lost before sending",
      );
      return { kind: "done" };
    }
    if (attempted.kind === "claim_doubtful") {
      logger.warn(
        { requestId: post.requestId, postId: post.id, attempt: post.attempt },
        "Postgres did not answer before sending, the post is put back",
      );
      doubtful.add(post.id, claim.token);
      return { kind: "done" };
    }
    if (attempted.kind === "unprepared") {
      const claimed = { postId: post.id, claimToken: claim.token };
      await returnClaim(database, { ...claimed, needsPreparing: true }).catch(() => doubtful.add(post.id, claim.token));
      return { kind: "done" };
    }
    const result =
      attempted.kind === "released" ? attempted : await recogniseOwnPost(database, post, attempted, logger);
    const guarantee = platform.guarantee(post, new Date(), post.account.settings);
    const settlement =
      result.kind === "released"
        ? settleReleased(post)
        : settle(result, {
            attemptsUsed: post.attemptsUsed,
            maxAttempts: post.maxAttempts,
            waitsBefore: post.attempt - post.attemptsUsed,
            guarantee,
            outcomeOpen: post.outcomeOpen,
            renewable: mayRenew(platform, post),
            policy: options.retryPolicy,
            random: Math.random(),
          });
    const recording = {
      post,
      claimToken: claim.token,
      published: result.kind === "published" ? result : null,
      settlement,
      attempt: result.kind === "released" ? releasedAttempt : attemptEnd(result),
      needsJob: driver === "poller" || result.kind === "released",
      repeatIsHarmless: guarantee === "idempotent",
      sinceClaimedMs,
    };
    if (!(await recordOutcome(database, recording, { logger, parts, meters }))) return { kind: "done" };
    announce(post, result, settlement);
    if (result.kind === "reconnect" && settlement.status === "retrying") {
      const renewal = await renew(platform, post, result.credentialsVersion);
      // Whoever renewed them, or found that they cannot be, has seen to all of the account's posts.
      if (renewal.kind !== "unknown") return { kind: "done" };
    }
    if (settlement.status === "held" || settlement.status === "retrying") {
      // The account's other posts, at once, and this one if somebody paused the account meanwhile; any this misses is
      // held when it comes due.
      await holdPostsOfClosedAccount(database, post.socialAccountId).catch((error: unknown) =>
        logger.warn({ err: error, socialAccountId: post.socialAccountId }, "holding an account's posts failed"),
      );
    }
    return recording.needsJob ? { kind: "done" } : verdictOf(settlement);
  }

  /** After the outcome was recorded: renewing may take longer than the claim's lease. */
  async function renew(platform: Platform, post: ClaimedPost, credentialsVersion: number): Promise<Renewal> {
    const account = { socialAccountId: post.socialAccountId, credentialsVersion };
    try {
      const renewal = await renewer.renew(platform, account);
      if (renewal.kind === "refused") await renewer.disconnect({ ...account, code: renewal.code });
      return renewal;
    } catch (error) {
      logger.warn({ err: error, ...account }, "renewing an account's credentials failed");
      return { kind: "unknown" };
    }
  }

  function announce(post: ClaimedPost, result: Outcome | { kind: "released" }, settlement: Settlement): void {
    const context = {
      requestId: post.requestId,
      postId: post.id,
      platform: post.platform,
      attempt: post.attempt,
      status: settlement.status,
      ...(settlement.status === "retrying" ? { delayMs: settlement.delayMs, outcomeOpen: settlement.outcomeOpen } : {}),
      ...("code" in result ? { code: result.code, httpStatus: result.httpStatus } : {}),
    };
    if (settlement.status === "published") logger.info(context, "post published");
    else logger.warn(context, `post ${settlement.status}`);
  }

  /** What there is a limit for is claimed again once there are slots for it. */
  async function take(platform: Platform, job: PublishJobId, claimToken: string): Promise<ClaimResult> {
    const { postId, revision } = job;
    const terms = parts.claimTerms(platform);
    const request = { postId, revision, claimToken, worker: options.worker, ...terms };
    const claim = await parts.claimPost(database, request);
    if (claim.kind !== "limited") return claim;
    const made = await makeRateSlots(database, { postId, limits: terms.limits ?? [] });
    return made ? parts.claimPost(database, request) : claim;
  }

  async function waitForLimit(platform: Platform, postId: string): Promise<number> {
    meters?.limited(platform.name);
    const delayMs = await giveLimitedPostsPlaces(database, { postId, limits: platform.rateLimits ?? [] });
    logger.debug({ postId, platform: platform.name, delayMs }, "the post waits for a limit");
    return delayMs;
  }

  async function publish(platform: Platform, job: PublishJobId, driver: Driver): Promise<JobVerdict> {
    const { postId, revision, generation } = job;
    const token = randomUUID();
    const sinceAskedMs = stopwatch();
    let claim;
    try {
      claim = await take(platform, job, token);
    } catch (error) {
      logger.warn({ err: error, postId }, "claiming failed, trying again");
      doubtful.add(postId, token);
      return { kind: "later", delayMs: databaseDownDelayMs };
    }
    // A job of an older generation has a successor; it must not live on beside it.
    if ("generation" in claim && generation < claim.generation) return { kind: "done" };
    switch (claim.kind) {
      case "claimed": {
        const { post } = claim;
        logger.debug({ requestId: post.requestId, postId, revision, attempt: post.attempt, driver }, "post claimed");
        const start = {
          name: `publish ${platform.name}`,
          kind: "consumer" as const,
          parent: post.traceParent ?? null,
          attributes: { "punctual.post_id": postId, "punctual.attempt": post.attempt, "punctual.driver": driver },
          startedAt: Date.now() - sinceAskedMs(),
        };
        const held = holdClaim(database, { platform, postId, token, sinceAskedMs });
        return tracing.within(start, () => publishClaimed(tracedPlatform(platform, tracing), post, held, driver));
      }
      case "not_due":
        if (claim.dueInMs > soonMs) return { kind: "later", delayMs: claim.dueInMs };
        // Through Redis it would come late.
        await delay(claim.dueInMs + 1);
        return stopping.signal.aborted ? { kind: "later", delayMs: 0 } : publish(platform, job, driver);
      case "being_prepared":
        return { kind: "later", delayMs: beingPreparedDelayMs };
      case "limited":
        return { kind: "later", delayMs: await waitForLimit(platform, postId).catch(() => databaseDownDelayMs) };
      case "account_closed":
        await holdPostsOfClosedAccount(database, claim.socialAccountId);
        return { kind: "done" };
      case "not_claimable":
        logger.debug({ postId, revision, status: claim.status }, "stale job");
        return { kind: "done" };
    }
  }

  return { release: () => stopping.abort(), publish };
}

/** Credentials the platform gave a moment ago and refuses now are not helped by new ones. */
function mayRenew(platform: Platform, { renewedAgoMs }: ClaimedPost): boolean {
  return platform.refresh !== undefined && (renewedAgoMs === null || renewedAgoMs > renewalTimes.freshMs);
}

const releasedAttempt: AttemptEnd = {
  outcome: "released",
  category: null,
  code: null,
  message: null,
  httpStatus: null,
};

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
