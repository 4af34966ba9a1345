/**
 * Connecting Facebook Pages: the user's short-lived token is exchanged for a long-lived one, and that for the tokens of
 * their Pages, which then have no end of their own (Meta, "Facebook Login", "Get long-lived tokens", "/me/accounts").
 */
import type { ConnectableAccount, Connector } from "@punctual/core";
import { createBudget, type Budget } from "../budget.ts";
import { idOf, itemsOf } from "../graph/fields.ts";
import { fieldsOf } from "../json-answer.ts";
import { createGraphLogIn, type GraphLogInTarget } from "../graph/log-in.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { exchange, exchangeRefused, readReturn, refusal, type Refusal } from "../oauth.ts";
import { facebookUrl } from "./limits.ts";

const scopesUsual = "pages_show_list,pages_read_engagement,pages_manage_posts";
const callTimeoutMs = 10_000;
/** Of Pages: so many per call, and so many calls. */
const pageSize = 100;
const callsMax = 3;

export function createFacebookConnector(deps: PlatformDeps): Connector {
  const logIn = createGraphLogIn(deps, { platform: "facebook", usualUrl: facebookUrl });
  return {
    questions: () => [],
    unavailable: (sandbox) => logIn.unavailable(sandbox),
    async begin({ redirectUri, state }, { sandbox }) {
      const target = logIn.target(sandbox);
      if (target === null) return refusal("Facebook is not set up on this installation.");
      const url = new URL(`${target.logInUrl("www.facebook.com")}/${target.version}/dialog/oauth`);
      url.search = new URLSearchParams({
        client_id: target.clientId,
        redirect_uri: redirectUri,
        state,
        scope: deps.app.scopes ?? scopesUsual,
        response_type: "code",
      }).toString();
      return { kind: "redirect", url: url.href, memory: {} };
    },
    async finish({ query, redirectUri }, context) {
      const returned = readReturn(query, "Facebook");
      if (returned.kind !== "code") return returned;
      const target = logIn.target(context.sandbox);
      if (target === null) return refusal("Facebook is not set up on this installation.");
      const budget = createBudget(context);
      const short = await userToken(target, budget, { redirect_uri: redirectUri, code: returned.code });
      if (short.kind === "refused") return short;
      const fields = { grant_type: "fb_exchange_token", fb_exchange_token: short.token };
      const long = await userToken(target, budget, fields);
      return long.kind === "refused" ? long : readPages(target, budget, long.token);
    },
  };
}

/** Meta documents this as a GET, the app's secret in it; it stays between us and them. */
async function userToken(
  { http, base, version, clientId, clientSecret }: GraphLogInTarget,
  budget: Budget,
  fields: Readonly<Record<string, string>>,
): Promise<{ kind: "token"; token: string } | Refusal> {
  const url = new URL(`${base}/${version}/oauth/access_token`);
  const registration = { client_id: clientId, client_secret: clientSecret };
  url.search = new URLSearchParams({ ...registration, ...fields }).toString();
  const result = await exchange(http, { method: "GET", url, ...budget.forCall(callTimeoutMs) });
  if (result.kind === "fault") return exchangeRefused("Facebook", result);
  const token = result.fields["access_token"];
  return typeof token === "string" && token !== ""
    ? { kind: "token", token }
    : exchangeRefused("Facebook", { message: "it answered without a token" });
}

async function readPages(target: GraphLogInTarget, budget: Budget, userAccessToken: string) {
  const accounts: ConnectableAccount[] = [];
  let after: string | undefined;
  for (let call = 0; call < callsMax; call += 1) {
    const url = new URL(`${target.base}/${target.version}/me/accounts`);
    const paging = after === undefined ? {} : { after };
    const proof = { appsecret_proof: target.proofOf(userAccessToken) };
    const fields = "id,name,access_token,tasks";
    url.search = new URLSearchParams({ fields, limit: String(pageSize), ...paging, ...proof }).toString();
    const headers = { authorization: `Bearer ${userAccessToken}` };
    const result = await exchange(target.http, { method: "GET", url, headers, ...budget.forCall(callTimeoutMs) });
    if (result.kind === "fault") return exchangeRefused("Facebook", result);
    accounts.push(...itemsOf(result.fields).flatMap(readPage));
    const paged = fieldsOf(result.fields["paging"]);
    const cursor = fieldsOf(paged["cursors"])["after"];
    if (paged["next"] === undefined || typeof cursor !== "string") break;
    after = cursor;
  }
  return { kind: "accounts" as const, accounts };
}

/** A Page the user may publish on. */
function readPage(page: Readonly<Record<string, unknown>>): ConnectableAccount[] {
  const { name, access_token: accessToken, tasks } = page;
  const pageId = idOf(page["id"]);
  if (pageId === undefined || typeof accessToken !== "string" || accessToken === "") return [];
  if (Array.isArray(tasks) && !tasks.includes("CREATE_CONTENT")) return [];
  const shown = typeof name === "string" && name !== "" ? name : `Page ${pageId}`;
  return [{ name: shown, settings: { pageId }, credentials: { accessToken } }];
}
