/**
 * The way through a platform's log-in: to it with a fresh state and PKCE challenge, and back from it with accounts. What
 * is needed in between is sealed in the connection's row, so that any process can take the browser back.
 */
import { createHash, randomBytes } from "node:crypto";
import type { ConnectableAccount, ConnectContext, Platform } from "@punctual/core";
import {
  endConnection,
  offerAccounts,
  openRegistrations,
  sendAway,
  takeConnection,
  type ConnectionRecord,
  type Database,
} from "@punctual/db";
import type { Keyring } from "@punctual/runtime";

export interface LogInDeps {
  database: Database;
  keyring: Keyring;
  platforms: ReadonlyMap<string, Platform>;
}

export type BeginResult =
  | { kind: "redirect"; url: string }
  | { kind: "choose" }
  | { kind: "ask_again"; message: string; question?: string }
  /** It is another browser's, it ended or expired, or it was tried too often. */
  | { kind: "gone" };

export type FinishResult = { kind: "choose" } | { kind: "cancelled" } | { kind: "failed"; message: string };

const stepTimeoutMs = 20_000;
const triesMax = 10;
/** Accounts shown to choose from; somebody with more connects the others by hand. */
const accountsMax = 200;

/** The user goes on from our first page. */
export async function beginLogIn(
  deps: LogInDeps,
  connection: ConnectionRecord,
  { browser, answers }: { browser: string; answers: Readonly<Record<string, string>> },
): Promise<BeginResult> {
  const { id, platform } = connection;
  if (!(await takeConnection(deps.database, { id, browser, triesMax }))) return { kind: "gone" };
  const state = randomBytes(32).toString("base64url");
  const codeVerifier = randomBytes(32).toString("base64url");
  const codeChallenge = createHash("sha256").update(codeVerifier).digest("base64url");
  const redirectUri = redirectUriOf(connection);
  const step = await connectorOf(deps, platform).begin(
    { answers, redirectUri, state, codeChallenge },
    stepContext(deps, connection),
  );
  switch (step.kind) {
    case "redirect": {
      const secrets = deps.keyring.seal(JSON.stringify({ codeVerifier, memory: step.memory }), id);
      const away = await sendAway(deps.database, { id, state, secrets });
      return away ? { kind: "redirect", url: step.url } : { kind: "gone" };
    }
    case "accounts": {
      const offered = await offer(deps, id, step.accounts);
      return offered === "gone" ? { kind: "gone" } : { kind: "choose" };
    }
    case "refused":
      return {
        kind: "ask_again",
        message: step.message,
        ...(step.question === undefined ? {} : { question: step.question }),
      };
  }
}

/** The browser is back, and its state is spent. @param query as the platform sent it */
export async function finishLogIn(
  deps: LogInDeps,
  connection: ConnectionRecord,
  query: Readonly<Record<string, string>>,
): Promise<FinishResult> {
  const { id, platform } = connection;
  const kept = openSecrets(deps.keyring, connection) as { codeVerifier: string; memory: Record<string, string> } | null;
  if (kept === null) return fail(deps, id, "The log-in could not be gone on with. Please start again.");
  const step = await connectorOf(deps, platform).finish(
    { query, memory: kept.memory, redirectUri: redirectUriOf(connection), codeVerifier: kept.codeVerifier },
    stepContext(deps, connection),
  );
  switch (step.kind) {
    case "cancelled":
      await endConnection(deps.database, { id, status: "cancelled" });
      return { kind: "cancelled" };
    case "refused":
      return fail(deps, id, step.message);
    case "accounts": {
      if (step.accounts.length === 0) return fail(deps, id, "There is no account that could be published to.");
      const offered = await offer(deps, id, step.accounts);
      return offered === "gone" ? fail(deps, id, "It took too long. Please start again.") : { kind: "choose" };
    }
  }
}

/** The accounts a user chooses among; null if nothing opens them. */
export function offeredAccounts(keyring: Keyring, connection: ConnectionRecord): readonly ConnectableAccount[] | null {
  const secrets = openSecrets(keyring, connection) as { accounts?: ConnectableAccount[] } | null;
  return secrets?.accounts ?? null;
}

async function offer(
  { database, keyring }: LogInDeps,
  id: string,
  accounts: readonly ConnectableAccount[],
): Promise<"offered" | "gone"> {
  const secrets = keyring.seal(JSON.stringify({ accounts: accounts.slice(0, accountsMax) }), id);
  return (await offerAccounts(database, { id, secrets })) ? "offered" : "gone";
}

async function fail(
  { database }: LogInDeps,
  id: string,
  message: string,
): Promise<{ kind: "failed"; message: string }> {
  await endConnection(database, { id, status: "failed", message });
  return { kind: "failed", message };
}

function openSecrets(keyring: Keyring, { id, secrets }: ConnectionRecord): unknown {
  try {
    return secrets === null ? null : JSON.parse(keyring.open(secrets, id));
  } catch {
    return null;
  }
}

function connectorOf({ platforms }: LogInDeps, name: string) {
  const connector = platforms.get(name)?.connector;
  if (connector === undefined) throw new Error(`the platform ${name} cannot be connected through`);
  return connector;
}

function stepContext(deps: LogInDeps, { platform, sandbox }: ConnectionRecord): ConnectContext {
  const signal = AbortSignal.timeout(stepTimeoutMs);
  return { sandbox, registrations: openRegistrations(deps, platform), timeoutMs: stepTimeoutMs, signal };
}

function redirectUriOf({ baseUrl, platform }: ConnectionRecord): string {
  return `${baseUrl}/connect/${platform}/callback`;
}
