/**
 * One attempt at one claimed post: open the account's credentials, make the one irreversible call, and answer with
 * its outcome. Whatever goes wrong in here is an outcome too, and says truthfully whether anything may have left.
 */
import type { ConnectedAccount, Outcome, Platform } from "@punctual/core";
import type { ClaimedPost } from "@punctual/db";
import type { Keyring, Logger } from "@punctual/runtime";

export interface AttemptDeps {
  keyring: Keyring;
  logger: Logger;
}

/**
 * @param deadline on the monotonic clock (`performance.now()`), taken before the claim was asked for: nothing may
 *   leave after it, so that a process that was frozen in between stays silent while others take over
 */
export async function attemptPost(
  platform: Platform,
  post: ClaimedPost,
  deadline: number,
  { keyring, logger }: AttemptDeps,
): Promise<Outcome> {
  if (post.outcomeOpen && platform.guarantee(post, new Date()) !== "idempotent") {
    return {
      kind: "unknown",
      code: "repeat_not_harmless",
      message: "an earlier answer is lost and a repeat could double the post",
    };
  }
  const account = openAccount(post, keyring, logger);
  if (account === null) {
    const message = "the account's credentials cannot be opened with ENCRYPTION_KEYS";
    return { kind: "retry", category: "internal", code: "credentials_unreadable", message };
  }

  let sending = false;
  const timeoutMs = Math.max(0, deadline - performance.now());
  try {
    return await platform.send(post, {
      account,
      timeoutMs,
      signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
      beforeSend: () => {
        if (performance.now() >= deadline) throw new SendForbidden();
        sending = true;
      },
    });
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

function openAccount(post: ClaimedPost, keyring: Keyring, logger: Logger): ConnectedAccount | null {
  const { settings, credentials, credentialsVersion, sandbox } = post.account;
  try {
    const opened = JSON.parse(keyring.open(credentials, post.socialAccountId)) as Record<string, unknown>;
    return { id: post.socialAccountId, settings, credentials: opened, credentialsVersion, sandbox };
  } catch (error) {
    logger.error({ err: error, socialAccountId: post.socialAccountId }, "credentials cannot be opened");
    return null;
  }
}
