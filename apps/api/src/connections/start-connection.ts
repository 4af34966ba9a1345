/** Starting a connection: a link for the browser of whoever owns the account, good for one browser and ten minutes. */
import { randomBytes } from "node:crypto";
import type { Platform, ValidationIssue } from "@punctual/core";
import { createConnection, findCompany, type Database, type NewConnection } from "@punctual/db";
import type { ConnectionIn } from "./schemas.ts";

export interface StartDeps {
  database: Database;
  platforms: ReadonlyMap<string, Platform>;
}

export type StartResult =
  | { kind: "started"; id: string; authorizeUrl: string; expiresAt: Date }
  | { kind: "refused"; issues: ValidationIssue[] }
  | { kind: "no_such_client" };

export const connectionLifeMs = 600_000;

/** @param request.baseUrl where browsers reach our pages, without a path */
export async function startConnection(
  { database, platforms }: StartDeps,
  { companyId, baseUrl, input }: { companyId: string; baseUrl: string; input: ConnectionIn },
): Promise<StartResult> {
  const { platform: name, clientId = null, returnUrl, sandbox = false } = input;
  const company = await findCompany(database, companyId);
  const issues = [
    ...platformIssues(platforms, name, sandbox),
    ...returnUrlIssues(returnUrl, company?.returnOrigins ?? []),
  ];
  if (issues.length > 0) return { kind: "refused", issues };

  const link = await openLink(database, { companyId, clientId, platform: name, sandbox, baseUrl, returnUrl });
  return link === null ? { kind: "no_such_client" } : { kind: "started", ...link };
}

/** Null if the company has no such client. */
export async function openLink(
  database: Database,
  connection: Omit<NewConnection, "ticket" | "lifeMs">,
): Promise<{ id: string; authorizeUrl: string; expiresAt: Date } | null> {
  const ticket = randomBytes(32).toString("base64url");
  const created = await createConnection(database, { ...connection, ticket, lifeMs: connectionLifeMs });
  return created === null ? null : { ...created, authorizeUrl: `${connection.baseUrl}/connect/${ticket}` };
}

/** Why nobody can log in at a platform; empty: they can. */
export function platformIssues(
  platforms: ReadonlyMap<string, Platform>,
  name: string,
  sandbox: boolean,
): ValidationIssue[] {
  const path = "/platform";
  const connectable = [...platforms.values()].filter(({ connector }) => connector !== undefined);
  const { connector } = platforms.get(name) ?? {};
  if (connector === undefined) {
    const names = connectable.map((platform) => platform.name).join(", ");
    const message = `there is no log-in to connect through; there is one for: ${names}`;
    return [{ path, code: platforms.has(name) ? "no_log_in" : "unknown_platform", message }];
  }
  const reason = connector.unavailable(sandbox);
  return reason === null ? [] : [{ path, code: "not_configured", message: reason }];
}

function returnUrlIssues(returnUrl: string, origins: readonly string[]): ValidationIssue[] {
  const path = "/returnUrl";
  if (!URL.canParse(returnUrl)) return [{ path, code: "invalid_url", message: "not a URL" }];
  const url = new URL(returnUrl);
  if (!/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    return [{ path, code: "invalid_url", message: "not an http or https URL without a user" }];
  }
  if (origins.includes(url.origin)) return [];
  const message = `${url.origin} is not among the company's return origins; an operator adds them`;
  return [{ path, code: "foreign_origin", message }];
}
