/** What can be known to be wrong with an account or a post before Instagram is asked. */
import type { PostContent, ValidationIssue } from "@punctual/core";
import { accessTokenIssues, unknownFields } from "../account-draft.ts";
import { mediaAddressIssues } from "../media-address.ts";
import { checkMediaItems } from "../media/check-media.ts";
import { instagramDescription } from "./description.ts";
import { instagramLimits } from "./limits.ts";
import { readOptions } from "./options.ts";

type Fields = Readonly<Record<string, unknown>>;

export function validateInstagramAccount(draft: { settings: Fields; credentials: Fields }): ValidationIssue[] {
  const { settings, credentials } = draft;
  return [
    ...unknownFields("/settings", settings, ["userId"]),
    ...unknownFields("/credentials", credentials, ["accessToken", "expiresAt"]),
    ...validateUserId(settings["userId"]),
    ...accessTokenIssues("/credentials/accessToken", credentials["accessToken"]),
    ...validateExpiry(credentials["expiresAt"]),
  ];
}

export function validateInstagramPost(post: PostContent, allowPrivateNetworks: boolean): ValidationIssue[] {
  return [
    ...validateCaption(post.text),
    ...validateMedia(post),
    ...mediaAddressIssues(post, allowPrivateNetworks),
    ...(post.link === null ? [] : [noLinks]),
    ...readOptions(post).issues,
  ];
}

const noLinks: ValidationIssue = {
  path: "/link",
  code: "link_unsupported",
  message: "Instagram shows no links; in the text it is at least readable",
};

function validateCaption(text: string): ValidationIssue[] {
  const { captionCharactersMax, hashtagsMax, mentionsMax } = instagramLimits;
  const counts = [
    { code: "text_too_long", what: "characters", count: codePoints(text), max: captionCharactersMax },
    { code: "too_many_hashtags", what: "hashtags", count: countOf(text, hashtag), max: hashtagsMax },
    { code: "too_many_mentions", what: "mentions", count: countOf(text, mention), max: mentionsMax },
  ];
  return counts
    .filter(({ count, max }) => count > max)
    .map(({ code, what, count, max }) => {
      return { path: "/text", code, message: `the text has ${count} ${what}, at most ${max} are allowed` };
    });
}

const hashtag = /(?<![\p{L}\p{N}_&])#[\p{L}\p{N}_]+/gu;
const mention = /(?<![\p{L}\p{N}_.])@[A-Za-z0-9_.]+/gu;

function codePoints(text: string): number {
  return Array.from(text).length;
}

function countOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

function validateMedia(post: PostContent): ValidationIssue[] {
  const issues = checkMediaItems(post, instagramDescription.limits, codePoints);
  if (post.media.length === 0) {
    issues.push({ path: "/media", code: "media_required", message: "Instagram has no posts of text alone" });
  }
  for (const [index, { url }] of post.media.entries()) {
    // Instagram fetches it as it stands there.
    if (!/^https?:\/\/[\x21-\x7e]+$/.test(url)) {
      const message = "Instagram fetches only http and https, and an address without other than ASCII characters";
      issues.push({ path: `/media/${index}/url`, code: "invalid_url", message });
    }
  }
  return issues;
}

function validateUserId(value: unknown): ValidationIssue[] {
  const path = "/settings/userId";
  if (value === undefined)
    return [{ path, code: "required", message: "the id of the professional account is missing" }];
  if (typeof value === "string" && /^\d{1,32}$/.test(value)) return [];
  return [{ path, code: "invalid_user_id", message: "not the digits of a professional account's id" }];
}

function validateExpiry(value: unknown): ValidationIssue[] {
  if (value === undefined) return [];
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value))) return [];
  const message = "not an instant such as 2027-01-31T12:00:00Z";
  return [{ path: "/credentials/expiresAt", code: "invalid_time", message }];
}
