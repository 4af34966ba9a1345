/** What a post may ask of Bluesky beyond its text, link and media. */
import { pointerTo, type PostContent, type ValidationIssue } from "@punctual/core";
import { countGraphemes } from "../graphemes.ts";
import { blueskyLimits, selfLabels } from "./limits.ts";

export interface BlueskyOptions {
  /** Languages the post is written in, such as `en` or `pt-BR`. */
  languages?: readonly string[];
  /** Tags beside those in the text, without `#`. */
  tags?: readonly string[];
  /** What readers are warned of. */
  labels?: readonly string[];
  /** Of the link's card, in place of what the page says. */
  linkTitle?: string;
  linkDescription?: string;
}

const { languagesMax, tagsMax, tagGraphemesMax, cardTitleCharactersMax, cardDescriptionCharactersMax } = blueskyLimits;

const checks: Readonly<Record<keyof BlueskyOptions, { fits: (value: unknown) => boolean; must: string }>> = {
  languages: {
    fits: (value) => isList(value, languagesMax, (item) => /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/.test(item)),
    must: `must be 1 to ${languagesMax} language tags such as en or pt-BR`,
  },
  tags: {
    fits: (value) =>
      isList(value, tagsMax, (item) => !/^#|\s|^$/.test(item) && countGraphemes(item) <= tagGraphemesMax),
    must: `must be 1 to ${tagsMax} tags without # and spaces, of at most ${tagGraphemesMax} characters`,
  },
  labels: {
    fits: (value) => isList(value, selfLabels.length, (item) => selfLabels.some((label) => label === item)),
    must: `must be some of ${selfLabels.join(", ")}`,
  },
  linkTitle: {
    fits: (value) => isText(value, cardTitleCharactersMax),
    must: `must be a text of 1 to ${cardTitleCharactersMax} characters`,
  },
  linkDescription: {
    fits: (value) => isText(value, cardDescriptionCharactersMax),
    must: `must be a text of 1 to ${cardDescriptionCharactersMax} characters`,
  },
};

/** The options of a post that has no issues. */
export function readOptions({ options, link, media }: Pick<PostContent, "options" | "link" | "media">): {
  options: BlueskyOptions;
  issues: ValidationIssue[];
} {
  const issues: ValidationIssue[] = [];
  for (const [name, value] of Object.entries(options)) {
    const path = pointerTo("/options", name);
    const check = Object.hasOwn(checks, name) ? checks[name as keyof BlueskyOptions] : undefined;
    if (check === undefined) {
      issues.push({ path, code: "unknown_option", message: "this platform has no such option" });
    } else if (!check.fits(value)) {
      issues.push({ path, code: "invalid_option", message: check.must });
    } else if (name.startsWith("link") && (link === null || media.length > 0)) {
      issues.push({
        path,
        code: "option_without_link",
        message: "it belongs to a link's card, which needs a link and no media",
      });
    }
  }
  return { options, issues };
}

function isList(value: unknown, countMax: number, fits: (item: string) => boolean): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > countMax) return false;
  return value.every((item) => typeof item === "string" && fits(item)) && new Set(value).size === value.length;
}

function isText(value: unknown, charactersMax: number): boolean {
  return typeof value === "string" && value.trim() !== "" && value.length <= charactersMax;
}
