/** A company to test with, made by the same statements the program uses. */
import { randomBytes } from "node:crypto";
import {
  createApiKey,
  createClient,
  createCompany,
  createSocialAccount,
  type ApiKeyScope,
  type Database,
} from "@punctual/db";
import type { Keyring } from "@punctual/runtime";

export interface TestTenantOptions {
  /** Of the API key; default admin. */
  scope?: ApiKeyScope;
  /** Of the account; default webhook. */
  platform?: string;
  /** Whether the account's posts go to the sandbox; default true. */
  sandbox?: boolean;
  /** Of the account; default none, which a sandbox account may do without. */
  settings?: Readonly<Record<string, unknown>>;
  /** Of the account; default `{secret: webhookSecret}`. */
  credentials?: Readonly<Record<string, unknown>>;
}

export interface TestTenant {
  companyId: string;
  clientId: string;
  /** In clear. */
  apiKey: string;
  socialAccountId: string;
  /** `whsec_` and base64, as in the account's credentials. */
  webhookSecret: string;
}

export async function createTestTenant(
  { database, keyring }: { database: Database; keyring: Keyring },
  options: TestTenantOptions = {},
): Promise<TestTenant> {
  const webhookSecret = `whsec_${randomBytes(32).toString("base64")}`;
  const { id: companyId } = await createCompany(database, { name: "Test company" });
  const { id: clientId } = await createClient(database, { companyId, name: "Test client" });
  const { key: apiKey } = await createApiKey(database, {
    companyId,
    name: "Test key",
    scope: options.scope ?? "admin",
  });
  const account = await createSocialAccount(database, keyring, {
    companyId,
    clientId,
    platform: options.platform ?? "webhook",
    name: "Test account",
    settings: options.settings ?? {},
    credentials: options.credentials ?? { secret: webhookSecret },
    sandbox: options.sandbox ?? true,
  });
  if (account === null) throw new Error("the client made a moment ago is gone");
  return { companyId, clientId, apiKey, socialAccountId: account.id, webhookSecret };
}
