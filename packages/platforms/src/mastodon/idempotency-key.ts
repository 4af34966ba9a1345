/**
 * The key by which an instance recognises a repeat: the same for every attempt at the same content, another as soon as
 * the content is edited. It holds nothing of either.
 */
import { createHash } from "node:crypto";
import type { OutgoingPost } from "@punctual/core";

export function idempotencyKey({ id, text, media, link, options }: OutgoingPost): string {
  const entries = Object.entries(options).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const items = media.map(({ url, alt = "" }) => [url, alt]);
  return createHash("sha256")
    .update(JSON.stringify([id, text, link, items, entries]))
    .digest("hex");
}
