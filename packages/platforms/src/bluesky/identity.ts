/**
 * Whose an account is. A DID is for ever, but is told only with a session; a handle can change and become somebody
 * else's. An e-mail address says nothing by itself.
 */
import type { ConnectedAccount } from "@punctual/core";
import { textOf } from "../json-answer.ts";

type Account = Pick<ConnectedAccount, "credentials">;

export function blueskyIdentity(account: Account): string | null {
  return didOf(account) ?? handleOf(account);
}

export function isSameBlueskyAccount(one: Account, other: Account): boolean {
  const [did, otherDid] = [didOf(one), didOf(other)];
  if (did !== undefined && otherDid !== undefined) return did === otherDid;
  const handle = handleOf(one);
  return handle !== null && handle === handleOf(other);
}

function didOf({ credentials }: Account): string | undefined {
  const identifier = textOf(credentials["identifier"]);
  return textOf(credentials["did"]) ?? (identifier?.startsWith("did:") === true ? identifier : undefined);
}

function handleOf({ credentials }: Account): string | null {
  const identifier = textOf(credentials["identifier"])?.replace(/^@/, "").toLowerCase();
  return identifier === undefined || identifier.startsWith("did:") || identifier.includes("@") ? null : identifier;
}
