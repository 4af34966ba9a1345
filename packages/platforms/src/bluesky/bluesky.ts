/**
 * Publishing to Bluesky, or any server of the AT Protocol. A post is a record in the account's repository, and its key
 * is ours to choose: every attempt writes the same record under the same key, so a repeat is harmless and a look under
 * the key tells whether it is there.
 */
import type { CallContext, Confirmation, OutgoingPost, Platform } from "@punctual/core";
import { fieldsOf, parseFields, textOf } from "../json-answer.ts";
import { inspectMedia } from "../media/media-reading.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { createBlueskyConnector } from "./connect.ts";
import { blueskyDescription } from "./description.ts";
import { blueskyIdentity, isSameBlueskyAccount } from "./identity.ts";
import { blueskyLimits, postCollection } from "./limits.ts";
import { preparePost } from "./preparation.ts";
import { recordKey } from "./record-key.ts";
import { hasCard, postRecord } from "./record.ts";
import { checkSession, readSession, renewSession, secretsOf, sessionExpiresAt } from "./session.ts";
import { mentionedHandles } from "./text-facets.ts";
import { validateBlueskyAccount, validateBlueskyPost } from "./validation.ts";
import { isSuccess, type VerdictContext } from "../verdict.ts";
import { errorName, sendVerdict } from "./verdicts.ts";
import { createXrpc } from "./xrpc.ts";

export function createBlueskyPlatform(deps: PlatformDeps): Platform {
  const { allowPrivateNetworks, sandboxUrl } = deps;
  const xrpc = createXrpc(deps);

  return {
    name: "bluesky",
    description: blueskyDescription,
    sendTimeoutMs: blueskyLimits.sendTimeoutMs,
    rateLimits: [
      { scope: "account", max: blueskyLimits.postsPerHourMax, windowMs: 3_600_000 },
      { scope: "account", max: blueskyLimits.postsPerDayMax, windowMs: 86_400_000 },
    ],
    validateAccount: (draft) => validateBlueskyAccount(draft, allowPrivateNetworks),
    validatePost: (post) => validateBlueskyPost(post, allowPrivateNetworks),
    guarantee: () => "idempotent",
    needsPreparing: (post) => post.media.length > 0 || hasCard(post) || mentionedHandles(post.text).length > 0,
    inspect: (post, { timeoutMs, signal }) =>
      inspectMedia(deps.media, post, { limits: blueskyDescription.limits.media!, timeoutMs, signal }),

    async prepare(post, context) {
      const session = readSession(context.account, new Date());
      if (session === null) return noSession(context);
      return preparePost(post, { deps, xrpc, session, context, verdictContext: verdictContext(post, context) });
    },

    async send(post, context) {
      const { account, checkpoint, timeoutMs, signal, beforeSend } = context;
      const session = readSession(account, new Date());
      if (session === null) return noSession(context);
      const rkey = recordKey(post);
      const uri = `at://${session.did}/${postCollection}/${rkey}`;
      const result = await xrpc.call(
        account,
        {
          procedure: "com.atproto.repo.putRecord",
          input: {
            repo: session.did,
            collection: postCollection,
            rkey,
            record: postRecord(post, readCheckpoint(checkpoint)),
            // Something else may not be replaced; the same again is no change.
            swapRecord: null,
          },
          token: session.token,
          beforeSend,
        },
        { timeoutMs, signal },
      );
      if (!isSuccess(result)) return sendVerdict(result, uri, verdictContext(post, context));
      const externalId = textOf(parseFields(result.body)["uri"]) ?? uri;
      const externalUrl = pageOf(context, externalId, sandboxUrl);
      return { kind: "published", httpStatus: result.status, externalId, ...externalUrl };
    },

    async confirm(post, context): Promise<Confirmation> {
      const { account, timeoutMs, signal } = context;
      const repo = textOf(account.credentials["did"]);
      if (repo === undefined) return { kind: "cannot_tell", message: "the account has no session yet" };
      const parameters = { repo, collection: postCollection, rkey: recordKey(post) };
      const query = "com.atproto.repo.getRecord";
      const result = await xrpc.call(account, { query, parameters }, { timeoutMs, signal });
      if (result.kind !== "answer") return { kind: "cannot_tell", message: result.message };
      const { status, body } = result;
      if (status < 200 || status >= 300) {
        const error = errorName(body);
        if (status === 400 && error === "RecordNotFound") return { kind: "absent" };
        return { kind: "cannot_tell", message: `the server answered ${status} (${error ?? "no reason"})` };
      }
      const { uri, value } = parseFields(body);
      const { text, createdAt } = fieldsOf(value);
      const expected = postRecord(post, readCheckpoint(context.checkpoint));
      if (text !== expected["text"] || createdAt !== expected["createdAt"]) {
        return { kind: "cannot_tell", message: "another record is under the key of this post" };
      }
      const externalId = textOf(uri) ?? `at://${repo}/${postCollection}/${parameters.rkey}`;
      return { kind: "published", externalId, ...pageOf(context, externalId, sandboxUrl) };
    },

    connector: createBlueskyConnector(deps),
    check: (account, limits) => checkSession(xrpc, account, limits),
    credentialsExpireAt: sessionExpiresAt,
    refresh: (account, limits) => renewSession(xrpc, account, limits),
    // The session of one person would publish what the credentials of another are for.
    told: { credentials: ["did", "accessJwt", "refreshJwt"] },
    accountIdentity: blueskyIdentity,
    isSameAccount: isSameBlueskyAccount,
  };
}

/** Nothing was asked: the tokens of an account are renewed elsewhere, one process at a time. */
function noSession({ account: { credentialsVersion } }: CallContext) {
  const message = "the account has no session, or its session is over";
  return { kind: "reconnect", category: "auth", code: "no_session", message, credentialsVersion } as const;
}

function verdictContext(post: OutgoingPost, { account }: CallContext): VerdictContext {
  const texts = [post.text, post.link, ...post.media.map(({ alt }) => alt)].filter((text) => typeof text === "string");
  return {
    credentialsVersion: account.credentialsVersion,
    neverShown: [...secretsOf(account), ...texts],
    now: new Date(),
  };
}

/** Where readers see it: on the network's own site, or on the sandbox's feed. */
function pageOf({ account }: CallContext, uri: string, sandboxUrl: string | undefined): { externalUrl?: string } {
  const [, did, rkey] = /^at:\/\/([^/]+)\/[^/]+\/([^/]+)$/.exec(uri) ?? [];
  if (did === undefined || rkey === undefined) return {};
  if (!account.sandbox) return { externalUrl: `https://bsky.app/profile/${did}/post/${rkey}` };
  const handle = String(account.credentials["identifier"]);
  const path = `/feed/bluesky/${encodeURIComponent(handle)}/${encodeURIComponent(uri)}`;
  return sandboxUrl === undefined ? {} : { externalUrl: new URL(path, sandboxUrl).href };
}
