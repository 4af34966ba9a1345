/** Asking whether an account's credentials work: first our own rules, then the platform. Nothing is changed by it. */
import type { AccountCheck, ValidationIssue } from "@punctual/core";
import { findSealedSocialAccount, type AccountName } from "@punctual/db";
import { openCredentials } from "./change-account.ts";
import type { ConnectDeps } from "./connect-account.ts";

export type CheckResult = AccountCheck & { issues: ValidationIssue[] };

const checkTimeoutMs = 10_000;

/** Null if the company has no such account. */
export async function checkAccount(
  { database, keyring, platforms }: ConnectDeps,
  name: AccountName,
): Promise<CheckResult | null> {
  const account = await findSealedSocialAccount(database, name);
  if (account === null) return null;
  const platform = platforms.get(account.platform);
  if (platform === undefined) throw new Error(`there is no platform ${account.platform}`);
  const credentials = openCredentials(account, keyring);
  if (credentials === null) {
    return { kind: "refused", message: "The stored credentials cannot be read any more; give them again.", issues: [] };
  }
  const { id, settings, sandbox, credentialsVersion } = account;
  const issues = platform.validateAccount({ settings, credentials, sandbox });
  if (issues.length > 0) return { kind: "refused", message: "Settings or credentials do not fit, see issues.", issues };
  if (platform.check === undefined) {
    return {
      kind: "cannot_tell",
      message: "This platform offers no way to ask that would publish nothing.",
      issues: [],
    };
  }
  const signal = AbortSignal.timeout(checkTimeoutMs);
  const connected = { id, settings, credentials, credentialsVersion, sandbox };
  return { ...(await platform.check(connected, { signal, timeoutMs: checkTimeoutMs })), issues: [] };
}
