/** A post's media looked at one by one, against the rules of its platform. */
import type { MediaItem, MediaLimits, PostContent, ValidationIssue } from "@punctual/core";
import { checkMedia, mediaBytesMax, mediaTypes } from "./check-media.ts";
import type { MediaFacts } from "./inspection.ts";
import type { Fetched, Media } from "./media.ts";

export interface Reading {
  limits: MediaLimits;
  timeoutMs: number;
  signal: AbortSignal;
}

export function fetchItem(
  media: Media,
  item: MediaItem,
  index: number,
  { limits, timeoutMs, signal }: Reading,
): Promise<Fetched> {
  const [types, bytesMax] = [mediaTypes(limits), mediaBytesMax(limits)];
  return media.fetch(item, { types, bytesMax, timeoutMs, signal, index });
}

/** What is wrong with one of the post's media by itself. */
export function issuesOf(facts: MediaFacts, index: number, limits: MediaLimits): ValidationIssue[] {
  return checkMedia([facts], limits).map((issue) => ({ ...issue, path: `/media/${index}` }));
}

/** All of a post's media, ahead of time and for nothing but what they are. @throws if one cannot be had at the moment */
export async function inspectMedia(
  media: Media,
  { media: items }: Pick<PostContent, "media">,
  reading: Reading,
): Promise<ValidationIssue[]> {
  const facts: MediaFacts[] = [];
  for (const [index, item] of items.entries()) {
    const fetched = await fetchItem(media, item, index, reading);
    if (fetched.kind === "fault") {
      const { kind, code, message } = fetched.outcome;
      if (kind === "retry") throw new MediaUnavailable(message);
      return [{ path: `/media/${index}`, code, message }];
    }
    await using file = fetched.file;
    facts.push(file);
  }
  return checkMedia(facts, reading.limits);
}

/** A medium could not be fetched; it may be there later. */
export class MediaUnavailable extends Error {
  override name = "MediaUnavailable";
  readonly code = "media_unavailable";
}
