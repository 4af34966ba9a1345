/** One checker for all platforms: files against the rules a platform gives as data. Pure. */
import type { MediaLimits, MediaRule, PlatformLimits, PostContent, Rejected, ValidationIssue } from "@punctual/core";
import type { MediaFacts } from "./inspection.ts";

/** @param files in the post's order; those not looked at yet may be left out at the end */
export function checkMedia(files: readonly MediaFacts[], limits: MediaLimits): ValidationIssue[] {
  const issues: ValidationIssue[] = [];
  const counts = new Map<MediaRule, number>();
  for (const [index, file] of files.entries()) {
    const path = `/media/${index}`;
    const rule = limits.rules.find(({ types }) => types.includes(file.type));
    if (rule === undefined) {
      const message = `it is ${file.type}; possible: ${mediaTypes(limits).join(", ")}`;
      issues.push({ path, code: "media_type", message });
      continue;
    }
    issues.push(...faultsOf(file, rule).map(({ code, message }) => ({ path, code, message })));
    const count = (counts.get(rule) ?? 0) + 1;
    counts.set(rule, count);
    if (!limits.mixed && counts.size > 1) {
      const kinds = [...counts.keys()].map(({ kind }) => kind).join(" and ");
      issues.push({ path, code: "media_mixed", message: `a post may not hold ${kinds} together` });
    }
    if (rule.itemsMax !== undefined && count > rule.itemsMax) {
      const message = `a post may hold at most ${rule.itemsMax} of kind ${rule.kind}`;
      issues.push({ path, code: "too_many_media", message });
    }
  }
  return issues;
}

/** What shows of a post's media before they are fetched: how many, and how long their descriptions are. */
export function checkMediaItems(
  post: Pick<PostContent, "media">,
  { mediaItemsMax, media }: PlatformLimits,
  countCharacters: (text: string) => number = (text) => text.length,
): ValidationIssue[] {
  const issues: ValidationIssue[] = [];
  if (post.media.length > mediaItemsMax) {
    const message = `there are ${post.media.length} media items, at most ${mediaItemsMax} are allowed`;
    issues.push({ path: "/media", code: "too_many_media", message });
  }
  const max = media?.altCharactersMax;
  for (const [index, { alt = "" }] of post.media.entries()) {
    if (max === undefined || countCharacters(alt) <= max) continue;
    const message = `the description has more than ${max} characters`;
    issues.push({ path: `/media/${index}/alt`, code: "alt_too_long", message });
  }
  return issues;
}

export function mediaTypes({ rules }: MediaLimits): string[] {
  return rules.flatMap(({ types }) => types);
}

/** The largest file of any kind that is taken. */
export function mediaBytesMax({ rules }: MediaLimits): number {
  return Math.max(0, ...rules.map(({ bytesMax }) => bytesMax));
}

/** A post whose media break a rule will never be published as it is. */
export function rejectedFor([issue]: readonly ValidationIssue[]): Rejected | null {
  if (issue === undefined) return null;
  const item = Number(/^\/media\/(\d+)/.exec(issue.path)?.[1] ?? 0) + 1;
  return { kind: "rejected", category: "rejected", code: issue.code, message: `media ${item}: ${issue.message}` };
}

function faultsOf({ bytes, width, height, durationMs, incomplete = false }: MediaFacts, rule: MediaRule): MediaFault[] {
  const aspect = width === undefined || height === undefined || height === 0 ? undefined : width / height;
  const pixels = width === undefined || height === undefined ? undefined : width * height;
  return [
    outside("media_too_large", "its size in bytes", bytes, undefined, rule.bytesMax),
    outside("media_dimensions", "its width in pixels", width, rule.widthMin, rule.widthMax),
    outside("media_dimensions", "its height in pixels", height, rule.heightMin, rule.heightMax),
    outside("media_dimensions", "its number of pixels", pixels, undefined, rule.pixelsMax),
    outside("media_aspect", "its aspect, width divided by height,", aspect, rule.aspectMin, rule.aspectMax),
    outside("media_duration", "its length in milliseconds", durationMs, rule.durationMsMin, rule.durationMsMax),
  ]
    .filter((fault) => fault !== null)
    .filter(({ unknown }) => !(incomplete && unknown));
}

interface MediaFault {
  code: string;
  message: string;
  /** Whether the rule is broken by what is not known. */
  unknown: boolean;
}

function outside(
  code: string,
  subject: string,
  value: number | undefined,
  min = -Infinity,
  max = Infinity,
): MediaFault | null {
  if (min === -Infinity && max === Infinity) return null;
  // What the rule is about must be known: a film without an end is not "short enough".
  if (value === undefined) return { code, message: `${subject} cannot be told`, unknown: true };
  if (value >= min && value <= max) return null;
  const shown = Number.isInteger(value) ? value : value.toFixed(3);
  return { code, message: `${subject} is ${shown}; ${range(min, max)} possible`, unknown: false };
}

function range(min: number, max: number): string {
  if (min === -Infinity) return `at most ${max} are`;
  return max === Infinity ? `at least ${min} are` : `${min} to ${max} are`;
}
