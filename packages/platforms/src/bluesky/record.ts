/** A post's record, made of the post and of what preparing left and of nothing else: the same bytes on every attempt. */
import type { OutgoingPost, PostContent } from "@punctual/core";
import type { BlueskyCheckpoint } from "./checkpoint.ts";
import { postCollection } from "./limits.ts";
import { readOptions } from "./options.ts";
import { textFacets } from "./text-facets.ts";

export function postRecord(post: OutgoingPost, prepared: BlueskyCheckpoint): Record<string, unknown> {
  const { languages, tags, labels } = readOptions(post).options;
  const text = writtenText(post);
  const facets = textFacets(text, prepared.mentions);
  const embed = embedOf(post, prepared);
  return {
    $type: postCollection,
    text,
    createdAt: post.scheduledAt.toISOString(),
    ...(facets.length === 0 ? {} : { facets }),
    ...(embed === null ? {} : { embed }),
    ...(languages === undefined ? {} : { langs: languages }),
    ...(tags === undefined ? {} : { tags }),
    ...(labels === undefined
      ? {}
      : { labels: { $type: "com.atproto.label.defs#selfLabels", values: labels.map((val) => ({ val })) } }),
  };
}

/** A post shows images or a card: with images, the link is written out. */
export function writtenText({ text, link, media }: Pick<PostContent, "text" | "link" | "media">): string {
  if (link === null || media.length === 0 || text.includes(link)) return text;
  return text === "" ? link : `${text}\n\n${link}`;
}

/** Whether the link becomes a card under the text. */
export function hasCard({ link, media }: Pick<PostContent, "link" | "media">): boolean {
  return link !== null && media.length === 0;
}

function embedOf(post: OutgoingPost, { images, card }: BlueskyCheckpoint): Record<string, unknown> | null {
  if (post.media.length > 0) {
    return {
      $type: "app.bsky.embed.images",
      images: post.media.map(({ alt = "" }, index) => {
        const { blob, width, height } = images[index] ?? {};
        const aspectRatio = width === undefined || height === undefined ? {} : { aspectRatio: { width, height } };
        return { alt, image: blob, ...aspectRatio };
      }),
    };
  }
  if (post.link === null || card === null) return null;
  const { title, description, thumb } = card;
  return {
    $type: "app.bsky.embed.external",
    external: { uri: post.link, title, description, ...(thumb === null ? {} : { thumb }) },
  };
}
