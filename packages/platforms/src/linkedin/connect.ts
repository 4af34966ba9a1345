/**
 * Connecting a LinkedIn member and the organizations they look after: one log-in gives one token for all of them. What
 * is asked for must be what LinkedIn granted our application; organizations take its Community Management product.
 */
import type { ConnectableAccount, Connector } from "@punctual/core";
import { exchangeRefused, readReturn, refusal } from "../oauth.ts";
import { createBudget, type Budget } from "../budget.ts";
import type { Caller, LinkedInApi } from "./api.ts";
import { parseFields } from "../json-answer.ts";
import { administeredPath, readAdministered } from "./identity.ts";
import { oauthError, readTokens } from "./token.ts";

const memberScopes = "openid profile w_member_social";
const allScopes = `${memberScopes} w_organization_social r_organization_social`;
const callTimeoutMs = 10_000;
const nameLengthMax = 200;
/** Organizations whose names are asked for. */
const organizationsMax = 50;

/** @param scopes asked for at LinkedIn, if not only what every application gets */
export function createLinkedInConnector(api: LinkedInApi, scopes: string | undefined): Connector {
  return {
    questions: () => [],
    unavailable(sandbox) {
      if (api.authorizationUrl(sandbox) === null) return "SANDBOX_URL is not set on this installation";
      return api.app(sandbox) === null
        ? "LINKEDIN_CLIENT_ID and LINKEDIN_CLIENT_SECRET are not set on this installation"
        : null;
    },
    async begin({ redirectUri, state }, { sandbox }) {
      const url = api.authorizationUrl(sandbox);
      const app = api.app(sandbox);
      if (url === null || app === null) return refusal("LinkedIn is not set up on this installation.");
      url.search = new URLSearchParams({
        response_type: "code",
        client_id: app.clientId,
        redirect_uri: redirectUri,
        state,
        scope: sandbox ? allScopes : (scopes ?? memberScopes),
      }).toString();
      return { kind: "redirect", url: url.href, memory: {} };
    },
    async finish({ query, redirectUri }, context) {
      const returned = readReturn(query, "LinkedIn");
      if (returned.kind !== "code") return returned;
      const budget = createBudget(context);
      const fields = { grant_type: "authorization_code", code: returned.code, redirect_uri: redirectUri };
      const result = await api.token(context.sandbox, fields, budget.forCall(callTimeoutMs));
      if (result.kind !== "answer") return exchangeRefused("LinkedIn", result);
      const tokens = result.status === 200 ? readTokens(result.body, new Date()) : null;
      if (tokens === null) {
        return exchangeRefused("LinkedIn", { message: oauthError(result.body) ?? `it answered ${result.status}` });
      }
      return readAccounts(api, { sandbox: context.sandbox, credentials: { ...tokens } }, budget);
    },
  };
}

async function readAccounts(api: LinkedInApi, caller: Caller, budget: Budget) {
  const member = await readObject(api, caller, "/v2/userinfo", budget);
  const { sub, name } = member ?? {};
  if (typeof sub !== "string" || sub === "") return refusal("LinkedIn did not say who you are. Please start again.");
  const { credentials } = caller;
  const accounts: ConnectableAccount[] = [
    { name: shortName(name, "LinkedIn member"), settings: { author: `urn:li:person:${sub}` }, credentials },
  ];
  // Refused to a token for members only; then there is just the member.
  const listed = await api.call(caller, { method: "GET", path: administeredPath }, budget.forCall(callTimeoutMs));
  const urns = listed.kind === "answer" && listed.status === 200 ? (readAdministered(listed.body) ?? []) : [];
  for (const urn of urns.slice(0, organizationsMax)) {
    const id = urn.slice(urn.lastIndexOf(":") + 1);
    const organization = await readObject(api, caller, `/rest/organizations/${encodeURIComponent(id)}`, budget);
    const organizationName = shortName(organization?.["localizedName"], `Organization ${id}`);
    accounts.push({ name: organizationName, settings: { author: urn }, credentials });
  }
  return { kind: "accounts" as const, accounts };
}

async function readObject(api: LinkedInApi, caller: Caller, path: string, budget: Budget) {
  const result = await api.call(caller, { method: "GET", path }, budget.forCall(callTimeoutMs));
  if (result.kind !== "answer" || result.status !== 200) return null;
  return parseFields(result.body);
}

function shortName(name: unknown, otherwise: string): string {
  return typeof name === "string" && name.trim() !== "" ? name.trim().slice(0, nameLengthMax) : otherwise;
}
