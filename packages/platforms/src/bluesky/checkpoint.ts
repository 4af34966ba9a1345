/** What preparing leaves: everything a record needs that is not in the post itself, so that every attempt writes the same. */
import type { Checkpoint } from "@punctual/core";
import { fieldsOf } from "../json-answer.ts";
import type { MediaFacts } from "../media/inspection.ts";

/** A blob as the server described it; it goes into the record as it is. */
export type BlobReference = Readonly<Record<string, unknown>>;

export interface UploadedImage extends MediaFacts {
  blob: BlobReference;
}

export interface BlueskyCheckpoint {
  /** The post's images, in its order, as far as they are uploaded. */
  images: readonly UploadedImage[];
  /** DIDs of the handles mentioned; null: there is no such handle. */
  mentions: Readonly<Record<string, string | null>>;
  card: { title: string; description: string; thumb: BlobReference | null } | null;
  /** When the first upload was made, RFC 3339; null if there was none. */
  uploadedAt: string | null;
}

export const emptyCheckpoint: BlueskyCheckpoint = { images: [], mentions: {}, card: null, uploadedAt: null };

export function readCheckpoint(checkpoint: Checkpoint | null): BlueskyCheckpoint {
  const { images, mentions, card, uploadedAt } = fieldsOf(checkpoint);
  return {
    images: Array.isArray(images) ? (images as UploadedImage[]) : [],
    mentions: fieldsOf(mentions) as BlueskyCheckpoint["mentions"],
    card: typeof card === "object" ? (card as BlueskyCheckpoint["card"]) : null,
    uploadedAt: typeof uploadedAt === "string" ? uploadedAt : null,
  };
}
