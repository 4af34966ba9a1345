/**
 * Connecting a Bluesky account with an app password, on our own page: the server is asked for a session, which shows
 * that the password works and whose it is (atproto lexicon `com.atproto.server.createSession`).
 */
import type { Connector } from "@punctual/core";
import { createBudget } from "../budget.ts";
import { exchange, refusal } from "../oauth.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { receiverUrlIssue } from "../receiver-url.ts";

const usualService = "https://bsky.social";
const callTimeoutMs = 10_000;
const appPasswordPattern = /^[a-z0-9]{4}(-[a-z0-9]{4}){3}$/;

export function createBlueskyConnector({
  http,
  sandboxHttp,
  sandboxUrl,
  allowPrivateNetworks,
}: PlatformDeps): Connector {
  return {
    questions(sandbox) {
      const service = { name: "serviceUrl", label: "Server", secret: false, value: usualService };
      return [
        { name: "identifier", label: "Handle", secret: false, placeholder: "you.bsky.social" },
        {
          name: "appPassword",
          label: "App password (not your own password)",
          secret: true,
          placeholder: "xxxx-xxxx-xxxx-xxxx",
        },
        ...(sandbox ? [] : [service]),
      ];
    },
    unavailable: (sandbox) =>
      sandbox && sandboxUrl === undefined ? "SANDBOX_URL is not set on this installation" : null,

    async begin({ answers }, context) {
      const identifier = (answers["identifier"] ?? "").replace(/^@/, "").toLowerCase();
      const { appPassword = "", serviceUrl = "" } = answers;
      if (identifier === "" || appPassword === "") return refusal("Your handle and an app password are needed.");
      if (!context.sandbox && !appPasswordPattern.test(appPassword)) {
        const message =
          "That is no app password. Bluesky makes one under Settings, Privacy and security, App passwords.";
        return { ...refusal(message), question: "appPassword" };
      }
      const service = context.sandbox ? sandboxService() : readService(serviceUrl);
      if (service === null) return { ...refusal("That is no server's address."), question: "serviceUrl" };
      const result = await exchange(context.sandbox ? sandboxHttp : http, {
        method: "POST",
        url: new URL(`${service}/xrpc/com.atproto.server.createSession`),
        json: { identifier, password: appPassword },
        ...createBudget(context).forCall(callTimeoutMs),
      });
      if (result.kind === "fault") {
        if (result.status === 401 || result.status === 400) {
          return {
            ...refusal("The server does not take this handle with this app password."),
            question: "appPassword",
          };
        }
        return { ...refusal(`The server could not be asked: ${result.message}.`), question: "serviceUrl" };
      }
      const { handle, did, accessJwt, refreshJwt } = result.fields;
      const who = typeof handle === "string" && handle !== "" ? handle.toLowerCase() : identifier;
      const session = Object.entries({ did, accessJwt, refreshJwt }).filter(([, value]) => typeof value === "string");
      // Logging in is rationed, so what this one brought is kept.
      const credentials = { identifier: who, appPassword, ...Object.fromEntries(session) };
      const settings = context.sandbox || service === usualService ? {} : { serviceUrl: service };
      return {
        kind: "accounts",
        accounts: [{ name: `@${who}`, settings, credentials }],
      };
    },

    async finish() {
      return refusal("There is no log-in to come back from.");
    },
  };

  function sandboxService(): string | null {
    return sandboxUrl === undefined ? null : new URL("/bluesky", sandboxUrl).href;
  }

  function readService(answer: string): string | null {
    const named = answer.trim() === "" ? usualService : answer.trim();
    const address = /^https?:\/\//i.test(named) ? named : `https://${named}`;
    if (receiverUrlIssue(address, { path: "", allowPrivateNetworks }) !== null) return null;
    const { origin, protocol } = new URL(address);
    return protocol === "https:" || allowPrivateNetworks ? origin : null;
  }
}
