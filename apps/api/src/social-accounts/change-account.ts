/**
 * Changing an account: its name, its client, its settings, or its credentials, by which it is reconnected. Credentials
 * are opened for the moment of the change, because a patch may name a part of them and the platform judges the whole.
 */
import type { ValidationIssue } from "@punctual/core";
import {
  changeSocialAccount,
  findClient,
  findSealedSocialAccount,
  type AccountName,
  type SealedSocialAccount,
  type SocialAccountRecord,
} from "@punctual/db";
import type { Keyring } from "@punctual/runtime";
import type { PublishProducer } from "@punctual/queue";
import { mergeObject } from "../merge-patch.ts";
import { rounds } from "../rounds.ts";
import type { ConnectDeps } from "./connect-account.ts";
import { releaseAccountPosts } from "./resume-account.ts";
import type { SocialAccountPatch } from "./schemas.ts";

export interface ChangeDeps extends ConnectDeps {
  producer: PublishProducer;
}

export interface ChangeRequest extends AccountName {
  patch: SocialAccountPatch;
  requestId: string;
  /** Whether the patch holds all of the credentials: of the old ones nothing is kept. */
  wholeCredentials?: boolean;
}

export type ChangeResult =
  | { kind: "changed"; account: SocialAccountRecord }
  | { kind: "no_such_account" }
  | { kind: "no_such_client" }
  | { kind: "refused"; issues: ValidationIssue[] }
  /** It changed again and again while we tried. */
  | { kind: "contended" };

export async function changeAccount(deps: ChangeDeps, request: ChangeRequest): Promise<ChangeResult> {
  const { companyId, id, patch, requestId, wholeCredentials = false } = request;
  const { database, keyring, platforms } = deps;
  for await (const _ of rounds()) {
    const expected = await findSealedSocialAccount(database, { companyId, id });
    if (expected === null) return { kind: "no_such_account" };
    if (Object.keys(patch).length === 0) return { kind: "changed", account: expected };

    const platform = platforms.get(expected.platform);
    if (platform === undefined) throw new Error(`there is no platform ${expected.platform}`);
    const reconnects = patch.credentials !== undefined;
    const told = reconnects ? platform.told : undefined;
    const settings = mergeObject(without(expected.settings, told?.settings), patch.settings);
    const kept = wholeCredentials ? {} : (openCredentials(expected, keyring) ?? {});
    const credentials = mergeObject(without(kept, told?.credentials), patch.credentials);
    const touchesPlatform = patch.settings !== undefined || reconnects;
    const issues = touchesPlatform
      ? platform.validateAccount({ settings, credentials, sandbox: expected.sandbox })
      : [];
    if (issues.length > 0) return { kind: "refused", issues };

    const { name, clientId } = patch;
    const sealed = reconnects ? keyring.seal(JSON.stringify(credentials), expected.id) : null;
    const change = { companyId, expected, name, clientId, settings, credentials: sealed, requestId };
    const account = await changeSocialAccount(database, change);
    if (account !== null) {
      if (sealed !== null) await releaseAccountPosts(deps, account.id);
      return { kind: "changed", account };
    }
    if (typeof clientId === "string" && (await findClient(database, { companyId, id: clientId })) === null) {
      return { kind: "no_such_client" };
    }
  }
  return { kind: "contended" };
}

/** What a platform told is true of the credentials it was told for: others may be of another person. */
function without(
  fields: Readonly<Record<string, unknown>>,
  names: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** Null if no key opens them: whoever gives new ones shall not be hindered by that. */
export function openCredentials(
  { id, credentials }: Pick<SealedSocialAccount, "id" | "credentials">,
  keyring: Keyring,
): Record<string, unknown> | null {
  try {
    return JSON.parse(keyring.open(credentials, id)) as Record<string, unknown>;
  } catch {
    return null;
  }
}
