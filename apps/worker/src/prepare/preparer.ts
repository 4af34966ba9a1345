/**
 * Prepares one post before its instant: uploads, containers, whatever the platform wants to have beforehand. Nothing here
 * is visible, so everything may be repeated; and nothing here decides about the post: whoever edits, cancels or claims it
 * takes the lease away and this ends. What fails is tried again until the instant, when the attempt itself prepares and
 * decides; until then the company is told, while there is time to act.
 */
import { randomUUID } from "node:crypto";
import {
  backoffMs,
  categoryOf,
  needsPreparing,
  type ConnectedAccount,
  type Failure,
  type Platform,
  type Prepared,
  type PublishJobId,
  type RetryPolicy,
} from "@punctual/core";
import {
  atRisk,
  blockSends,
  claimPreparation,
  endPreparing,
  finishPreparing,
  isDatabaseUnavailable,
  renewPreparing,
  savePreparedCheckpoint,
  type Database,
  type PostToPrepare,
} from "@punctual/db";
import type { JobVerdict } from "@punctual/queue";
import type { Keyring, Logger } from "@punctual/runtime";
import { createRenewer } from "../credentials/renewer.ts";
import { openAccount, prepareTimeoutMs } from "../publish/attempt.ts";
import { ClaimLost, claimTimes } from "../publish/claim.ts";
import { stopwatch, whileRenewed } from "../publish/lease.ts";

export interface PreparerDeps {
  database: Database;
  keyring: Keyring;
  logger: Logger;
}

export interface Preparer {
  /** Prepares a post if that is due and nobody else does it. Throws only for bugs. */
  prepare(platform: Platform, job: PublishJobId): Promise<JobVerdict>;
  /** Puts back what is being prepared. */
  release(): void;
}

const leaseTimes = { leaseMs: claimTimes.prepareLeaseMs, renewIntervalMs: claimTimes.renewIntervalMs };
/** How long a job waits when Postgres did not answer, in milliseconds. */
const databaseDownDelayMs = 500;
/** Credentials that end sooner after the instant are renewed first, in milliseconds. */
const credentialsMarginMs = 60_000;
/** A fault that may pass is told once it came so often in a row. */
const passingFaultsMax = 2;
/** Sooner before the instant nothing is begun again, in milliseconds. */
const lastCallMs = 1_000;

type Result =
  | Prepared
  /** The process must stop, or the credentials are other ones now: begin again. */
  | { kind: "put_back" }
  /** Another's by now, or not wanted any more. */
  | { kind: "lost" };

