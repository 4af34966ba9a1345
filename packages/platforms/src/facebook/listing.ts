/**
 * Finding a post whose answer got lost in the Page's listing: same text, same attachments, not older than the first
 * time it was sent. It can only prove that the post is there: a listing may lag behind.
 */
import type { Confirmation, OutgoingPost } from "@punctual/core";
import { comparableText, idOf, instantOf, itemsOf, webAddress } from "../graph/fields.ts";
import { type Fields, fieldsOf } from "../json-answer.ts";
import { facebookLimits } from "./limits.ts";

export const listedFields =
  "id,message,created_time,permalink_url,attachments{media_type,target{id},unshimmed_url,subattachments{target{id}}}";

/** The query of `/{page}/published_posts` that must hold the post if it is there. */
export function listingQuery({ firstSentAt }: OutgoingPost): Record<string, string> {
  const { listingToleranceMs, listedMax } = facebookLimits;
  const since =
    firstSentAt === null ? {} : { since: String(Math.floor((firstSentAt.getTime() - listingToleranceMs) / 1_000)) };
  return { fields: listedFields, limit: String(listedMax), ...since };
}

/** @param photoIds of the photos the post was sent with */
export function findInListing(listing: unknown, post: OutgoingPost, photoIds: readonly string[]): Confirmation {
  const matches = itemsOf(listing).filter((item) => looksLike(item, post, photoIds));
  const [only] = matches;
  if (only === undefined) return { kind: "cannot_tell", message: "the Page's posts do not show it so far" };
  if (matches.length > 1) return { kind: "cannot_tell", message: "several of the Page's posts look like it" };
  return { kind: "published", ...namesOf(only) };
}

/** Id and address of a post as Facebook gives them. */
export function namesOf({ id, permalink_url: url }: Fields): { externalId?: string; externalUrl?: string } {
  const externalId = idOf(id);
  const externalUrl = webAddress(url, "https://www.facebook.com");
  return {
    ...(externalId === undefined ? {} : { externalId }),
    ...(externalUrl === undefined ? {} : { externalUrl }),
  };
}

function looksLike(item: Fields, { text, link, firstSentAt }: OutgoingPost, photoIds: readonly string[]): boolean {
  const { message } = item;
  if (comparableText(typeof message === "string" ? message : "") !== comparableText(text)) return false;
  const created = instantOf(item["created_time"]);
  const earliest = (firstSentAt?.getTime() ?? Infinity) - facebookLimits.listingToleranceMs;
  if (created === undefined || created < earliest) return false;
  const attachments = itemsOf(item["attachments"]);
  const shown = attachments.flatMap(attachedIds);
  if (photoIds.length > 0) return photoIds.length === shown.length && sameAsFarAsTold(photoIds, shown, text);
  if (shown.length > 0) return false;
  // Without a text only the link tells this post from others.
  return text.trim() !== "" || attachments.some(({ unshimmed_url: url }) => url === link);
}

/** The photos or videos of an attachment: an album has its parts beneath it. An id that is not told is null. */
function attachedIds(attachment: Fields): (string | null)[] {
  const parts = itemsOf(attachment["subattachments"]);
  const items = parts.length > 0 ? parts : isMedia(attachment) ? [attachment] : [];
  return items.map((item) => idOf(fieldsOf(item["target"])["id"]) ?? null);
}

function isMedia({ media_type: type }: Fields): boolean {
  return type === "photo" || type === "video" || type === "album";
}

/** Pictures without a text are told from others by their ids alone. */
function sameAsFarAsTold(ours: readonly string[], shown: readonly (string | null)[], text: string): boolean {
  if (text.trim() === "" && !shown.some((id) => id !== null)) return false;
  return shown.every((id) => id === null || ours.includes(id));
}
