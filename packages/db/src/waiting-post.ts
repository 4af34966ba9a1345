/** A waiting post as its job needs it. */
import type { PostRecord } from "./post-record.ts";
import type { UnenqueuedPost } from "./post-enqueue.ts";

/** What Redis must know of a post; null if it waits for nothing. */
export function toWaitingPost(post: PostRecord): UnenqueuedPost | null {
  if (post.status !== "scheduled" && post.status !== "retrying") return null;
  return {
    postId: post.id,
    platform: post.platform,
    revision: post.revision,
    generation: post.generation,
    dueAt: post.nextAttemptAt,
    maxAttempts: post.maxAttempts,
    requestId: post.requestId,
  };
}
