/** What can be known to be wrong with a Page or a post before Facebook is asked. */
import { pointerTo, type PostContent, type ValidationIssue } from "@punctual/core";
import { accessTokenIssues, unknownFields } from "../account-draft.ts";
import { mediaAddressIssues } from "../media-address.ts";
import { checkMediaItems } from "../media/check-media.ts";
import { facebookDescription } from "./description.ts";
import { facebookLimits } from "./limits.ts";

type Fields = Readonly<Record<string, unknown>>;

export function validateFacebookAccount(draft: { settings: Fields; credentials: Fields }): ValidationIssue[] {
  const { settings, credentials } = draft;
  return [
    ...unknownFields("/settings", settings, ["pageId", "twoStepPublish"]),
    ...unknownFields("/credentials", credentials, ["accessToken"]),
    ...validatePageId(settings["pageId"]),
    ...validateFlag("/settings/twoStepPublish", "invalid_setting", settings["twoStepPublish"]),
    ...accessTokenIssues("/credentials/accessToken", credentials["accessToken"]),
  ];
}

export function validateFacebookPost(post: PostContent, allowPrivateNetworks: boolean): ValidationIssue[] {
  const { textCharactersMax } = facebookLimits;
  const { text, media, link } = post;
  const issues: ValidationIssue[] = [];
  if (text.length > textCharactersMax) {
    const message = `the text has ${text.length} characters, at most ${textCharactersMax} are allowed`;
    issues.push({ path: "/text", code: "text_too_long", message });
  }
  if (text.trim() === "" && media.length === 0 && link === null) {
    issues.push({ path: "/text", code: "empty_post", message: "a post needs a text, a link or media" });
  }
  issues.push(...checkMediaItems(post, facebookDescription.limits));
  if (link !== null && media.length > 0) {
    const message = "a post shows either media or a link; a link can stand in the text as well";
    issues.push({ path: "/link", code: "link_with_media", message });
  }
  return [...issues, ...mediaAddressIssues(post, allowPrivateNetworks), ...validateOptions(post)];
}

function validateOptions({ options, media }: PostContent): ValidationIssue[] {
  const { reel, ...unknown } = options;
  const issues = Object.keys(unknown).map((name) => {
    return { path: pointerTo("/options", name), code: "unknown_option", message: "this platform has no such option" };
  });
  issues.push(...validateFlag("/options/reel", "invalid_option", reel));
  if (reel === true && media.length !== 1) {
    issues.push({ path: "/options/reel", code: "invalid_option", message: "a reel is exactly one video" });
  }
  return issues;
}

function validatePageId(value: unknown): ValidationIssue[] {
  const path = "/settings/pageId";
  if (value === undefined) return [{ path, code: "required", message: "the id of the Page is missing" }];
  if (typeof value === "string" && /^\d{1,32}$/.test(value)) return [];
  return [{ path, code: "invalid_page_id", message: "not the digits of a Page's id" }];
}

function validateFlag(path: string, code: string, value: unknown): ValidationIssue[] {
  if (value === undefined || typeof value === "boolean") return [];
  return [{ path, code, message: "must be true or false" }];
}
