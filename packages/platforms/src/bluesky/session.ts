/**
 * Sessions: the app password is what the client gave us, and logging in with it is rationed (300 a day), so the tokens
 * it brought are kept beside it and renewed. A renewal whose answer was lost can be repeated for two hours; when the
 * refresh token is of no use any more, the password makes a new session.
 */
import type { AccountCheck, ConnectedAccount, Refreshed } from "@punctual/core";
import type { HttpResult } from "../http.ts";
import { fieldsOf, parseFields, textOf } from "../json-answer.ts";
import { isSuccess, type VerdictContext } from "../verdict.ts";
import { blueskyVerdicts } from "./verdicts.ts";
import type { CallLimits, Xrpc } from "./xrpc.ts";

export interface Session {
  did: string;
  token: string;
}

/** A token is not used in its last moments, in milliseconds: the call takes a while. */
const tokenMarginMs = 5_000;
const tokenLengthMax = 8_192;

/** @returns null if there is none, or if it is over */
export function readSession({ credentials }: ConnectedAccount, now: Date): Session | null {
  const { accessJwt, did } = credentials;
  if (typeof accessJwt !== "string") return null;
  const claims = claimsOf(accessJwt);
  const repo = textOf(did) ?? textOf(claims["sub"]);
  const expiresAt = expiryOf(accessJwt);
  if (repo === undefined || expiresAt === null || expiresAt.getTime() - tokenMarginMs <= now.getTime()) return null;
  return { did: repo, token: accessJwt };
}

/** An account without a session needs one at once. */
export function sessionExpiresAt({ credentials }: Pick<ConnectedAccount, "credentials">): Date {
  const { accessJwt } = credentials;
  return (typeof accessJwt === "string" ? expiryOf(accessJwt) : null) ?? new Date(0);
}

export async function renewSession(xrpc: Xrpc, account: ConnectedAccount, limits: CallLimits): Promise<Refreshed> {
  const { refreshJwt } = account.credentials;
  if (typeof refreshJwt === "string") {
    const call = { procedure: "com.atproto.server.refreshSession", token: refreshJwt };
    const renewed = readAnswer(account, await xrpc.call(account, call, limits));
    if (renewed.kind !== "refused") return renewed;
  }
  return readAnswer(account, await logIn(xrpc, account, limits));
}

/** Whether the account may publish: the session, or if that is over the password. */
export async function checkSession(xrpc: Xrpc, account: ConnectedAccount, limits: CallLimits): Promise<AccountCheck> {
  const session = readSession(account, new Date());
  if (session !== null) {
    const call = { query: "com.atproto.server.getSession", token: session.token };
    const result = await xrpc.call(account, call, limits);
    if (isSuccess(result)) {
      if (parseFields(result.body)["active"] === false) {
        return { kind: "refused", message: "the account is not active" };
      }
      return { kind: "works" };
    }
    const verdict = blueskyVerdicts.ofPrepare(result, contextOf(account));
    if (verdict.kind !== "reconnect") return { kind: "cannot_tell", message: verdict.message };
  }
  const answer = readAnswer(account, await logIn(xrpc, account, limits));
  switch (answer.kind) {
    case "refreshed":
      return { kind: "works" };
    case "refused":
      return { kind: "refused", message: answer.message };
    case "unavailable":
      return { kind: "cannot_tell", message: answer.message };
  }
}

/** Everything secret of an account, so that no message repeats it. */
export function secretsOf({ credentials }: Pick<ConnectedAccount, "credentials">): string[] {
  return ["appPassword", "accessJwt", "refreshJwt"].flatMap((name) => textOf(credentials[name], tokenLengthMax) ?? []);
}

function logIn(xrpc: Xrpc, account: ConnectedAccount, limits: CallLimits): Promise<HttpResult> {
  const { identifier, appPassword } = account.credentials;
  const input = { identifier, password: appPassword };
  return xrpc.call(account, { procedure: "com.atproto.server.createSession", input }, limits);
}

function readAnswer(account: ConnectedAccount, result: HttpResult): Refreshed {
  if (!isSuccess(result)) {
    const { kind, code, message } = blueskyVerdicts.ofPrepare(result, contextOf(account));
    // A server that does not know such a call is no server of this network: asking again will not help.
    return { kind: kind === "reconnect" || kind === "rejected" ? "refused" : "unavailable", code, message };
  }
  const fields = parseFields(result.body);
  const did = textOf(fields["did"]);
  const accessJwt = textOf(fields["accessJwt"], tokenLengthMax);
  const refreshJwt = textOf(fields["refreshJwt"], tokenLengthMax);
  if (did === undefined || accessJwt === undefined || refreshJwt === undefined) {
    return { kind: "unavailable", code: "unreadable_answer", message: "the server's answer holds no session" };
  }
  const { identifier, appPassword } = account.credentials;
  return { kind: "refreshed", credentials: { identifier, appPassword, did, accessJwt, refreshJwt } };
}

function contextOf(account: ConnectedAccount): VerdictContext {
  return { credentialsVersion: account.credentialsVersion, neverShown: secretsOf(account), now: new Date() };
}

function expiryOf(jwt: string): Date | null {
  const { exp } = claimsOf(jwt);
  return typeof exp === "number" && Number.isFinite(exp) ? new Date(exp * 1_000) : null;
}

/** What a token says; it is the server's to check that it says so rightly. */
function claimsOf(jwt: string): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString("utf8")));
  } catch {
    return {};
  }
}
