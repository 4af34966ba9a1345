/**
 * One attempt at one claimed post: open the account's credentials, prepare what the platform needs beforehand, commit
 * `sending`, make the one irreversible call, and answer with its outcome. Whatever goes wrong in here is an outcome
 * too, and says truthfully whether anything may have left.
 */
import {
  needsPreparing,
  type Checkpoint,
  type ConnectedAccount,
  type Outcome,
  type Platform,
  type PrepareContext,
  type Prepared,
} from "@punctual/core";
import { isDatabaseUnavailable, type ClaimedPost } from "@punctual/db";
import type { Keyring, Logger } from "@punctual/runtime";
import { ClaimLost, type Claim } from "./claim.ts";
import { withDeadline } from "./deadline.ts";

export interface AttemptDeps {
  keyring: Keyring;
  logger: Logger;
  /** Aborts when the process must stop: what has not been sent is put back. */
  stopping: AbortSignal;
}

export type AttemptResult =
  | Outcome
  /** Put back before anything irreversible: the process must stop. */
  | { kind: "released" }
  /** The claim was lost before anything irreversible. */
  | { kind: "claim_lost" }
  /** Postgres did not answer before anything irreversible: whether the claim is still held is not known. */
  | { kind: "claim_doubtful" }
  /** Claimed to be sent at once, but there is something to prepare: nothing was done. */
  | { kind: "unprepared" };

/** How long preparing may take, in milliseconds. */
export const prepareTimeoutMs = 120_000;

export async function attemptPost(
  platform: Platform,
  post: ClaimedPost,
  claim: Claim,
  deps: AttemptDeps,
): Promise<AttemptResult> {
  const { logger } = deps;
  if (post.outcomeOpen && platform.guarantee(post, new Date(), post.account.settings) !== "idempotent") {
    const message = "an earlier answer is lost and a repeat could double the post";
    return { kind: "unknown", code: "repeat_not_harmless", message };
  }
  if (post.phase === "sending" && needsPreparing(platform, post) && post.checkpoint === null) {
    return { kind: "unprepared" };
  }
  const account = openAccount(post.account, post.socialAccountId, deps);
  if (account === null) {
    const message = "the account's credentials cannot be opened with ENCRYPTION_KEYS";
    return { kind: "retry", category: "internal", code: "credentials_unreadable", message };
  }

  let checkpoint = post.checkpoint;
  try {
    if (platform.prepare !== undefined && post.phase === "preparing") {
      const prepared = await claim.whileRenewed(async (lost) => {
        const { saveCheckpoint } = claim;
        const context = { account, checkpoint, timeoutMs: prepareTimeoutMs, saveCheckpoint };
        const result = await withDeadline(prepareTimeoutMs, [lost, deps.stopping], (signal) =>
          prepare(platform, post, { ...context, signal }),
        );
        // What was stopped because its claim ran out says nothing about the platform.
        return lost.aborted && result.kind !== "ready" ? ({ kind: "claim_doubtful" } as const) : result;
      });
      if (deps.stopping.aborted) return { kind: "released" };
      if (prepared.kind !== "ready") return prepared;
      ({ checkpoint } = prepared);
      if (!(await claim.enterSending(checkpoint))) return { kind: "claim_lost" };
    }
  } catch (error) {
    // Not a fault: it was told to stop.
    if (deps.stopping.aborted) return { kind: "released" };
    if (error instanceof ClaimLost) return { kind: "claim_lost" };
    if (isDatabaseUnavailable(error)) return { kind: "claim_doubtful" };
    logger.error({ err: error, postId: post.id, requestId: post.requestId }, "preparing failed unexpectedly");
    return {
      kind: "retry",
      category: "internal",
      code: "prepare_fault",
      message: "an unexpected fault while preparing",
    };
  }
  return send(platform, post, { account, checkpoint }, claim, logger);
}

/** What needs no preparing keeps what it has: its claim did not know better. */
async function prepare(
  platform: Platform,
  post: ClaimedPost,
  context: PrepareContext,
): Promise<Exclude<Prepared, { kind: "ready" }> | { kind: "ready"; checkpoint: Checkpoint | null }> {
  if (!needsPreparing(platform, post)) return { kind: "ready", checkpoint: context.checkpoint };
  return platform.prepare!(post, context);
}

/** Nothing leaves once the claim's time is over, however long this process was frozen. */
async function send(
  platform: Platform,
  post: ClaimedPost,
  { account, checkpoint }: { account: ConnectedAccount; checkpoint: Checkpoint | null },
  claim: Claim,
  logger: Logger,
): Promise<Outcome> {
  let sending = false;
  const timeoutMs = Math.max(0, claim.sendTimeLeftMs());
  const beforeSend = () => {
    if (claim.sendTimeLeftMs() <= 0) throw new SendForbidden();
    sending = true;
  };
  try {
    return await withDeadline(timeoutMs, [], (signal) =>
      platform.send(post, { account, checkpoint, timeoutMs, signal, beforeSend }),
    );
  } catch (error) {
    logger.error({ err: error, postId: post.id, requestId: post.requestId }, "an adapter threw");
    const message = "an unexpected fault in the adapter";
    if (sending) return { kind: "unknown", code: "adapter_fault", message };
    return { kind: "retry", category: "internal", code: "adapter_fault", message };
  }
}

/** Too late to send: the claim may be another's by now. */
class SendForbidden extends Error {
  override name = "SendForbidden";
  readonly code = "send_forbidden";
}

/** An account with its credentials in clear; null if no key opens them. */
export function openAccount(
  sealed: ClaimedPost["account"],
  id: string,
  { keyring, logger }: Pick<AttemptDeps, "keyring" | "logger">,
): ConnectedAccount | null {
  const { settings, credentials, credentialsVersion, sandbox } = sealed;
  try {
    const opened = JSON.parse(keyring.open(credentials, id)) as Record<string, unknown>;
    return { id, settings, credentials: opened, credentialsVersion, sandbox };
  } catch (error) {
    logger.error({ err: error, socialAccountId: id }, "credentials cannot be opened");
    return null;
  }
}
