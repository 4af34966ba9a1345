/** LinkedIn's tokens: what a token answer says, and renewing an access token where the app was given refresh tokens. */
import type { ConnectedAccount, Refreshed } from "@punctual/core";
import type { HttpResult } from "../http.ts";
import { parseFields } from "../json-answer.ts";
import type { CallLimits, LinkedInApi } from "./api.ts";

export interface Tokens {
  accessToken: string;
  refreshToken?: string;
  /** RFC 3339. */
  expiresAt?: string;
}

/** @returns null if the answer holds no token */
export function readTokens(body: Buffer, now: Date): Tokens | null {
  const { access_token, refresh_token, expires_in } = parseFields(body);
  if (typeof access_token !== "string" || access_token === "") return null;
  return {
    accessToken: access_token,
    ...(typeof refresh_token === "string" && refresh_token !== "" ? { refreshToken: refresh_token } : {}),
    ...(typeof expires_in === "number"
      ? { expiresAt: new Date(now.getTime() + expires_in * 1_000).toISOString() }
      : {}),
  };
}

/** Null: LinkedIn did not say. */
export function tokenExpiry({ credentials }: Pick<ConnectedAccount, "credentials">): Date | null {
  const { expiresAt } = credentials;
  if (typeof expiresAt !== "string" || Number.isNaN(Date.parse(expiresAt))) return null;
  return new Date(expiresAt);
}

/** LinkedIn gives refresh tokens to approved partners only; the same one keeps coming back, or is left out. */
export async function refreshTokens(
  api: LinkedInApi,
  account: ConnectedAccount,
  limits: CallLimits,
): Promise<Refreshed> {
  const { refreshToken } = account.credentials;
  if (typeof refreshToken !== "string") {
    return { kind: "refused", code: "no_refresh_token", message: "LinkedIn gave no token to renew this one with" };
  }
  const fields = { grant_type: "refresh_token", refresh_token: refreshToken };
  const result = await api.token(account.sandbox, fields, limits);
  const { expiresAt: _stale, ...kept } = account.credentials;
  const tokens = result.kind === "answer" && result.status === 200 ? readTokens(result.body, new Date()) : null;
  return tokens === null ? notRefreshed(result) : { kind: "refreshed", credentials: { ...kept, ...tokens } };
}

function notRefreshed(result: HttpResult): Exclude<Refreshed, { kind: "refreshed" }> {
  if (result.kind !== "answer") return { kind: "unavailable", code: result.code, message: result.message };
  const error = oauthError(result.body);
  const code = error ?? `http_${result.status}`;
  const message = `LinkedIn answered ${result.status}${error === undefined ? "" : `: ${error}`}`;
  // Anything else, our own registration's faults among it, says nothing about the account's token.
  const tokenIsBad = result.status === 400 && (error === "invalid_request" || error === "invalid_grant");
  return { kind: tokenIsBad ? "refused" : "unavailable", code, message };
}

/** OAuth 2.0's own word for what is wrong, RFC 6749 section 5.2. */
export function oauthError(body: Buffer): string | undefined {
  const { error } = parseFields(body);
  return typeof error === "string" && /^[a-z_]{1,50}$/.test(error) ? error : undefined;
}
