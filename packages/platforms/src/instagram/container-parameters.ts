/** What a container is made of. Instagram fetches each medium itself, from where the client has it. */
import type { MediaItem, PostContent } from "@punctual/core";
import { readOptions } from "./options.ts";

export type MediumKind = "image" | "video";
type Parameters = Readonly<Record<string, unknown>>;

export function carouselItem({ url, alt }: MediaItem, kind: MediumKind): Parameters {
  if (kind === "video") return { is_carousel_item: true, media_type: "VIDEO", video_url: url };
  return { is_carousel_item: true, image_url: url, ...altText(alt) };
}

export function carousel(post: PostContent, childIds: readonly string[]): Parameters {
  return { media_type: "CAROUSEL", children: childIds, ...shared(post) };
}

export function single(post: PostContent, { url, alt }: MediaItem, kind: MediumKind): Parameters {
  if (kind === "image") return { image_url: url, ...altText(alt), ...shared(post) };
  const { shareToFeed, coverAtMs } = readOptions(post).options;
  return {
    media_type: "REELS",
    video_url: url,
    ...(shareToFeed === undefined ? {} : { share_to_feed: shareToFeed }),
    ...(coverAtMs === undefined ? {} : { thumb_offset: coverAtMs }),
    ...shared(post),
  };
}

function shared(post: PostContent): Parameters {
  const { collaborators, locationId } = readOptions(post).options;
  return {
    ...(post.text === "" ? {} : { caption: post.text }),
    ...(collaborators === undefined ? {} : { collaborators }),
    ...(locationId === undefined ? {} : { location_id: locationId }),
  };
}

function altText(alt: string | undefined): Parameters {
  return alt === undefined || alt === "" ? {} : { alt_text: alt };
}