export function createPreparer(deps: PreparerDeps, { retryPolicy }: { retryPolicy: RetryPolicy }): Preparer {
  const { database, logger } = deps;
  const renewer = createRenewer(deps);
  const stopping = new AbortController();

  async function work(
    platform: Platform,
    post: PostToPrepare,
    account: ConnectedAccount,
    lease: { token: string; sinceHeldMs: () => number },
  ): Promise<Result> {
    const preparing = { postId: post.id, token: lease.token };
    const { leaseMs } = leaseTimes;
    const renew = () => renewPreparing(database, { ...preparing, leaseMs });
    try {
      const prepared = await whileRenewed(leaseTimes, { renew, sinceHeldMs: lease.sinceHeldMs }, async (lost) => {
        if (await renewCredentials(platform, post, account)) return { kind: "put_back" } as const;
        return platform.prepare!(post, {
          account,
          checkpoint: post.checkpoint,
          timeoutMs: prepareTimeoutMs,
          signal: AbortSignal.any([lost, stopping.signal, AbortSignal.timeout(prepareTimeoutMs)]),
          async saveCheckpoint(checkpoint) {
            if (!(await savePreparedCheckpoint(database, { ...preparing, checkpoint }))) throw new ClaimLost();
          },
        });
      });
      return stopping.signal.aborted ? { kind: "put_back" } : prepared;
    } catch (error) {
      if (stopping.signal.aborted) return { kind: "put_back" };
      if (error instanceof ClaimLost) return { kind: "lost" };
      if (isDatabaseUnavailable(error)) throw error;
      logger.error({ err: error, postId: post.id, requestId: post.requestId }, "preparing failed unexpectedly");
      const message = "an unexpected fault while preparing";
      return { kind: "retry", category: "internal", code: "prepare_fault", message };
    }
  }

  /** @returns whether there are others now */
  async function renewCredentials(
    platform: Platform,
    post: PostToPrepare,
    account: ConnectedAccount,
  ): Promise<boolean> {
    const expiresAt = platform.refresh === undefined ? null : (platform.credentialsExpireAt?.(account) ?? null);
    if (expiresAt === null || expiresAt.getTime() > post.dueAt.getTime() + credentialsMarginMs) return false;
    const { id: socialAccountId, credentialsVersion } = account;
    return (await renewer.renew(platform, { socialAccountId, credentialsVersion })).kind === "renewed";
  }

  async function record(platform: Platform, post: PostToPrepare, token: string, result: Result): Promise<JobVerdict> {
    const preparing = { postId: post.id, token };
    const context = { postId: post.id, requestId: post.requestId, platform: platform.name, attempt: post.attempt };
    switch (result.kind) {
      case "lost":
        return { kind: "done" };
      case "put_back":
        await endPreparing(database, { ...preparing, againInMs: 0, failure: null, isRisk: false });
        return { kind: "done" };
      case "ready":
        if (await finishPreparing(database, { ...preparing, checkpoint: result.checkpoint }))
          logger.info({ ...context, aheadMs: post.dueAt.getTime() - Date.now() }, "post prepared ahead");
        return { kind: "done" };
      default: {
        const failure: Failure = { category: categoryOf(result), code: result.code, message: result.message };
        const againInMs = againIn(result, post, retryPolicy);
        const isRisk = againInMs === null || result.kind === "reconnect" || post.attempt >= passingFaultsMax;
        // An account's credentials come first: they may be renewed, and then there is nothing to tell.
        const told = isRisk && result.kind !== "reconnect";
        if (!(await endPreparing(database, { ...preparing, againInMs, failure, isRisk: told })))
          return { kind: "done" };
        logger.warn({ ...context, code: failure.code, againInMs }, "preparing a post ahead failed");
        if (result.kind === "wait") {
          const waitMs = Math.min(result.waitMs, retryPolicy.toldWaitMaxMs);
          await blockSends(database, { postId: post.id, ...result, waitMs });
        }
        if (result.kind === "reconnect") await mendAccount(platform, post, result);
        return againInMs === null ? { kind: "done" } : { kind: "later", delayMs: againInMs };
      }
    }
  }

  async function mendAccount(
    platform: Platform,
    { id: postId, socialAccountId, attempt }: PostToPrepare,
    { category, code, message, credentialsVersion }: Extract<Prepared, { kind: "reconnect" }>,
  ): Promise<void> {
    const account = { socialAccountId, credentialsVersion };
    const renewal =
      category === "auth" && platform.refresh !== undefined
        ? await renewer.renew(platform, account)
        : ({ kind: "refused" } as const);
    if (renewal.kind === "refused") await renewer.disconnect({ ...account, code });
    if (renewal.kind === "unknown" && attempt >= passingFaultsMax)
      await atRisk(database, { postId, reason: "prepare_failed", failure: { category, code, message } });
  }

  return {
    release: () => stopping.abort(),
    async prepare(platform, { postId, revision, generation }) {
      const token = randomUUID();
      const sinceHeldMs = stopwatch();
      try {
        const claim = await claimPreparation(database, { postId, revision, token, leaseMs: leaseTimes.leaseMs });
        if (claim.kind === "not_wanted") return { kind: "done" };
        if (claim.kind === "not_due") {
          // A job of an older generation has a successor; it must not live on beside it.
          return generation < claim.generation ? { kind: "done" } : { kind: "later", delayMs: claim.dueInMs };
        }
        const { post } = claim;
        const account = openAccount(post.account, post.socialAccountId, deps);
        if (account === null) return await record(platform, post, token, unreadable);
        const result = needsPreparing(platform, post)
          ? await work(platform, post, account, { token, sinceHeldMs })
          : ({ kind: "ready", checkpoint: post.checkpoint ?? {} } as const);
        return await record(platform, post, token, result);
      } catch (error) {
        // The lease runs out by itself; what was kept so far is not lost.
        logger.warn({ err: error, postId }, "preparing a post ahead was broken off, trying again");
        return { kind: "later", delayMs: databaseDownDelayMs };
      }
    },
  };
}

const unreadable: Prepared = {
  kind: "retry",
  category: "internal",
  code: "credentials_unreadable",
  message: "the account's credentials cannot be opened with ENCRYPTION_KEYS",
};

/** When to begin again, in milliseconds; null: no more before the instant. */
function againIn(
  result: Exclude<Prepared, { kind: "ready" }>,
  { attempt, dueAt, now }: PostToPrepare,
  policy: RetryPolicy,
): number | null {
  if (result.kind === "rejected") return null;
  const waitMs =
    result.kind === "retry"
      ? Math.max(backoffMs(policy, policy[result.category], attempt, Math.random()), result.notBeforeMs ?? 0)
      : Math.max(
          backoffMs(policy, policy.platform, attempt, Math.random()),
          result.kind === "wait" ? result.waitMs : 0,
        );
  return now.getTime() + waitMs < dueAt.getTime() - lastCallMs ? Math.round(waitMs) : null;
}
