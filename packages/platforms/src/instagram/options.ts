/** What a post may ask of Instagram beyond its text and media. */
import { pointerTo, type PostContent, type ValidationIssue } from "@punctual/core";
import { instagramLimits } from "./limits.ts";

export interface InstagramOptions {
  /** A reel only: whether it shows among the account's posts as well. */
  shareToFeed?: boolean;
  /** A reel only: which moment is its cover, in milliseconds from its start. */
  coverAtMs?: number;
  /** User names invited as co-authors. */
  collaborators?: readonly string[];
  /** Id of a Page that stands for a place. */
  locationId?: string;
}

/** Options that say something of a reel and nothing of pictures. */
export const reelOptions = ["shareToFeed", "coverAtMs"] as const;

const checks: Readonly<Record<keyof InstagramOptions, { fits: (value: unknown) => boolean; must: string }>> = {
  shareToFeed: { fits: (value) => typeof value === "boolean", must: "must be true or false" },
  coverAtMs: {
    fits: (value) =>
      Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= instagramLimits.videoDurationMaxMs,
    must: `must be a whole number of milliseconds from 0 to ${instagramLimits.videoDurationMaxMs}`,
  },
  collaborators: {
    fits: (value) =>
      Array.isArray(value) &&
      value.length >= 1 &&
      value.length <= instagramLimits.collaboratorsMax &&
      value.every((name) => typeof name === "string" && /^[A-Za-z0-9_.]{1,30}$/.test(name)),
    must: `must be 1 to ${instagramLimits.collaboratorsMax} user names, without @`,
  },
  locationId: {
    fits: (value) => typeof value === "string" && /^\d{1,32}$/.test(value),
    must: "must be the digits of a Page's id",
  },
};

export function readOptions({ options, media }: PostContent): { options: InstagramOptions; issues: ValidationIssue[] } {
  const issues: ValidationIssue[] = [];
  for (const [name, value] of Object.entries(options)) {
    const path = pointerTo("/options", name);
    const check = Object.hasOwn(checks, name) ? checks[name as keyof InstagramOptions] : undefined;
    if (check === undefined) {
      issues.push({ path, code: "unknown_option", message: "this platform has no such option" });
    } else if (!check.fits(value)) {
      issues.push({ path, code: "invalid_option", message: check.must });
    } else if (media.length > 1 && reelOptions.some((reelOption) => reelOption === name)) {
      issues.push({ path, code: "invalid_option", message: "it belongs to a reel, which is one video" });
    }
  }
  return { options, issues };
}
