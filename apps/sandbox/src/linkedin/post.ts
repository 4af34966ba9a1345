/** A post as LinkedIn takes it: which fields it must have, and what of it readers see. */
import type { Answer } from "../answer.ts";
import { fieldsOf } from "../ledger/content.ts";
import { inputError } from "./errors.ts";

export interface PostIn {
  author: string;
  commentary: string;
  content: { mediaIds: MediaUse[]; article: { source: string; title: string; thumbnail: string | null } | null };
}

export interface MediaUse {
  id: string;
  altText: string | null;
}

const commentaryCharactersMax = 3_000;
const visibilities = ["PUBLIC", "CONNECTIONS", "LOGGED_IN", "CONTAINER"];

/** @returns the post, or LinkedIn's refusal */
export function readPost(body: unknown): PostIn | Answer {
  const { author, commentary, visibility, distribution, lifecycleState, content } = fieldsOf(body);
  if (typeof author !== "string") return missing("author");
  if (!/^urn:li:(person:[\w-]+|organization:\d+)$/.test(author)) {
    return inputError(400, "INVALID_URN_TYPE", "/author", "author is not a person or organization");
  }
  if (typeof commentary !== "string") return missing("commentary");
  if (commentary.length > commentaryCharactersMax * 2) {
    return inputError(400, "FIELD_LENGTH_TOO_LONG", "/commentary", "commentary is too long");
  }
  if (typeof visibility !== "string" || !visibilities.includes(visibility)) return missing("visibility");
  if (typeof fieldsOf(distribution)["feedDistribution"] !== "string") return missing("distribution");
  if (lifecycleState !== "PUBLISHED") {
    return inputError(400, "INVALID_VALUE_FOR_FIELD", "/lifecycleState", "only PUBLISHED can be created");
  }
  const read = readContent(content);
  return "status" in read ? read : { author, commentary, content: read };
}

function readContent(content: unknown): PostIn["content"] | Answer {
  const { media, multiImage, article } = fieldsOf(content);
  if (article !== undefined) {
    const { source, title, thumbnail } = fieldsOf(article);
    if (typeof source !== "string") return missing("content/article/source");
    if (typeof title !== "string") return missing("content/article/title");
    const picture = typeof thumbnail === "string" ? thumbnail : null;
    return {
      mediaIds: picture === null ? [] : [{ id: picture, altText: null }],
      article: { source, title, thumbnail: picture },
    };
  }
  const { images } = fieldsOf(multiImage);
  if (multiImage !== undefined && (!Array.isArray(images) || images.length < 2 || images.length > 20)) {
    return inputError(400, "INVALID_VALUE_FOR_FIELD", "/content/multiImage/images", "between 2 and 20 images");
  }
  const mediaIds: MediaUse[] = [];
  for (const use of [
    ...(media === undefined ? [] : [media]),
    ...(Array.isArray(images) ? (images as unknown[]) : []),
  ]) {
    const { id, altText } = fieldsOf(use);
    if (typeof id !== "string") return missing("content/media/id");
    mediaIds.push({ id, altText: typeof altText === "string" ? altText : null });
  }
  return { mediaIds, article: null };
}

function missing(field: string): Answer {
  return inputError(400, "MISSING_FIELD", `/${field}`, `${field} is required`);
}
