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
  { limits, timeoutMs, signal, headBytesMax }: Reading & { headBytesMax?: number },
): Promise<Fetched> {
  const [types, bytesMax] = [mediaTypes(limits), mediaBytesMax(limits)];
  const head = headBytesMax === undefined ? {} : { headBytesMax };
  return media.fetch(item, { types, bytesMax, timeoutMs, signal, index, ...head });
}

/** What is wrong with one of the post's media by itself. */
export function issuesOf(facts: MediaFacts, index: number, limits: MediaLimits): ValidationIssue[] {
  return checkMedia([facts], limits).map((issue) => ({ ...issue, path: `/media/${index}` }));
}

/** Of each file so much is looked at ahead, in bytes: what a picture is shows in it, and so do most films. */
const lookBytesMax = 2 * 1024 * 1024;
/** Of the time for a look; the rest is for reading what came. */
const fetchingShare = 0.8;

/**
 * All of a post's media, ahead of time and for nothing but what they are. A large file is not fetched for that: what its
 * beginning does not show is seen when the post is prepared. Of what does not come in its share of the time, or breaks
 * off, whatever came is looked at.
 *
 * @throws if of one too little came to tell anything
 */
export async function inspectMedia(
  media: Media,
  { media: items }: Pick<PostContent, "media">,
  reading: Reading,
): Promise<ValidationIssue[]> {
  const facts: MediaFacts[] = [];
  const share = { ...reading, timeoutMs: (reading.timeoutMs * fetchingShare) / items.length };
  for (const [index, item] of items.entries()) {
    const fetched = await fetchItem(media, item, index, { ...share, headBytesMax: lookBytesMax });
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
