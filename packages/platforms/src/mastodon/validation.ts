/** What can be known to be wrong with an account or a post before its instance is asked. */
import type { PostContent, ValidationIssue } from "@punctual/core";
import { accessTokenIssues, unknownFields } from "../account-draft.ts";
import { countGraphemes } from "../graphemes.ts";
import type { Fields } from "../json-answer.ts";
import { mediaAddressIssues } from "../media-address.ts";
import { checkMediaItems } from "../media/check-media.ts";
import { receiverUrlIssue } from "../receiver-url.ts";
import { mastodonDescription } from "./description.ts";
import { mastodonLimits } from "./limits.ts";
import { readOptions } from "./options.ts";
import { countCharacters, writtenText } from "./status-text.ts";

export function validateMastodonAccount(
  { settings, credentials, sandbox }: { settings: Fields; credentials: Fields; sandbox: boolean },
  allowPrivateNetworks: boolean,
): ValidationIssue[] {
  const { account, trustIdempotencyKey } = settings;
  const issues: ValidationIssue[] = [];
  if (account !== undefined && !(typeof account === "string" && /^[\w.-]{1,100}@[\w.:-]{1,253}$/.test(account))) {
    issues.push({ path: "/settings/account", code: "invalid_account", message: "not of the form name@server" });
  }
  if (trustIdempotencyKey !== undefined && typeof trustIdempotencyKey !== "boolean") {
    const path = "/settings/trustIdempotencyKey";
    issues.push({ path, code: "invalid_setting", message: "must be true or false" });
  }
  return [
    ...unknownFields("/settings", settings, ["instanceUrl", "account", "trustIdempotencyKey"]),
    ...unknownFields("/credentials", credentials, ["accessToken"]),
    ...validateInstanceUrl(settings["instanceUrl"], sandbox, allowPrivateNetworks),
    ...issues,
    ...accessTokenIssues("/credentials/accessToken", credentials["accessToken"]),
  ];
}

export function validateMastodonPost(post: PostContent, allowPrivateNetworks: boolean): ValidationIssue[] {
  const { options, issues } = readOptions(post);
  const told: unknown = options.charactersMax;
  const textIssue = textIssueOf(post, typeof told === "number" ? told : mastodonLimits.textCharactersMax);
  if (textIssue !== null) issues.push(textIssue);
  if (writtenText(post).trim() === "" && post.media.length === 0) {
    issues.push({ path: "/text", code: "empty_post", message: "a post needs a text, a link or media" });
  }
  return [
    ...issues,
    ...checkMediaItems(post, mastodonDescription.limits, countGraphemes),
    ...mediaAddressIssues(post, allowPrivateNetworks),
  ];
}

/** The text with its link and its content warning, as the instance counts them. */
export function textIssueOf(
  post: PostContent,
  charactersMax: number,
  charactersPerUrl?: number,
): ValidationIssue | null {
  const { spoilerText } = readOptions(post).options;
  const warning = typeof spoilerText === "string" ? spoilerText : "";
  const characters = countCharacters(writtenText(post), charactersPerUrl) + countGraphemes(warning);
  if (characters <= charactersMax) return null;
  const message = `the text, with its link and content warning, has ${characters} characters, at most ${charactersMax} are allowed`;
  return { path: "/text", code: "text_too_long", message };
}

function validateInstanceUrl(value: unknown, sandbox: boolean, allowPrivateNetworks: boolean): ValidationIssue[] {
  const path = "/settings/instanceUrl";
  // The sandbox is where such an account's posts go, whatever its own server; it may have none.
  if (value === undefined && sandbox) return [];
  if (value === undefined) return [{ path, code: "required", message: "the account's server is missing" }];
  const issue = receiverUrlIssue(value, { path, allowPrivateNetworks });
  if (issue !== null || typeof value !== "string") return issue === null ? [] : [issue];
  const { protocol, pathname, search, hash } = new URL(value);
  if (protocol !== "https:" && !allowPrivateNetworks) {
    return [{ path, code: "invalid_url", message: "only https is possible: credentials are sent there" }];
  }
  if (pathname === "/" && search === "" && hash === "") return [];
  return [{ path, code: "invalid_url", message: "only the server is named, without a path" }];
}
