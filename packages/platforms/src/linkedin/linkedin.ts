/**
 * Publishing to LinkedIn, as a member or as an organization. Media is uploaded and processed ahead; the one call that
 * publishes has no key against repeats, so a lost answer is never answered by sending again: an organization's posts
 * are listed to find out, a member's cannot be.
 */
import type { ConnectedAccount, OutgoingPost, Platform } from "@punctual/core";
import { inspectMedia } from "../media/media-reading.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { isSuccess, type VerdictContext } from "../verdict.ts";
import { refusedToPublish } from "./answer.ts";
import { createLinkedInApi } from "./api.ts";
import { checkAccount } from "./check.ts";
import { createLinkedInConnector } from "./connect.ts";
import { linkedinDescription } from "./description.ts";
import { linkedinLimits, linkedinVersionDefault, versionWarning } from "./limits.ts";
import { findPost, listingPath } from "./listing.ts";
import { linkedinMediaLimits } from "./media-rules.ts";
import { postBody } from "./post-body.ts";
import { refreshTokens, tokenExpiry } from "./token.ts";
import { createUploader, readUploads } from "./uploads.ts";
import { validateLinkedInAccount, validateLinkedInPost } from "./validation.ts";
import { isOrganization, postUrl } from "./vocabulary.ts";

const dayMs = 86_400_000;

export function createLinkedInPlatform(deps: PlatformDeps): Platform {
  const api = createLinkedInApi(deps);
  const uploader = createUploader(api, deps.media);
  const old = versionWarning(deps.app.apiVersion ?? linkedinVersionDefault, new Date());
  if (old !== null) deps.logger.warn({ platform: "linkedin" }, old);

  const urlOf = ({ sandbox, settings }: ConnectedAccount, urn: string) =>
    postUrl(urn, String(settings["author"]), sandbox ? (deps.sandboxUrl ?? null) : null);

  return {
    name: "linkedin",
    description: linkedinDescription,
    sendTimeoutMs: linkedinLimits.sendTimeoutMs,
    rateLimits: [
      { scope: "account", max: linkedinLimits.memberPostsPerDayMax, windowMs: dayMs },
      { scope: "app", max: linkedinLimits.appPostsPerDayMax, windowMs: dayMs },
    ],
    validateAccount: validateLinkedInAccount,
    validatePost: (post) => validateLinkedInPost(post, deps.allowPrivateNetworks),
    guarantee: () => "at_most_once",
    needsPreparing: (post) => post.media.length > 0,
    prepare: (post, context) => uploader.prepare(post, context, verdictContext(post, context.account)),

    async send(post, { account, checkpoint, timeoutMs, signal, beforeSend }) {
      const uploads = readUploads(checkpoint);
      if (uploads.length < post.media.length) {
        const message = "the post's media was not uploaded";
        return { kind: "retry", category: "internal", code: "not_prepared", message };
      }
      const body = postBody(String(account.settings["author"]), post, uploads);
      const call = { method: "POST" as const, path: "/rest/posts", body, beforeSend };
      const result = await api.call(account, call, { timeoutMs, signal });
      if (!isSuccess(result)) return refusedToPublish(result, verdictContext(post, account));
      const urn = result.headers["x-restli-id"];
      const names = urn === undefined ? {} : { externalId: urn, externalUrl: urlOf(account, urn) };
      return { kind: "published", httpStatus: result.status, ...names };
    },

    async confirm(post, { account, checkpoint, timeoutMs, signal }) {
      const author = String(account.settings["author"]);
      if (!isOrganization(author)) {
        return { kind: "cannot_tell", message: "LinkedIn does not let a member's posts be listed" };
      }
      const result = await api.call(account, { method: "GET", path: listingPath(author) }, { timeoutMs, signal });
      const found = findPost(result, post, readUploads(checkpoint).slice(0, post.media.length));
      return found.kind === "found"
        ? { kind: "published", externalId: found.urn, externalUrl: urlOf(account, found.urn) }
        : found;
    },

    inspect: (post, context) => inspectMedia(deps.media, post, { ...context, limits: linkedinMediaLimits }),
    credentialsExpireAt: tokenExpiry,
    refresh: (account, limits) => refreshTokens(api, account, limits),
    accountIdentity: ({ settings }) => (typeof settings["author"] === "string" ? settings["author"] : null),
    connector: createLinkedInConnector(api, deps.app.scopes),
    check: (account, limits) => checkAccount(api, account, limits),
  };
}

function verdictContext(post: OutgoingPost, { credentials, credentialsVersion }: ConnectedAccount): VerdictContext {
  const written = [post.text, ...post.media.flatMap(({ alt }) => alt ?? [])];
  const options = [post.options["linkTitle"], post.options["linkDescription"]];
  const secrets = [credentials["accessToken"], credentials["refreshToken"]];
  const neverShown = [...written, ...options, ...secrets].filter((text): text is string => typeof text === "string");
  return { credentialsVersion, neverShown, now: new Date() };
}
