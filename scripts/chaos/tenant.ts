/** The company of a run: a key that may do everything, and accounts on every platform, all of them the sandbox's. */
import { randomBytes, randomUUID } from "node:crypto";
import type { ConnectedAccount, OutgoingPost, Platform } from "@punctual/core";
import { createApiKey, createCompany, createSocialAccount, type Database } from "@punctual/db";
import { createKeyring } from "@punctual/runtime";
import { networkAccount, networkNamed, type NetworkAccount } from "./networks.ts";
import { createChaosPlatforms } from "./platforms/registry.ts";

export interface ChaosAccount {
  id: string;
  platform: string;
  /** What the stand-in calls it. */
  ledgerAccount: string;
  /** Whether reading the platform settles every lost answer, without a person. */
  isProvable: boolean;
}

interface Installation {
  database: Database;
  encryptionKeys: string;
  sandboxUrl: string;
}

const renewTimeoutMs = 20_000;

export async function createTenant(
  { database, encryptionKeys, sandboxUrl }: Installation,
  { platforms, accountsOn }: { platforms: readonly string[]; accountsOn(platform: string): number },
): Promise<{ accounts: ChaosAccount[]; apiKey: string }> {
  const keyring = createKeyring(encryptionKeys);
  const { id: companyId } = await createCompany(database, { name: "Chaos" });
  const { key: apiKey } = await createApiKey(database, { companyId, name: "chaos", scope: "admin" });
  const adapters = createChaosPlatforms(sandboxUrl, platforms);
  const accounts: ChaosAccount[] = [];
  try {
    for (const [name, platform] of adapters.byName) {
      for (let number = 1; number <= accountsOn(name); number += 1) {
        const network = networkNamed.get(name);
        const draft = network === undefined ? plainAccount() : networkAccount(network, number);
        const { settings, credentials, told } = await withSession(platform, draft);
        const described = { name: `${name} ${number}`, clientId: null, settings, credentials, sandbox: true };
        const account = await createSocialAccount(database, keyring, { companyId, platform: name, ...described });
        if (account === null) throw new Error("an account could not be made");
        const ledgerAccount = draft.ledgerAccount === "" ? account.id : draft.ledgerAccount;
        if (told !== undefined) await tellSandbox(sandboxUrl, ledgerAccount, told);
        accounts.push({ id: account.id, platform: name, ledgerAccount, isProvable: isProvable(platform, settings) });
      }
    }
  } finally {
    await adapters.stop();
  }
  return { accounts, apiKey };
}

/** On the webhook and the test networks, which know an account by our own id of it. */
function plainAccount(): NetworkAccount {
  const credentials = { secret: `whsec_${randomBytes(32).toString("base64")}` };
  return { settings: {}, credentials, ledgerAccount: "" };
}

/** Credentials that have to be renewed before anything can be sent are, so that the run begins with its first post. */
async function withSession(platform: Platform, draft: NetworkAccount): Promise<NetworkAccount> {
  const { settings, credentials } = draft;
  const account: ConnectedAccount = { id: randomUUID(), settings, credentials, credentialsVersion: 1, sandbox: true };
  const expiresAt = platform.credentialsExpireAt?.(account) ?? null;
  if (expiresAt === null || expiresAt.getTime() > Date.now()) return draft;
  const signal = AbortSignal.timeout(renewTimeoutMs);
  const refreshed = await platform.refresh?.(account, { timeoutMs: renewTimeoutMs, signal });
  if (refreshed?.kind !== "refreshed") throw new Error(`no session on ${platform.name}: ${JSON.stringify(refreshed)}`);
  return { ...draft, credentials: refreshed.credentials };
}

function isProvable(platform: Platform, settings: ConnectedAccount["settings"]): boolean {
  const post: OutgoingPost = {
    id: randomUUID(),
    socialAccountId: randomUUID(),
    revision: 1,
    text: "chaos",
    media: [],
    link: null,
    options: {},
    metadata: {},
    scheduledAt: new Date(),
    firstSentAt: null,
    requestId: null,
  };
  return platform.guarantee(post, new Date(), settings) === "confirmable";
}

async function tellSandbox(sandboxUrl: string, account: string, told: object): Promise<void> {
  const response = await fetch(new URL(`/_control/accounts/${encodeURIComponent(account)}`, sandboxUrl), {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(told),
  });
  if (!response.ok) throw new Error(`the sandbox took no account: ${await response.text()}`);
}
