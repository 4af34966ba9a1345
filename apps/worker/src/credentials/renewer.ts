/**
 * Renews an account's credentials: one process at a time, whoever asks. What the platform gives is stored before
 * anything uses it, and storing it is tried for as long as this process lives or nearly so, because many platforms
 * make the old refresh token worthless with the answer. What cannot be helped is a process killed between that answer and our
 * commit: the next one asks with the old token again. Some platforms allow that; where not, a person reconnects the account.
 */
import { randomUUID } from "node:crypto";
import { mergeCredentials, type Platform, type Refreshed } from "@punctual/core";
import {
  claimRenewal,
  disconnectAccount,
  endRenewal,
  holdPostsOfClosedAccount,
  keepRenewedCredentials,
  recallRefusedPosts,
  type Database,
  type RenewableAccount,
} from "@punctual/db";
import type { Keyring, Logger } from "@punctual/runtime";
import { throughOutages } from "../outage-patience.ts";
import { openAccount } from "../publish/attempt.ts";

export interface RenewerDeps {
  database: Database;
  keyring: Keyring;
  logger: Logger;
}

export type Renewal =
  /** There are other credentials than those asked about. */
  | { kind: "renewed" }
  /** They cannot be renewed: a person must reconnect the account. */
  | { kind: "refused"; code: string; message: string }
  /** Nothing is known yet: another is at it, or the platform could not say. */
  | { kind: "unknown" };

export interface Renewer {
  /** Never throws for what the platform or the network did. @param request.credentialsVersion those that do not work or will soon end */
  renew(platform: Platform, request: { socialAccountId: string; credentialsVersion: number }): Promise<Renewal>;
  /** Holds the account's posts, unless other credentials came meanwhile. */
  disconnect(request: { socialAccountId: string; credentialsVersion: number; code: string }): Promise<void>;
}

const renewTimeoutMs = 15_000;
/** A lease outlives the call by this much, in milliseconds. */
const leaseMarginMs = 15_000;
/** How long storing new credentials is tried, in milliseconds. */
const storeGiveUpMs = 600_000;
const againMinMs = 60_000;
const againMaxMs = 1_800_000;

export function createRenewer({ database, keyring, logger }: RenewerDeps): Renewer {
  async function ask(platform: Platform, { id, account }: RenewableAccount): Promise<Refreshed> {
    const opened = openAccount(account, id, { keyring, logger });
    if (opened === null) return { kind: "unavailable", code: "credentials_unreadable", message: "no key opens them" };
    if (platform.refresh === undefined)
      return { kind: "refused", code: "not_renewable", message: "they cannot be renewed" };
    try {
      // Not broken off when the process is to stop: the answer may hold the only token that still works.
      const signal = AbortSignal.timeout(renewTimeoutMs);
      const refreshed = await platform.refresh(opened, { timeoutMs: renewTimeoutMs, signal });
      if (refreshed.kind !== "refreshed") return refreshed;
      return { kind: "refreshed", credentials: mergeCredentials(opened.credentials, refreshed.credentials) };
    } catch (error) {
      logger.error({ err: error, socialAccountId: id }, "renewing credentials failed unexpectedly");
      return { kind: "unavailable", code: "refresh_fault", message: "an unexpected fault" };
    }
  }

  return {
    async renew(platform, { socialAccountId, credentialsVersion }) {
      const claimToken = randomUUID();
      const leaseMs = renewTimeoutMs + leaseMarginMs;
      const claim = await claimRenewal(database, { socialAccountId, credentialsVersion, claimToken, leaseMs });
      if (claim.kind === "newer") {
        // Posts that were refused a moment later than those whose recall came with the renewal.
        await recallRefusedPosts(database, socialAccountId);
        return { kind: "renewed" };
      }
      if (claim.kind !== "taken") return { kind: "unknown" };
      const refreshed = await ask(platform, claim.renewable);
      const context = { socialAccountId, platform: platform.name, credentialsVersion };
      if (refreshed.kind === "refreshed") {
        const credentials = keyring.seal(JSON.stringify(refreshed.credentials), socialAccountId);
        const request = { socialAccountId, credentialsVersion, credentials };
        const kept = await throughOutages(
          () => keepRenewedCredentials(database, request),
          context,
          logger,
          storeGiveUpMs,
        );
        logger.info({ ...context, kept }, "credentials were renewed");
        if (kept === null) return { kind: "unknown" };
        await recallRefusedPosts(database, socialAccountId);
        return { kind: "renewed" };
      }
      const { kind, code, message } = refreshed;
      const againInMs = Math.min(againMinMs * 2 ** Math.min(claim.renewable.failures, 10), againMaxMs);
      await endRenewal(database, { socialAccountId, claimToken, againInMs });
      logger.warn({ ...context, code, reason: message }, `renewing credentials: ${kind}`);
      return kind === "refused" ? { kind, code, message } : { kind: "unknown" };
    },
    async disconnect({ socialAccountId, credentialsVersion, code }) {
      if (!(await disconnectAccount(database, { socialAccountId, credentialsVersion }))) return;
      logger.warn({ socialAccountId, credentialsVersion, code }, "the account must be reconnected");
      await holdPostsOfClosedAccount(database, socialAccountId);
    },
  };
}
