/**
 * Publishing to a client's own server: one signed POST after the Standard Webhooks specification. `webhook-id` is the
 * post's id on every attempt, so a receiver that follows the specification drops a repeat, and a lost answer is
 * settled by sending the same bytes again.
 */
import type { OutgoingPost, Platform, PlatformDescription } from "@punctual/core";
import type { PlatformDeps } from "../platform-deps.ts";
import { readAnswer } from "./answer.ts";
import { webhookLimits } from "./limits.ts";
import { secretBytes, signWebhook } from "./signature.ts";
import { validateWebhookAccount, validateWebhookPost } from "./validation.ts";

export function createWebhookPlatform(deps: PlatformDeps): Platform {
  return {
    name: "webhook",
    description,
    sendTimeoutMs: webhookLimits.sendTimeoutMs,
    validateAccount: (draft) => validateWebhookAccount(draft, deps.allowPrivateNetworks),
    validatePost: (post) => validateWebhookPost(post, deps.allowPrivateNetworks),
    guarantee: () => "idempotent",
    async send(post, { account, signal, timeoutMs, beforeSend }) {
      const key = secretBytes(account.credentials["secret"]);
      const target = account.sandbox ? sandboxTarget(deps.sandboxUrl, account.id) : account.settings["url"];
      if (key === null || typeof target !== "string" || !URL.canParse(target)) {
        const message = account.sandbox
          ? "SANDBOX_URL or the secret is not set"
          : "the account has no URL or no secret";
        return { kind: "retry", category: "internal", code: "misconfigured", message };
      }
      const now = new Date();
      const timestamp = Math.floor(now.getTime() / 1_000);
      const body = deliveryBody(post);
      const http = account.sandbox ? deps.sandboxHttp : deps.http;
      const result = await http.request({
        method: "POST",
        url: new URL(target),
        headers: {
          "content-type": "application/json",
          "user-agent": "Punctual/1",
          "webhook-id": post.id,
          "webhook-timestamp": String(timestamp),
          "webhook-signature": signWebhook(key, post.id, timestamp, body),
          ...(post.requestId === null ? {} : { "x-request-id": post.requestId }),
        },
        body,
        timeoutMs,
        signal,
        beforeSend,
      });
      return readAnswer(result, [String(account.credentials["secret"]), ...writtenTexts(post)], now);
    },
  };
}

/** The same bytes on every attempt: nothing of the attempt is in it. */
function deliveryBody(post: OutgoingPost): string {
  return JSON.stringify({
    type: "post.publish",
    postId: post.id,
    socialAccountId: post.socialAccountId,
    text: post.text,
    media: post.media,
    link: post.link,
    scheduledAt: post.scheduledAt.toISOString(),
    metadata: post.metadata,
  });
}

/** What people wrote, and must not find in a log. */
function writtenTexts({ text, media }: OutgoingPost): string[] {
  return [text, ...media.flatMap(({ alt }) => alt ?? [])];
}

function sandboxTarget(sandboxUrl: string | undefined, accountId: string): string | undefined {
  return sandboxUrl === undefined ? undefined : new URL(`/webhook/${accountId}`, sandboxUrl).href;
}

const description: PlatformDescription = {
  platform: "webhook",
  displayName: "Webhook",
  limits: { textCharactersMax: webhookLimits.textCharactersMax, mediaItemsMax: webhookLimits.mediaItemsMax },
  settings: [{ name: "url", required: true, description: "Where posts are delivered to, http or https." }],
  credentials: [
    { name: "secret", required: true, description: 'Signs each delivery: "whsec_" and base64 of 24 to 64 bytes.' },
  ],
  delivery: {
    guarantee: "idempotent",
    description:
      "Every attempt of a post carries the same webhook-id and the same bytes; a receiver that follows the Standard Webhooks specification drops a repeat.",
  },
};
