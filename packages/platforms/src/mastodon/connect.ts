/**
 * Connecting a Mastodon account: its server is the user's to name, so we register there by ourselves, once for each
 * server and address of ours, and log in with PKCE (Mastodon documentation, "OAuth", "apps").
 */
import type { ConnectContext, Connector, ConnectStep } from "@punctual/core";
import { createBudget, type Budget } from "../budget.ts";
import type { HttpClient } from "../http.ts";
import { exchange, exchangeRefused, readReturn, refusal } from "../oauth.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { receiverUrlIssue } from "../receiver-url.ts";
import { accountName } from "./identity.ts";

/** Publishing, looking for a post whose answer got lost, and who it is; `profile` would do for the last since 4.3. */
const scopes = "read:accounts read:statuses write:statuses write:media";
const callTimeoutMs = 10_000;
const question = "instanceUrl";

interface Registration {
  clientId: string;
  clientSecret: string;
}

export function createMastodonConnector({
  http,
  sandboxHttp,
  sandboxUrl,
  allowPrivateNetworks,
}: PlatformDeps): Connector {
  const httpOf = (sandbox: boolean) => (sandbox ? sandboxHttp : http);

  return {
    questions: (sandbox) =>
      sandbox ? [] : [{ name: question, label: "Your Mastodon server", secret: false, placeholder: "mastodon.social" }],
    unavailable: (sandbox) =>
      sandbox && sandboxUrl === undefined ? "SANDBOX_URL is not set on this installation" : null,

    async begin({ answers, redirectUri, state, codeChallenge }, context) {
      const server = context.sandbox ? sandboxServer() : readServer(answers[question] ?? "");
      if (typeof server !== "string") return server;
      const budget = createBudget(context);
      const registered = await register(httpOf(context.sandbox), budget, { server, redirectUri, context });
      if (registered.kind === "refused") return { ...registered, question };
      const url = new URL(`${server}/oauth/authorize`);
      url.search = new URLSearchParams({
        response_type: "code",
        client_id: registered.registration.clientId,
        redirect_uri: redirectUri,
        scope: scopes,
        state,
        code_challenge: codeChallenge,
        code_challenge_method: "S256",
      }).toString();
      return { kind: "redirect", url: url.href, memory: { server } };
    },

    async finish({ query, memory, redirectUri, codeVerifier }, context) {
      const returned = readReturn(query, "Mastodon");
      if (returned.kind !== "code") return returned;
      const { server } = memory;
      const kept = server === undefined ? null : await context.registrations.find(keyOf(server, redirectUri));
      if (server === undefined || kept === null)
        return refusal("The log-in could not be gone on with. Please start again.");
      const budget = createBudget(context);
      const client = httpOf(context.sandbox);
      const result = await exchange(client, {
        method: "POST",
        url: new URL(`${server}/oauth/token`),
        form: {
          grant_type: "authorization_code",
          code: returned.code,
          client_id: kept["clientId"] ?? "",
          client_secret: kept["clientSecret"] ?? "",
          redirect_uri: redirectUri,
          code_verifier: codeVerifier,
        },
        ...budget.forCall(callTimeoutMs),
      });
      if (result.kind === "fault") {
        // Servers before 4.3 forget applications; the next log-in registers anew.
        if (result.error === "invalid_client") await context.registrations.forget(keyOf(server, redirectUri));
        return exchangeRefused("Your server", result);
      }
      const { access_token: accessToken } = result.fields;
      if (typeof accessToken !== "string" || accessToken === "") {
        return exchangeRefused("Your server", { message: "it answered without a token" });
      }
      return readAccount(client, budget, { server, accessToken, sandbox: context.sandbox });
    },
  };

  function sandboxServer(): string | Extract<ConnectStep, { kind: "refused" }> {
    return sandboxUrl === undefined
      ? refusal("The sandbox is not set up on this installation.")
      : new URL("/mastodon", sandboxUrl).href;
  }

  /** An origin; whatever people paste that leads to it will do. */
  function readServer(answer: string): string | Extract<ConnectStep, { kind: "refused" }> {
    const named = answer.trim().replace(/^@?[^@\s/]+@(?=[^@\s]+$)/, "");
    const address = /^https?:\/\//i.test(named) ? named : `https://${named}`;
    const fault = { kind: "refused" as const, message: "That is no server's address.", question };
    if (named === "" || receiverUrlIssue(address, { path: "", allowPrivateNetworks }) !== null) return fault;
    const { origin, protocol } = new URL(address);
    return protocol === "https:" || allowPrivateNetworks ? origin : { ...fault, message: "Only https will do." };
  }
}

async function register(
  http: HttpClient,
  budget: Budget,
  { server, redirectUri, context }: { server: string; redirectUri: string; context: ConnectContext },
): Promise<{ kind: "registered"; registration: Registration } | Extract<ConnectStep, { kind: "refused" }>> {
  const key = keyOf(server, redirectUri);
  const known = await context.registrations.find(key);
  if (known !== null) return { kind: "registered", registration: known as unknown as Registration };
  const result = await exchange(http, {
    method: "POST",
    url: new URL(`${server}/api/v1/apps`),
    form: { client_name: "Punctual", redirect_uris: redirectUri, scopes },
    ...budget.forCall(callTimeoutMs),
  });
  if (result.kind === "fault") return refusal(`That server could not be asked to let us in: ${result.message}.`);
  const { client_id: clientId, client_secret: clientSecret } = result.fields;
  if (typeof clientId !== "string" || typeof clientSecret !== "string") {
    return refusal("That is no Mastodon server, or none that lets applications in.");
  }
  const kept = await context.registrations.keep(key, { clientId, clientSecret });
  return { kind: "registered", registration: kept as unknown as Registration };
}

function keyOf(server: string, redirectUri: string): string {
  return `${server} ${redirectUri}`;
}

async function readAccount(
  http: HttpClient,
  budget: Budget,
  { server, accessToken, sandbox }: { server: string; accessToken: string; sandbox: boolean },
) {
  const result = await exchange(http, {
    method: "GET",
    url: new URL(`${server}/api/v1/accounts/verify_credentials`),
    headers: { authorization: `Bearer ${accessToken}` },
    ...budget.forCall(callTimeoutMs),
  });
  if (result.kind === "fault") return exchangeRefused("Your server", result);
  const account = accountName(result.fields, { server, sandbox });
  if (account === null) return refusal("Your server did not say who you are. Please start again.");
  const settings = sandbox ? { account } : { instanceUrl: server, account };
  return { kind: "accounts" as const, accounts: [{ name: `@${account}`, settings, credentials: { accessToken } }] };
}
