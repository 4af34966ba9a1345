/**
 * Publishing to a Facebook Page. Media is uploaded ahead, so that one short call publishes. Facebook knows no key
 * against repeats: a post of the feed goes out at most once, and is looked for in the Page's listing if the answer got
 * lost. A video has an id before it is published, and so has the post of an account that publishes in two steps: these
 * are read, and tell for certain.
 */
import type { Platform } from "@punctual/core";
import { createFaultReader, faultContextOf } from "../graph/fault.ts";
import { createGraphApi } from "../graph/graph-api.ts";
import { inspectMedia } from "../media/media-reading.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { createFacebookConnector } from "./connect.ts";
import { facebookDescription } from "./description.ts";
import { facebookLimits, facebookUrl } from "./limits.ts";
import { look } from "./look.ts";
import { mediaLimitsOf } from "./media-rules.ts";
import { checkPage } from "./page.ts";
import { preparePost } from "./preparation.ts";
import { sendPost } from "./sending.ts";
import { validateFacebookAccount, validateFacebookPost } from "./validation.ts";
import { facebookVerdicts } from "./verdicts.ts";

export function createFacebookPlatform(deps: PlatformDeps): Platform {
  const api = createGraphApi(deps, { platform: "facebook", usualUrl: facebookUrl });
  const faults = createFaultReader("Facebook", facebookVerdicts);
  const parts = { api, faults, media: deps.media };

  return {
    name: "facebook",
    description: facebookDescription,
    sendTimeoutMs: facebookLimits.sendTimeoutMs,
    validateAccount: validateFacebookAccount,
    validatePost: (post) => validateFacebookPost(post, deps.allowPrivateNetworks),
    // Which media are a video shows only when they are fetched: without its option, the weaker word holds.
    guarantee: ({ options }, _now, settings = {}) =>
      options["reel"] === true || settings["twoStepPublish"] === true ? "confirmable" : "at_most_once",
    // Also a text: whether the token still works is asked before the call whose "no" would prove nothing.
    needsPreparing: () => true,
    prepare: (post, context) => preparePost(parts, post, context, faultContextOf(context.account, post)),
    send: (post, context) => sendPost(parts, post, context, faultContextOf(context.account, post)),
    confirm: (post, context) => look(api, post, context),
    inspect: (post, context) => inspectMedia(deps.media, post, { ...context, limits: mediaLimitsOf(post) }),
    accountIdentity: ({ settings }) => (typeof settings["pageId"] === "string" ? settings["pageId"] : null),
    connector: createFacebookConnector(deps),
    check: (account, context) => checkPage(parts, account, context, faultContextOf(account)),
  };
}
