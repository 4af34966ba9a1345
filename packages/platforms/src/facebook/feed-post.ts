/** A post of the feed as the Graph API takes it. */
import type { OutgoingPost } from "@punctual/core";
import type { GraphCall } from "../graph/graph-api.ts";

/** @param published false: made without readers seeing it */
export function feedPost(
  pageId: string,
  { text, link }: OutgoingPost,
  { photoIds, published }: { photoIds: readonly string[]; published: boolean },
): GraphCall {
  return {
    method: "POST",
    path: `/${pageId}/feed`,
    // Asked in the same breath, so that no second call stands between a published post and its record.
    query: { fields: "id,permalink_url" },
    parameters: {
      ...(text === "" ? {} : { message: text }),
      ...(link === null ? {} : { link }),
      ...(photoIds.length === 0 ? {} : { attached_media: photoIds.map((id) => ({ media_fbid: id })) }),
      published,
    },
  };
}
