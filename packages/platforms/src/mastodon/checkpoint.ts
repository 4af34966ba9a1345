/** What preparing leaves: the ids of uploads, in the post's order. */
import type { Checkpoint } from "@punctual/core";
import { fieldsOf } from "../json-answer.ts";
import type { MediaFacts } from "../media/inspection.ts";

export interface UploadedMedia extends MediaFacts {
  id: string;
  /** Whether the instance is done with it. */
  ready: boolean;
}

export interface MastodonCheckpoint {
  media: readonly UploadedMedia[];
  /** When the first upload was made, RFC 3339; null if there was none. */
  uploadedAt: string | null;
}

export function readCheckpoint(checkpoint: Checkpoint | null): MastodonCheckpoint {
  const { media, uploadedAt } = fieldsOf(checkpoint);
  return {
    media: Array.isArray(media) ? (media as UploadedMedia[]) : [],
    uploadedAt: typeof uploadedAt === "string" ? uploadedAt : null,
  };
}
