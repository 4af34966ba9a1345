/**
 * Long-lived tokens of Instagram's own log-in live 60 days, and can be renewed from their second day on as long as
 * they are alive (Meta, "Refresh access token"). Tokens from Facebook's log-in are not renewed this way.
 */
import type { ConnectedAccount, Refreshed } from "@punctual/core";
import type { FaultContext } from "../graph/fault.ts";
import type { GraphCallContext } from "../graph/graph-api.ts";
import type { ContainerDeps } from "./container.ts";

export async function refreshToken(
  { api, faults }: ContainerDeps,
  account: ConnectedAccount,
  context: GraphCallContext,
  faultContext: FaultContext,
): Promise<Refreshed> {
  const call = {
    method: "GET" as const,
    path: "/refresh_access_token",
    query: { grant_type: "ig_refresh_token" },
    unversioned: true,
  };
  const result = await api.call(account, call, context);
  if (result.kind !== "answer") {
    const { kind, code, message } = faults.proven(result, faultContext);
    return { kind: kind === "reconnect" ? "refused" : "unavailable", code, message };
  }
  const { access_token: accessToken, expires_in: expiresIn } = result.body;
  if (typeof accessToken !== "string" || accessToken === "") {
    return { kind: "unavailable", code: "no_token", message: "Instagram answered without a token" };
  }
  const expiresAt =
    typeof expiresIn === "number" && expiresIn > 0
      ? { expiresAt: new Date(Date.now() + expiresIn * 1_000).toISOString() }
      : {};
  const { expiresAt: _former, ...kept } = account.credentials;
  return { kind: "refreshed", credentials: { ...kept, accessToken, ...expiresAt } };
}

/** Known of tokens that were renewed here, or came from the log-in. */
export function tokenExpiry({ credentials }: ConnectedAccount): Date | null {
  const { expiresAt } = credentials;
  const expiry = typeof expiresAt === "string" ? new Date(expiresAt) : null;
  return expiry === null || Number.isNaN(expiry.getTime()) ? null : expiry;
}
