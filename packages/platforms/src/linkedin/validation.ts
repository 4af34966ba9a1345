/** What can be known to be wrong with an account or a post before LinkedIn is asked. */
import { pointerTo, type PostContent, type ValidationIssue } from "@punctual/core";
import { accessTokenIssues, unknownFields } from "../account-draft.ts";
import { checkMediaItems } from "../media/check-media.ts";
import { mediaAddressIssues } from "../media-address.ts";
import { linkedinDescription } from "./description.ts";
import { linkedinLimits } from "./limits.ts";
import { readableText } from "./little-text.ts";
import { authorPattern, visibilities } from "./vocabulary.ts";

type Fields = Readonly<Record<string, unknown>>;

export function validateLinkedInAccount({
  settings,
  credentials,
}: {
  settings: Fields;
  credentials: Fields;
}): ValidationIssue[] {
  return [
    ...unknownFields("/settings", settings, ["author"]),
    ...unknownFields("/credentials", credentials, ["accessToken", "refreshToken", "expiresAt"]),
    ...validateAuthor(settings["author"]),
    ...accessTokenIssues("/credentials/accessToken", credentials["accessToken"]),
    ...(credentials["refreshToken"] === undefined
      ? []
      : accessTokenIssues("/credentials/refreshToken", credentials["refreshToken"])),
    ...validateExpiry(credentials["expiresAt"]),
  ];
}

export function validateLinkedInPost(post: PostContent, allowPrivateNetworks: boolean): ValidationIssue[] {
  const { textCharactersMax, linkCharactersMax } = linkedinLimits;
  const issues: ValidationIssue[] = [];
  const length = readableText(post.text).length;
  if (length > textCharactersMax) {
    const message = `the text has ${length} characters, at most ${textCharactersMax} are allowed`;
    issues.push({ path: "/text", code: "text_too_long", message });
  }
  if (post.text.trim() === "" && post.media.length === 0 && post.link === null) {
    issues.push({ path: "/text", code: "empty_post", message: "a post needs a text, a link or media" });
  }
  if (post.link !== null && post.media.length > 1) {
    const message = "a link can have one picture, which becomes its preview";
    issues.push({ path: "/media", code: "link_with_media", message });
  }
  if (post.link !== null && post.link.length > linkCharactersMax) {
    const message = `the link has ${post.link.length} characters, at most ${linkCharactersMax} are allowed`;
    issues.push({ path: "/link", code: "link_too_long", message });
  }
  return [
    ...issues,
    ...checkMediaItems(post, linkedinDescription.limits),
    ...mediaAddressIssues(post, allowPrivateNetworks),
    ...validateOptions(post),
  ];
}

function validateOptions({ options, link }: PostContent): ValidationIssue[] {
  const { linkTitleCharactersMax, linkDescriptionCharactersMax } = linkedinLimits;
  const { visibility, linkTitle, linkDescription, disableReshare, ...unknown } = options;
  const issues = Object.keys(unknown).map((name) => {
    return { path: pointerTo("/options", name), code: "unknown_option", message: "this platform has no such option" };
  });
  if (visibility !== undefined && !visibilities.some((known) => known === visibility)) {
    const message = `must be one of ${visibilities.join(", ")}`;
    issues.push({ path: "/options/visibility", code: "invalid_option", message });
  }
  if (disableReshare !== undefined && typeof disableReshare !== "boolean") {
    issues.push({ path: "/options/disableReshare", code: "invalid_option", message: "must be true or false" });
  }
  const texts = [
    { name: "linkTitle", value: linkTitle, charactersMax: linkTitleCharactersMax },
    { name: "linkDescription", value: linkDescription, charactersMax: linkDescriptionCharactersMax },
  ];
  for (const { name, value, charactersMax } of texts) {
    const path = `/options/${name}`;
    if (value === undefined) continue;
    if (link === null) {
      issues.push({ path, code: "option_without_link", message: "it belongs to a link, and there is none" });
    } else if (typeof value !== "string" || value.trim() === "" || value.length > charactersMax) {
      issues.push({ path, code: "invalid_option", message: `must be a text of 1 to ${charactersMax} characters` });
    }
  }
  return issues;
}

function validateAuthor(value: unknown): ValidationIssue[] {
  const path = "/settings/author";
  if (value === undefined) return [{ path, code: "required", message: "the URN posts are published as is missing" }];
  if (typeof value === "string" && authorPattern.test(value)) return [];
  return [{ path, code: "invalid_author", message: "not urn:li:person:… or urn:li:organization:…" }];
}

function validateExpiry(value: unknown): ValidationIssue[] {
  if (value === undefined) return [];
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value))) return [];
  return [
    { path: "/credentials/expiresAt", code: "invalid_time", message: "not an instant such as 2027-01-31T12:00:00Z" },
  ];
}
