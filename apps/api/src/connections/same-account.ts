/** Whether what somebody logged in to is an account that there is already. */
import type { ConnectedAccount, Platform } from "@punctual/core";

type Account = Pick<ConnectedAccount, "settings" | "credentials">;

/** False where nothing tells. */
export function isSameAccount(platform: Platform, one: Account, other: Account): boolean {
  if (platform.isSameAccount !== undefined) return platform.isSameAccount(one, other);
  const identity = platform.accountIdentity?.(one) ?? null;
  return identity !== null && platform.accountIdentity?.(other) === identity;
}
