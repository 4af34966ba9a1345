/**
 * Storing what a user chose: an account the company has, for the same client, is reconnected with new credentials, and
 * its held posts go out; any other is created.
 */
import type { ConnectableAccount, Platform } from "@punctual/core";
import { endConnection, listSealedAccounts, startConnecting, type ConnectionRecord } from "@punctual/db";
import { changeAccount, openCredentials, type ChangeDeps } from "../social-accounts/change-account.ts";
import { connectAccount } from "../social-accounts/connect-account.ts";
import { isSameAccount } from "./same-account.ts";

export type StoreResult =
  | { kind: "connected"; socialAccountIds: string[] }
  | { kind: "failed"; message: string }
  /** Somebody was faster, or the time was up. */
  | { kind: "gone" };

const nameLengthMax = 200;

export async function storeAccounts(
  deps: ChangeDeps,
  connection: ConnectionRecord,
  { accounts, requestId }: { accounts: readonly ConnectableAccount[]; requestId: string },
): Promise<StoreResult> {
  const { id } = connection;
  const platform = deps.platforms.get(connection.platform);
  if (platform === undefined) throw new Error(`there is no platform ${connection.platform}`);
  if (!(await startConnecting(deps.database, id))) return { kind: "gone" };
  const socialAccountIds = new Set<string>();
  for (const account of accounts) {
    const stored = await storeAccount(deps, connection, { platform, account, requestId });
    if (stored === null) {
      const message = `${account.name} could not be connected.`;
      await endConnection(deps.database, { id, status: "failed", message });
      return { kind: "failed", message };
    }
    for (const storedId of stored) socialAccountIds.add(storedId);
  }
  await endConnection(deps.database, { id, status: "connected", socialAccountIds: [...socialAccountIds] });
  return { kind: "connected", socialAccountIds: [...socialAccountIds] };
}

/** Ids of the accounts it became; null if it does not fit. */
async function storeAccount(
  deps: ChangeDeps,
  connection: ConnectionRecord,
  { platform, account, requestId }: { platform: Platform; account: ConnectableAccount; requestId: string },
): Promise<string[] | null> {
  const { companyId, clientId, sandbox } = connection;
  const known = await findKnown(deps, connection, { platform, account });
  if (known.length === 0) {
    const { settings, credentials } = account;
    const name = account.name.slice(0, nameLengthMax) || platform.description.displayName;
    const result = await connectAccount(deps, companyId, {
      platform: platform.name,
      name,
      settings: { ...settings },
      credentials: { ...credentials },
      sandbox,
      ...(clientId === null ? {} : { clientId }),
    });
    return result.kind === "connected" ? [result.account.id] : null;
  }
  const reconnected: string[] = [];
  for (const id of known) {
    const patch = { settings: { ...account.settings }, credentials: { ...account.credentials } };
    const result = await changeAccount(deps, { companyId, id, patch, requestId, wholeCredentials: true });
    if (result.kind === "changed") reconnected.push(id);
    else if (result.kind !== "no_such_account") return null;
  }
  return reconnected;
}

/** The company's connections to the very same account, for the same client. */
async function findKnown(
  { database, keyring }: ChangeDeps,
  { companyId, clientId, sandbox }: ConnectionRecord,
  { platform, account }: { platform: Platform; account: ConnectableAccount },
): Promise<string[]> {
  const candidates = await listSealedAccounts(database, { companyId, clientId, platform: platform.name, sandbox });
  return candidates
    .filter((candidate) => {
      const credentials = openCredentials(candidate, keyring) ?? {};
      return isSameAccount(platform, { settings: candidate.settings, credentials }, account);
    })
    .map(({ id }) => id);
}
