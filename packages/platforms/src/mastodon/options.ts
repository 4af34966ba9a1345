/** What a post may ask of Mastodon beyond its text, link and media. */
import { pointerTo, type PostContent, type ValidationIssue } from "@punctual/core";
import { mastodonLimits } from "./limits.ts";

export const visibilities = ["public", "unlisted", "private", "direct"] as const;

export interface MastodonOptions {
  visibility?: (typeof visibilities)[number];
  /** A content warning: what readers see before they agree to see the rest. */
  spoilerText?: string;
  /** Whether media are hidden until readers agree. */
  sensitive?: boolean;
  /** ISO 639-1. */
  language?: string;
  /** How many characters the account's instance takes, if that is not the usual 500; the instance has the last word. */
  charactersMax?: number;
}

const { textCharactersMaxMax } = mastodonLimits;

const checks: Readonly<Record<keyof MastodonOptions, { fits: (value: unknown) => boolean; must: string }>> = {
  visibility: {
    fits: (value) => visibilities.some((known) => known === value),
    must: `must be one of ${visibilities.join(", ")}`,
  },
  spoilerText: {
    fits: (value) => typeof value === "string" && value.trim() !== "" && value.length <= textCharactersMaxMax,
    must: "must be a text that is not empty",
  },
  sensitive: { fits: (value) => typeof value === "boolean", must: "must be true or false" },
  language: {
    fits: (value) => typeof value === "string" && /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$/.test(value),
    must: "must be a language code such as en",
  },
  charactersMax: {
    fits: (value) => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= textCharactersMaxMax,
    must: `must be a whole number from 1 to ${textCharactersMaxMax}`,
  },
};

/** The options of a post that has no issues. */
export function readOptions({ options }: Pick<PostContent, "options">): {
  options: MastodonOptions;
  issues: ValidationIssue[];
} {
  const issues: ValidationIssue[] = [];
  for (const [name, value] of Object.entries(options)) {
    const path = pointerTo("/options", name);
    const check = Object.hasOwn(checks, name) ? checks[name as keyof MastodonOptions] : undefined;
    if (check === undefined) {
      issues.push({ path, code: "unknown_option", message: "this platform has no such option" });
    } else if (!check.fits(value)) {
      issues.push({ path, code: "invalid_option", message: check.must });
    }
  }
  return { options, issues };
}
