/** What preparing left at Facebook, nothing of it visible to readers. */
import type { Checkpoint } from "@punctual/core";
import { idOf } from "../graph/fields.ts";
import { fieldsOf } from "../json-answer.ts";

export interface VideoUpload {
  /** Known before a byte moves; tells later what became of it. */
  videoId: string;
  /** A reel goes another way than a video of the feed. */
  reel: boolean;
  /** Of the feed's way. */
  sessionId?: string;
  /** Of the reel's way: where its bytes go. */
  uploadUrl?: string;
  bytes: number;
  /** All bytes before this one have arrived. */
  offset: number;
  /** Where the next piece ends that Facebook asks for. */
  pieceEnd: number;
}

export interface Preparation {
  /** Unpublished photos, in the post's order. */
  photoIds: readonly string[];
  video?: VideoUpload;
  /** The unpublished post of the two-step way. */
  postId?: string;
}

export function readPreparation(checkpoint: Checkpoint | null): Preparation {
  const { photoIds, video, postId } = checkpoint ?? {};
  const upload = readVideo(video);
  const post = idOf(postId);
  return {
    photoIds: Array.isArray(photoIds) ? photoIds.flatMap((id) => idOf(id) ?? []) : [],
    ...(upload === undefined ? {} : { video: upload }),
    ...(post === undefined ? {} : { postId: post }),
  };
}

export function isUploaded({ offset, bytes }: VideoUpload): boolean {
  return offset >= bytes;
}

function readVideo(value: unknown): VideoUpload | undefined {
  const { videoId, reel, sessionId, uploadUrl, bytes, offset, pieceEnd } = fieldsOf(value);
  const id = idOf(videoId);
  if (id === undefined || typeof bytes !== "number" || typeof offset !== "number" || typeof pieceEnd !== "number") {
    return undefined;
  }
  return {
    videoId: id,
    reel: reel === true,
    ...(typeof sessionId === "string" ? { sessionId } : {}),
    ...(typeof uploadUrl === "string" ? { uploadUrl } : {}),
    bytes,
    offset,
    pieceEnd,
  };
}
