/** Showing a post to readers, by whatever call. */
import type { Effect } from "../exchange.ts";
import { refused } from "../graph/call.ts";
import { graphError, invalidParameter } from "../graph/errors.ts";
import { newId } from "../graph/store.ts";
import type { Content } from "../ledger/content.ts";
import type { FacebookParts } from "./parts.ts";
import type { PagePost, Photo } from "./state.ts";

export const textCharactersMax = 63_206;

/** A new post, not visible yet. */
export function newPagePost(
  { exchange, state }: FacebookParts,
  pageId: string,
  content: Content,
  photos: readonly Photo[],
): PagePost {
  const id = `${pageId}_${newId()}`;
  const url = new URL(id, exchange.newPost("facebook", pageId).url).href;
  const photoIds = photos.map((photo) => photo.id);
  const post: PagePost = { id, pageId, content, photoIds, isPublished: false, publishedAtMs: 0, url };
  for (const photo of photos) photo.postId = id;
  state.posts.set(id, post);
  return post;
}

/** Makes a post visible. @param body of the answer, besides what is asked for in `fields` */
export function publish({ clock }: FacebookParts, post: PagePost, body: Readonly<Record<string, unknown>>): Effect {
  const names = { externalId: post.id, externalUrl: post.url };
  if (post.isPublished) return { answer: { status: 200, body }, entry: { outcome: "repeat", ...names } };
  post.isPublished = true;
  post.publishedAtMs = clock.now();
  return { answer: { status: 200, body }, entry: { outcome: "accepted", ...names } };
}

/** What Facebook has against a text; null: nothing. */
export function faultOfText({ accounts, state }: FacebookParts, pageId: string, text: string): Effect | null {
  if (text.length > textCharactersMax)
    return refused(invalidParameter("The status you are trying to publish is too long"));
  const isShown = (post: PagePost) => post.pageId === pageId && post.isPublished && post.content.text === text;
  if (accounts.get(pageId).refuseDuplicates === true && text !== "" && state.posts.newest().some(isShown)) {
    return refused(graphError(400, { code: 506, message: "(#506) Duplicate status message" }));
  }
  return null;
}
