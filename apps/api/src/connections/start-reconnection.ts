/**
 * Starting a reconnection of one account, for an operator: a link like any other connection's, but good for that account
 * alone. Whoever logs in as somebody else is told so, and nothing is stored. It leads back to the operators' page.
 */
import { findSealedSocialAccount, type SocialAccountRecord } from "@punctual/db";
import type { Platform } from "@punctual/core";
import { openCredentials } from "../social-accounts/change-account.ts";
import type { ConnectDeps } from "../social-accounts/connect-account.ts";
import { openLink, platformIssues } from "./start-connection.ts";

export type ReconnectionResult =
  | { kind: "started"; id: string; authorizeUrl: string; expiresAt: Date }
  | { kind: "refused"; code: ReconnectionRefusal; message: string }
  | { kind: "no_such_account" };

export type ReconnectionRefusal = "no_log_in" | "not_configured" | "not_recognisable";

/** What is left where nobody can log in. */
export const byHand = "its company must send new credentials by PATCH /v1/social-accounts/{id}";

/** @param account.baseUrl where browsers reach our pages, without a path */
export async function startReconnection(
  { database, keyring, platforms }: ConnectDeps,
  { companyId, id, baseUrl }: { companyId: string; id: string; baseUrl: string },
): Promise<ReconnectionResult> {
  const account = await findSealedSocialAccount(database, { companyId, id });
  if (account === null) return { kind: "no_such_account" };
  const { platform: name, clientId, sandbox } = account;
  const platform = platforms.get(name);
  if (platform?.connector === undefined) {
    return { kind: "refused", code: "no_log_in", message: `There is no log-in at ${name}: ${byHand}.` };
  }
  const [issue] = platformIssues(platforms, name, sandbox);
  if (issue !== undefined) {
    const message = `Nobody can log in at ${name} here, since ${issue.message}: ${byHand}.`;
    return { kind: "refused", code: "not_configured", message };
  }
  const credentials = openCredentials(account, keyring) ?? {};
  if (identityOf(platform, { settings: account.settings, credentials }) === null) {
    const message = `Nothing is stored that tells this account from others of ${name}: ${byHand}.`;
    return { kind: "refused", code: "not_recognisable", message };
  }
  const returnUrl = `${baseUrl}/accounts?q=${id}`;
  const connection = { companyId, clientId, platform: name, sandbox, baseUrl, returnUrl, socialAccountId: id };
  const link = await openLink(database, connection);
  // Its client went away a moment ago, which clients with accounts cannot.
  return link === null ? { kind: "no_such_account" } : { kind: "started", ...link };
}

/** Whether somebody can log in to reconnect an account, as far as its platform goes. */
export function hasLogIn(
  platforms: ReadonlyMap<string, Platform>,
  { platform, sandbox }: Pick<SocialAccountRecord, "platform" | "sandbox">,
): boolean {
  return platformIssues(platforms, platform, sandbox).length === 0;
}

/** What tells an account from others of its platform; null: nothing that is stored does. */
export function identityOf(
  platform: Platform,
  account: { settings: Readonly<Record<string, unknown>>; credentials: Readonly<Record<string, unknown>> },
): string | null {
  return platform.accountIdentity?.(account) ?? null;
}
