/**
 * Renews credentials before they end, posts or no posts: a refresh token may end too if nobody uses it. Platforms that
 * refuse to renew credentials which still work are asked again when these end, and only then is the account's connection
 * said to be lost.
 */
import { renewalDueAt, renewalTimes, type Platform } from "@punctual/core";
import { setRenewalLook, takeRenewalLooks, type Database, type RenewableAccount } from "@punctual/db";
import type { Keyring, Logger, Service } from "@punctual/runtime";
import type { Renewer } from "../credentials/renewer.ts";
import { openAccount } from "../publish/attempt.ts";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

export interface CredentialKeeperDeps {
  database: Database;
  platforms: ReadonlyMap<string, Platform>;
  keyring: Keyring;
  renewer: Renewer;
  logger: Logger;
  pulse?: Pulse | undefined;
}

const intervalMs = 5_000;
const batchSizeMax = 20;
/** A look that neither ended nor failed is taken up again after this long, in milliseconds. */
const lookLeaseMs = 120_000;
/** Credentials without an end are looked at again after this long, in milliseconds: another version may know better. */
const endlessMs = 7 * 86_400_000;

export function createCredentialKeeper(deps: CredentialKeeperDeps): Service {
  const { database, platforms, renewer, logger, pulse } = deps;
  const renewable = [...platforms.values()]
    .filter((platform) => platform.refresh !== undefined)
    .map(({ name }) => name);

  async function look(found: RenewableAccount): Promise<void> {
    const { id: socialAccountId, now, credentialsAt, refreshedAt } = found;
    const { credentialsVersion } = found.account;
    const lookAgain = (at: Date) => setRenewalLook(database, { socialAccountId, credentialsVersion, at });
    const platform = platforms.get(found.platform);
    const account = openAccount(found.account, socialAccountId, deps);
    const expiresAt = account === null ? null : (platform?.credentialsExpireAt?.(account) ?? null);
    if (platform === undefined || expiresAt === null) return lookAgain(after(now, endlessMs));

    const dueAt = renewalDueAt(credentialsAt, expiresAt);
    if (dueAt > now) return lookAgain(dueAt);
    // What a platform gives that is as good as ended is not asked for again and again.
    if (refreshedAt !== null && after(refreshedAt, renewalTimes.freshMs) > now) {
      return lookAgain(after(refreshedAt, renewalTimes.freshMs));
    }
    const renewal = await renewer.renew(platform, { socialAccountId, credentialsVersion });
    if (renewal.kind !== "refused") return;
    if (expiresAt > now) return lookAgain(expiresAt);
    await renewer.disconnect({ socialAccountId, credentialsVersion, code: renewal.code });
  }

  return createSweeper(
    { name: "credential keeper", intervalMs },
    {
      logger,
      pulse,
      async sweep() {
        if (renewable.length === 0) return false;
        const request = { platforms: renewable, limit: batchSizeMax, lookMs: lookLeaseMs };
        const found = await takeRenewalLooks(database, request);
        await Promise.all(found.map(look));
        return found.length === batchSizeMax;
      },
    },
  );
}

function after(instant: Date, ms: number): Date {
  return new Date(instant.getTime() + ms);
}
