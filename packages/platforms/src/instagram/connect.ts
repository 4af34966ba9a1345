/**
 * Connecting an Instagram professional account through Instagram's own log-in: code, short token, long token of 60 days
 * (Meta, "Instagram API with Instagram Login", "Business Login").
 */
import type { Connector } from "@punctual/core";
import { createBudget, type Budget } from "../budget.ts";
import { fieldsOf } from "../json-answer.ts";
import { createGraphLogIn, type GraphLogInTarget } from "../graph/log-in.ts";
import { exchange, exchangeRefused, type ExchangeResult, readReturn, refusal } from "../oauth.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { instagramUrl } from "./limits.ts";

const scopesUsual = "instagram_business_basic,instagram_business_content_publish";
const callTimeoutMs = 10_000;

export function createInstagramConnector(deps: PlatformDeps): Connector {
  const logIn = createGraphLogIn(deps, { platform: "instagram", usualUrl: instagramUrl });
  return {
    questions: () => [],
    unavailable(sandbox) {
      const isFacebook = !sandbox && logIn.target(false)?.base.startsWith("https://graph.facebook.com") === true;
      return isFacebook ? "this installation uses tokens of Facebook's log-in" : logIn.unavailable(sandbox);
    },
    async begin({ redirectUri, state }, { sandbox }) {
      const target = logIn.target(sandbox);
      if (target === null) return refusal("Instagram is not set up on this installation.");
      const url = new URL(`${target.logInUrl("www.instagram.com")}/oauth/authorize`);
      url.search = new URLSearchParams({
        client_id: target.clientId,
        redirect_uri: redirectUri,
        response_type: "code",
        scope: deps.app.scopes ?? scopesUsual,
        state,
      }).toString();
      return { kind: "redirect", url: url.href, memory: {} };
    },
    async finish({ query, redirectUri }, context) {
      const returned = readReturn(query, "Instagram");
      if (returned.kind !== "code") return returned;
      const target = logIn.target(context.sandbox);
      if (target === null) return refusal("Instagram is not set up on this installation.");
      const budget = createBudget(context);
      // The address ends in `#_`, and some browsers hand it on.
      const code = returned.code.replace(/#_$/, "");
      const short = tokenOf(await shortToken(target, budget, { code, redirectUri }));
      if (short.kind === "fault") return exchangeRefused("Instagram", short);
      const long = tokenOf(await longToken(target, budget, short.token));
      return long.kind === "fault" ? exchangeRefused("Instagram", long) : readAccount(target, budget, long);
    },
  };
}

function shortToken(
  { http, clientId, clientSecret, logInUrl }: GraphLogInTarget,
  budget: Budget,
  { code, redirectUri }: { code: string; redirectUri: string },
): Promise<ExchangeResult> {
  return exchange(http, {
    method: "POST",
    url: new URL(`${logInUrl("api.instagram.com")}/oauth/access_token`),
    form: {
      client_id: clientId,
      client_secret: clientSecret,
      grant_type: "authorization_code",
      redirect_uri: redirectUri,
      code,
    },
    ...budget.forCall(callTimeoutMs),
  });
}

/** Meta documents this as a GET, secrets in it; it stays between us and them. */
function longToken({ http, base, clientSecret }: GraphLogInTarget, budget: Budget, token: string) {
  const url = new URL(`${base}/access_token`);
  const fields = { grant_type: "ig_exchange_token", client_secret: clientSecret, access_token: token };
  url.search = new URLSearchParams(fields).toString();
  return exchange(http, { method: "GET", url, ...budget.forCall(callTimeoutMs) });
}

type TokenResult = { kind: "token"; token: string; expiresAt: string | null } | { kind: "fault"; message: string };

function tokenOf(result: ExchangeResult): TokenResult {
  if (result.kind === "fault") return result;
  // The first step's fields were seen in a list of one, too.
  const { data } = result.fields;
  const { access_token: token, expires_in: seconds } = Array.isArray(data) ? fieldsOf(data[0]) : result.fields;
  if (typeof token !== "string" || token === "") return { kind: "fault", message: "it answered without a token" };
  const expiresAt = typeof seconds === "number" ? new Date(Date.now() + seconds * 1_000).toISOString() : null;
  return { kind: "token", token, expiresAt };
}

async function readAccount(
  { http, base, version }: GraphLogInTarget,
  budget: Budget,
  { token, expiresAt }: Extract<TokenResult, { kind: "token" }>,
) {
  const url = new URL(`${base}/${version}/me?fields=user_id,username`);
  const headers = { authorization: `Bearer ${token}` };
  const result = await exchange(http, { method: "GET", url, headers, ...budget.forCall(callTimeoutMs) });
  if (result.kind === "fault") return exchangeRefused("Instagram", result);
  const { data } = result.fields;
  const { user_id: userId, username } = Array.isArray(data) ? fieldsOf(data[0]) : result.fields;
  if (!(typeof userId === "string" || typeof userId === "number") || typeof username !== "string") {
    return refusal("Instagram did not say who you are. Only business and creator accounts can be connected.");
  }
  const credentials = { accessToken: token, ...(expiresAt === null ? {} : { expiresAt }) };
  return {
    kind: "accounts" as const,
    accounts: [{ name: `@${username}`, settings: { userId: String(userId) }, credentials }],
  };
}
