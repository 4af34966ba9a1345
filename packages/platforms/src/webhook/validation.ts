/** What can be known to be wrong before anything is promised. */
import { pointerTo, type PostContent, type ValidationIssue } from "@punctual/core";
import { unknownFields } from "../account-draft.ts";
import { mediaAddressIssues } from "../media-address.ts";
import { receiverUrlIssue } from "../receiver-url.ts";
import { webhookLimits } from "./limits.ts";
import { secretBytes } from "./signature.ts";

export interface WebhookAccountDraft {
  settings: Readonly<Record<string, unknown>>;
  credentials: Readonly<Record<string, unknown>>;
  sandbox: boolean;
}

export function validateWebhookAccount(draft: WebhookAccountDraft, allowPrivateNetworks: boolean): ValidationIssue[] {
  return [
    ...unknownFields("/settings", draft.settings, ["url"]),
    ...unknownFields("/credentials", draft.credentials, ["secret"]),
    ...validateUrl(draft.settings["url"], draft.sandbox, allowPrivateNetworks),
    ...validateSecret(draft.credentials["secret"]),
  ];
}

export function validateWebhookPost(post: PostContent, allowPrivateNetworks: boolean): ValidationIssue[] {
  const issues: ValidationIssue[] = [];
  if (post.text.length > webhookLimits.textCharactersMax) {
    const message = `the text has ${post.text.length} characters, at most ${webhookLimits.textCharactersMax} are allowed`;
    issues.push({ path: "/text", code: "text_too_long", message });
  }
  if (post.media.length > webhookLimits.mediaItemsMax) {
    const message = `there are ${post.media.length} media items, at most ${webhookLimits.mediaItemsMax} are allowed`;
    issues.push({ path: "/media", code: "too_many_media", message });
  }
  issues.push(...mediaAddressIssues(post, allowPrivateNetworks));
  for (const name of Object.keys(post.options)) {
    issues.push({
      path: pointerTo("/options", name),
      code: "unknown_option",
      message: "this platform has no such option",
    });
  }
  return issues;
}

function validateUrl(value: unknown, sandbox: boolean, allowPrivateNetworks: boolean): ValidationIssue[] {
  const path = "/settings/url";
  // The sandbox is where such an account's posts go, whatever its own URL; it may have none.
  if (value === undefined && sandbox) return [];
  if (value === undefined) return [{ path, code: "required", message: "the URL posts are delivered to is missing" }];
  const issue = receiverUrlIssue(value, { path, allowPrivateNetworks });
  return issue === null ? [] : [issue];
}

function validateSecret(value: unknown): ValidationIssue[] {
  const path = "/credentials/secret";
  if (value === undefined) return [{ path, code: "required", message: "the signing secret is missing" }];
  const { secretBytesMin, secretBytesMax } = webhookLimits;
  const bytes = secretBytes(value);
  if (bytes === null || bytes.length < secretBytesMin || bytes.length > secretBytesMax) {
    const message = `not "whsec_" and base64 of ${secretBytesMin} to ${secretBytesMax} bytes`;
    return [{ path, code: "invalid_secret", message }];
  }
  return [];
}
