/** Connecting an account with credentials the client already has. */
import type { Platform, ValidationIssue } from "@punctual/core";
import { createSocialAccount, type Database, type SocialAccountRecord } from "@punctual/db";
import type { Keyring } from "@punctual/runtime";
import type { SocialAccountIn } from "./schemas.ts";

export interface ConnectDeps {
  database: Database;
  keyring: Keyring;
  platforms: ReadonlyMap<string, Platform>;
}

export type ConnectResult =
  | { kind: "connected"; account: SocialAccountRecord }
  | { kind: "refused"; issues: ValidationIssue[] }
  | { kind: "no_such_client" };

export async function connectAccount(
  { database, keyring, platforms }: ConnectDeps,
  companyId: string,
  input: SocialAccountIn,
): Promise<ConnectResult> {
  const { name, settings, credentials, clientId = null, sandbox = false } = input;
  const platform = platforms.get(input.platform);
  if (platform === undefined) return { kind: "refused", issues: [unknownPlatform(platforms)] };
  const issues = platform.validateAccount({ settings, credentials, sandbox });
  if (issues.length > 0) return { kind: "refused", issues };
  const account = await createSocialAccount(database, keyring, {
    companyId,
    clientId,
    platform: platform.name,
    name,
    settings,
    credentials,
    sandbox,
  });
  return account === null ? { kind: "no_such_client" } : { kind: "connected", account };
}

function unknownPlatform(platforms: ReadonlyMap<string, Platform>): ValidationIssue {
  const message = `there is no such platform; there are: ${[...platforms.keys()].join(", ")}`;
  return { path: "/platform", code: "unknown_platform", message };
}
