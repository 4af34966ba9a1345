/** A social account as clients see it: without its credentials. */
import type { SocialAccountRecord } from "@punctual/db";
import type { SocialAccountOut } from "./schemas.ts";

export function toSocialAccountOut(account: SocialAccountRecord): SocialAccountOut {
  const { id, platform, name, clientId, settings, sandbox, status, paused, createdAt, updatedAt } = account;
  return {
    id,
    platform,
    name,
    clientId,
    settings,
    sandbox,
    status,
    paused,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
