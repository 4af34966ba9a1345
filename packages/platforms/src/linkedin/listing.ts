/**
 * Looking for a post whose answer got lost in what its author posted. LinkedIn lets only organizations be listed, and a
 * listing proves presence only: what it does not show may still appear.
 */
import type { OutgoingPost } from "@punctual/core";
import type { HttpResult } from "../http.ts";
import { fieldsOf, listOf, parseFields } from "../json-answer.ts";
import { linkedinLimits } from "./limits.ts";
import { readableText, readLittleText } from "./little-text.ts";
import type { Upload } from "./post-body.ts";

export function listingPath(author: string): string {
  const query = new URLSearchParams({
    q: "author",
    author,
    count: String(linkedinLimits.listedMax),
    sortBy: "CREATED",
  });
  return `/rest/posts?${query.toString()}`;
}

export type Finding = { kind: "found"; urn: string } | { kind: "cannot_tell"; message: string };

/** @param result what LinkedIn answered to `listingPath` */
export function findPost(result: HttpResult, post: OutgoingPost, uploads: readonly Upload[]): Finding {
  if (result.kind !== "answer") return { kind: "cannot_tell", message: result.message };
  if (result.status !== 200) return { kind: "cannot_tell", message: `LinkedIn answered ${result.status}` };
  const matches = readListing(result.body).filter((listed) => isOurs(listed, post, uploads));
  const [first] = matches;
  if (first === undefined) return { kind: "cannot_tell", message: "the listing does not show it" };
  // Two alike: both are this text, but which of them this call made cannot be said.
  if (matches.length > 1) return { kind: "cannot_tell", message: "the listing shows several posts alike" };
  return { kind: "found", urn: first.urn };
}

interface ListedPost {
  urn: string;
  commentary: string;
  createdAt: number;
  content: unknown;
}

function readListing(body: Buffer): ListedPost[] {
  const { elements } = parseFields(body);
  if (!Array.isArray(elements)) return [];
  return elements.flatMap((element: unknown) => {
    const { id, commentary, createdAt, content } = fieldsOf(element);
    if (typeof id !== "string" || typeof commentary !== "string" || typeof createdAt !== "number") return [];
    return [{ urn: id, commentary, createdAt, content }];
  });
}

/** An upload is ours alone, so a post that shows it is; otherwise text, link and time must fit. */
function isOurs(listed: ListedPost, post: OutgoingPost, uploads: readonly Upload[]): boolean {
  const assets = assetsOf(listed.content);
  if (uploads.length > 0) return uploads.every(({ urn }) => assets.urns.includes(urn));
  const sentAt = post.firstSentAt?.getTime() ?? Infinity;
  return (
    assets.urns.length === 0 &&
    (assets.source ?? null) === post.link &&
    listed.createdAt >= sentAt - linkedinLimits.listingToleranceMs &&
    readLittleText(listed.commentary) === readableText(post.text)
  );
}

function assetsOf(content: unknown): { urns: string[]; source: string | undefined } {
  const { media, multiImage, article } = fieldsOf(content);
  const { images } = fieldsOf(multiImage);
  const { source, thumbnail } = fieldsOf(article);
  const ids = [media, ...listOf(images)].map((item) => fieldsOf(item)["id"]);
  return {
    urns: [...ids, thumbnail].filter((id): id is string => typeof id === "string"),
    source: typeof source === "string" ? source : undefined,
  };
}
