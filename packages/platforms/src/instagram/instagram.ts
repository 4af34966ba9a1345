/**
 * Publishing to a professional account on Instagram: what to publish is laid into a container, Instagram fetches and
 * processes the media, and one call publishes the container. A container can be published once and always tells
 * whether it was, so a lost answer is settled by reading it.
 */
import type { Platform } from "@punctual/core";
import { createFaultReader, faultContextOf } from "../graph/fault.ts";
import { createGraphApi } from "../graph/graph-api.ts";
import { inspectMedia } from "../media/media-reading.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { checkAccount } from "./check.ts";
import { createInstagramConnector } from "./connect.ts";
import { instagramDescription } from "./description.ts";
import { instagramLimits, instagramUrl } from "./limits.ts";
import { look } from "./look.ts";
import { instagramMedia } from "./media-rules.ts";
import { preparePost } from "./preparation.ts";
import { sendPost } from "./sending.ts";
import { refreshToken, tokenExpiry } from "./token.ts";
import { validateInstagramAccount, validateInstagramPost } from "./validation.ts";
import { instagramVerdicts } from "./verdicts.ts";

const dayMs = 86_400_000;

export function createInstagramPlatform(deps: PlatformDeps): Platform {
  const api = createGraphApi(deps, { platform: "instagram", usualUrl: instagramUrl });
  const faults = createFaultReader("Instagram", instagramVerdicts);
  const parts = { api, faults, media: deps.media };

  return {
    name: "instagram",
    description: instagramDescription,
    sendTimeoutMs: instagramLimits.sendTimeoutMs,
    rateLimits: [{ scope: "account", max: instagramLimits.postsPerDayMax, windowMs: dayMs }],
    validateAccount: validateInstagramAccount,
    validatePost: (post) => validateInstagramPost(post, deps.allowPrivateNetworks),
    guarantee: () => "confirmable",
    needsPreparing: () => true,
    prepare: (post, context) => preparePost(parts, post, context, faultContextOf(context.account, post)),
    send: (post, context) => sendPost(parts, post, context, faultContextOf(context.account, post)),
    confirm: (post, context) => look(api, post, context),
    inspect: (post, context) => inspectMedia(deps.media, post, { ...context, limits: instagramMedia }),
    credentialsExpireAt: tokenExpiry,
    ...(isFacebookLogin(deps.app.apiUrl)
      ? {}
      : { refresh: (account, context) => refreshToken(parts, account, context, faultContextOf(account)) }),
    accountIdentity: ({ settings }) => (typeof settings["userId"] === "string" ? settings["userId"] : null),
    connector: createInstagramConnector(deps),
    check: (account, context) => checkAccount(parts, account, context, faultContextOf(account)),
  };
}

/** Tokens from there are not renewed: they end with the log-in they came from. */
function isFacebookLogin(apiUrl: string | undefined): boolean {
  return apiUrl !== undefined && URL.canParse(apiUrl) && new URL(apiUrl).hostname === "graph.facebook.com";
}
