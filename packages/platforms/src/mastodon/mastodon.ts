/**
 * Publishing to Mastodon and what speaks its API. One call publishes, under a key of ours that the instance remembers
 * for an hour: within that, a repeat is harmless. Later, or where the key is not honoured, only the account's own posts
 * can be looked through.
 */
import type { AccountCheck, CallContext, OutgoingPost, Platform } from "@punctual/core";
import { parseFields, textOf } from "../json-answer.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { createMastodonApi } from "./api.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { createMastodonConnector } from "./connect.ts";
import { mastodonDescription } from "./description.ts";
import { idempotencyKey } from "./idempotency-key.ts";
import { accountName } from "./identity.ts";
import { inspectPost } from "./inspect-post.ts";
import { mastodonLimits } from "./limits.ts";
import { lookForStatus } from "./look.ts";
import { readOptions } from "./options.ts";
import { idOf, prepareMedia } from "./preparation.ts";
import { writtenText } from "./status-text.ts";
import { validateMastodonAccount, validateMastodonPost } from "./validation.ts";
import { isSuccess, type VerdictContext } from "../verdict.ts";
import { mastodonVerdicts } from "./verdicts.ts";

export function createMastodonPlatform(deps: PlatformDeps): Platform {
  const { allowPrivateNetworks } = deps;
  const api = createMastodonApi(deps);

  return {
    name: "mastodon",
    description: mastodonDescription,
    sendTimeoutMs: mastodonLimits.sendTimeoutMs,
    rateLimits: [{ scope: "account", max: mastodonLimits.statusesMax, windowMs: mastodonLimits.statusesWindowMs }],
    validateAccount: (draft) => validateMastodonAccount(draft, allowPrivateNetworks),
    validatePost: (post) => validateMastodonPost(post, allowPrivateNetworks),
    guarantee({ firstSentAt }, now, settings = { trustIdempotencyKey: false }) {
      if (settings["trustIdempotencyKey"] === false) return "at_most_once";
      const sinceMs = firstSentAt === null ? 0 : now.getTime() - firstSentAt.getTime();
      return sinceMs < mastodonLimits.keyTrustedMs ? "idempotent" : "at_most_once";
    },
    needsPreparing: ({ media }) => media.length > 0,
    inspect: (post, context) => inspectPost(post, { ...context, deps, api }),
    prepare: (post, context) =>
      prepareMedia(post, { deps, api, context, verdictContext: verdictContext(post, context) }),

    async send(post, context) {
      const { account, timeoutMs, signal, beforeSend } = context;
      const { visibility, spoilerText, sensitive, language } = readOptions(post).options;
      const mediaIds = readCheckpoint(context.checkpoint).media.map(({ id }) => id);
      const status = {
        status: writtenText(post),
        ...(mediaIds.length === 0 ? {} : { media_ids: mediaIds }),
        ...(visibility === undefined ? {} : { visibility }),
        ...(spoilerText === undefined ? {} : { spoiler_text: spoilerText }),
        ...(sensitive === undefined ? {} : { sensitive }),
        ...(language === undefined ? {} : { language }),
      };
      const result = await api.call(
        account,
        {
          method: "POST",
          path: "/api/v1/statuses",
          json: status,
          idempotencyKey: idempotencyKey(post),
          beforeSend,
        },
        { timeoutMs, signal },
      );
      if (!isSuccess(result)) return mastodonVerdicts.ofSend(result, verdictContext(post, context));
      const fields = parseFields(result.body);
      const externalId = idOf(fields["id"]);
      const externalUrl = textOf(fields["url"]);
      return {
        kind: "published",
        httpStatus: result.status,
        ...(externalId === undefined ? {} : { externalId }),
        ...(externalUrl === undefined || !URL.canParse(externalUrl) ? {} : { externalUrl }),
      };
    },

    confirm: (post, context) => lookForStatus(api, post, context),

    async check(account, limits): Promise<AccountCheck> {
      const path = "/api/v1/accounts/verify_credentials";
      const result = await api.call(account, { method: "GET", path }, limits);
      const { credentialsVersion, settings, sandbox } = account;
      if (isSuccess(result)) {
        // An account that was given by token has no name by which to know it again.
        const name = accountName(parseFields(result.body), { server: String(settings["instanceUrl"]), sandbox });
        const isNew = name !== null && name !== settings["account"];
        return { kind: "works", ...(isNew ? { learned: { settings: { account: name }, credentialsVersion } } : {}) };
      }
      const neverShown = [String(account.credentials["accessToken"])];
      const verdict = mastodonVerdicts.ofPrepare(result, { credentialsVersion, neverShown, now: new Date() });
      return { kind: verdict.kind === "reconnect" ? "refused" : "cannot_tell", message: verdict.message };
    },

    told: { settings: ["account"] },
    accountIdentity: ({ settings }) => textOf(settings["account"])?.toLowerCase() ?? null,
    connector: createMastodonConnector(deps),
  };
}

function verdictContext(post: OutgoingPost, { account }: CallContext): VerdictContext {
  const { spoilerText } = readOptions(post).options;
  const texts = [post.text, post.link, spoilerText, ...post.media.map(({ alt }) => alt)];
  const neverShown = [String(account.credentials["accessToken"]), ...texts.filter((text) => typeof text === "string")];
  return { credentialsVersion: account.credentialsVersion, neverShown, now: new Date() };
}
