/**
 * Storing what a user chose: an account the company has, for the same client, is reconnected with new credentials, and
 * its held posts go out; any other is created. A connection that is for one account alone reconnects that one or nothing.
 */
import type { ConnectableAccount, Platform } from "@punctual/core";
import {
  endConnection,
  findSealedSocialAccount,
  listSealedAccounts,
  startConnecting,
  type ConnectionRecord,
} from "@punctual/db";
import { changeAccount, openCredentials, type ChangeDeps } from "../social-accounts/change-account.ts";
import { connectAccount } from "../social-accounts/connect-account.ts";
import { isSameAccount } from "./same-account.ts";
import { byHand } from "./start-reconnection.ts";

export type StoreResult =
  | { kind: "connected"; socialAccountIds: string[] }
  | { kind: "failed"; message: string }
  /** Somebody was faster, or the time was up. */
  | { kind: "gone" };

const nameLengthMax = 200;
/** Accounts of a log-in that a message names. */
const namesToldMax = 5;

export async function storeAccounts(
  deps: ChangeDeps,
  connection: ConnectionRecord,
  { accounts, requestId }: { accounts: readonly ConnectableAccount[]; requestId: string },
): Promise<StoreResult> {
  const { id } = connection;
  const platform = deps.platforms.get(connection.platform);
  if (platform === undefined) throw new Error(`there is no platform ${connection.platform}`);
  if (!(await startConnecting(deps.database, id))) return { kind: "gone" };
  if (connection.socialAccount !== null) {
    const { socialAccount } = connection;
    return reconnectOne(deps, connection, { platform, socialAccount, accounts, requestId });
  }
  const socialAccountIds = new Set<string>();
  for (const account of accounts) {
    const stored = await storeAccount(deps, connection, { platform, account, requestId });
    if (stored === null) return fail(deps, id, `${account.name} could not be connected.`);
    for (const storedId of stored) socialAccountIds.add(storedId);
  }
  await endConnection(deps.database, { id, status: "connected", socialAccountIds: [...socialAccountIds] });
  return { kind: "connected", socialAccountIds: [...socialAccountIds] };
}

async function reconnectOne(
  deps: ChangeDeps,
  { id, companyId }: ConnectionRecord,
  request: {
    platform: Platform;
    socialAccount: { id: string; name: string };
    accounts: readonly ConnectableAccount[];
    requestId: string;
  },
): Promise<StoreResult> {
  const { platform, socialAccount, accounts, requestId } = request;
  const wanted = await findSealedSocialAccount(deps.database, { companyId, id: socialAccount.id });
  if (wanted === null) return fail(deps, id, `${socialAccount.name} was deleted meanwhile.`);
  const credentials = openCredentials(wanted, deps.keyring) ?? {};
  const known = { settings: wanted.settings, credentials };
  const account = accounts.find((offered) => isSameAccount(platform, known, offered));
  if (account === undefined) {
    const names = accounts.slice(0, namesToldMax).map(({ name }) => name);
    const others = accounts.length > names.length ? " and others" : "";
    const { displayName } = platform.description;
    const message = `You logged in at ${displayName} as somebody who has ${names.join(", ")}${others}, but not ${wanted.name}, which was to be reconnected. Nothing was changed. Log out at ${displayName} and ask for a new link; or ${byHand}.`;
    return fail(deps, id, message);
  }
  const patch = { settings: { ...account.settings }, credentials: { ...account.credentials } };
  const change = { companyId, id: wanted.id, patch, requestId, wholeCredentials: true };
  const result = await changeAccount(deps, change);
  if (result.kind !== "changed") return fail(deps, id, `${wanted.name} could not be reconnected.`);
  await endConnection(deps.database, { id, status: "connected", socialAccountIds: [wanted.id] });
  return { kind: "connected", socialAccountIds: [wanted.id] };
}

async function fail(
  { database }: ChangeDeps,
  id: string,
  message: string,
): Promise<Extract<StoreResult, { kind: "failed" }>> {
  await endConnection(database, { id, status: "failed", message });
  return { kind: "failed", message };
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
