/** What can be known to be wrong with an account or a post before the server is asked. */
import type { PostContent, ValidationIssue } from "@punctual/core";
import { unknownFields } from "../account-draft.ts";
import { countGraphemes } from "../graphemes.ts";
import type { Fields } from "../json-answer.ts";
import { mediaAddressIssues } from "../media-address.ts";
import { checkMediaItems } from "../media/check-media.ts";
import { receiverUrlIssue } from "../receiver-url.ts";
import { blueskyDescription } from "./description.ts";
import { blueskyLimits } from "./limits.ts";
import { readOptions } from "./options.ts";
import { writtenText } from "./record.ts";

const identifierLengthMax = 253;
const secretLengthMax = 8_192;

export function validateBlueskyAccount(
  { settings, credentials }: { settings: Fields; credentials: Fields },
  allowPrivateNetworks: boolean,
): ValidationIssue[] {
  return [
    ...unknownFields("/settings", settings, ["serviceUrl"]),
    // The session is ours; it stands among the credentials so that it is kept as they are.
    ...unknownFields("/credentials", credentials, ["identifier", "appPassword", "did", "accessJwt", "refreshJwt"]),
    ...validateServiceUrl(settings["serviceUrl"], allowPrivateNetworks),
    ...validateIdentifier(credentials["identifier"]),
    ...validateSecrets(credentials),
  ];
}

export function validateBlueskyPost(post: PostContent, allowPrivateNetworks: boolean): ValidationIssue[] {
  const { textGraphemesMax, textBytesMax } = blueskyLimits;
  const issues: ValidationIssue[] = [];
  const text = writtenText(post);
  const withLink = text === post.text ? "" : " with the link, which is written out beside media,";
  const graphemes = countGraphemes(text);
  if (graphemes > textGraphemesMax) {
    const message = `the text has${withLink} ${graphemes} characters, at most ${textGraphemesMax} are allowed`;
    issues.push({ path: "/text", code: "text_too_long", message });
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > textBytesMax) {
    const message = `the text has${withLink} ${bytes} bytes, at most ${textBytesMax} are allowed`;
    issues.push({ path: "/text", code: "text_too_long", message });
  }
  if (text.trim() === "" && post.media.length === 0 && post.link === null) {
    issues.push({ path: "/text", code: "empty_post", message: "a post needs a text, a link or media" });
  }
  return [
    ...issues,
    ...checkMediaItems(post, blueskyDescription.limits, countGraphemes),
    ...mediaAddressIssues(post, allowPrivateNetworks),
    ...readOptions(post).issues,
  ];
}

function validateServiceUrl(value: unknown, allowPrivateNetworks: boolean): ValidationIssue[] {
  const path = "/settings/serviceUrl";
  if (value === undefined) return [];
  const issue = receiverUrlIssue(value, { path, allowPrivateNetworks });
  if (issue !== null || typeof value !== "string") return issue === null ? [] : [issue];
  const { protocol, pathname, search, hash } = new URL(value);
  if (protocol !== "https:" && !allowPrivateNetworks) {
    return [{ path, code: "invalid_url", message: "only https is possible: credentials are sent there" }];
  }
  if (pathname === "/" && search === "" && hash === "") return [];
  return [{ path, code: "invalid_url", message: "only the server is named, without a path" }];
}

function validateIdentifier(value: unknown): ValidationIssue[] {
  const path = "/credentials/identifier";
  if (value === undefined) return [{ path, code: "required", message: "the account's handle or DID is missing" }];
  if (
    typeof value === "string" &&
    value.length <= identifierLengthMax &&
    /^(did:[a-z]+:\S+|[^\s@]+\.[^\s@]+|[^\s@]+@[^\s@]+\.[^\s@]+)$/.test(value)
  ) {
    return [];
  }
  const message = "not a handle such as name.bsky.social (without @), a DID or an e-mail address";
  return [{ path, code: "invalid_identifier", message }];
}

function validateSecrets(credentials: Fields): ValidationIssue[] {
  const path = "/credentials/appPassword";
  const issues: ValidationIssue[] = [];
  if (credentials["appPassword"] === undefined) {
    issues.push({ path, code: "required", message: "the app password is missing" });
  }
  for (const name of ["appPassword", "did", "accessJwt", "refreshJwt"]) {
    const value = credentials[name];
    if (value === undefined) continue;
    if (typeof value === "string" && value.length <= secretLengthMax && /^[\x21-\x7e]+$/.test(value)) continue;
    const message = `not 1 to ${secretLengthMax} printable characters without spaces`;
    issues.push({ path: `/credentials/${name}`, code: "invalid_secret", message });
  }
  return issues;
}
