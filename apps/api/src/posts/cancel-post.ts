/** Cancelling always ends in a definite answer: cancelled, or too late. */
import type { PostStatus } from "@punctual/core";
import { cancelWaitingPost, findPost, type Cancellation, type Database, type PostRecord } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";

export type CancelResult =
  | { kind: "cancelled"; post: PostRecord }
  /** It is being published, may have been, or has ended otherwise. */
  | { kind: "too_late"; status: PostStatus }
  /** Nobody knows whether it was published. */
  | { kind: "unconfirmed" }
  | { kind: "no_such_post" };

/** A post can come back to waiting between our try and our look; that often in a row is a fault. */
const roundsMax = 10;

export async function cancelPost(
  { database, producer }: { database: Database; producer: PublishProducer },
  cancellation: Cancellation,
): Promise<CancelResult> {
  for (let round = 0; round < roundsMax; round += 1) {
    const cancelled = await cancelWaitingPost(database, cancellation);
    if (cancelled !== null) {
      const { id, platform, revision, generation } = cancelled;
      producer.discard([{ postId: id, platform, revision, generation }]);
      return { kind: "cancelled", post: cancelled };
    }
    const post = await findPost(database, cancellation);
    const verdict: CancelResult | null = post === null ? { kind: "no_such_post" } : cancelVerdict(post);
    if (verdict !== null) return verdict;
  }
  throw new Error(`post ${cancellation.id} was neither cancelled nor past cancelling in ${roundsMax} tries`);
}

/** What keeps a post from being cancelled; null: nothing does any more. */
export function cancelVerdict(post: PostRecord): CancelResult | null {
  switch (post.status) {
    case "cancelled":
      return { kind: "cancelled", post };
    case "unconfirmed":
      return { kind: "unconfirmed" };
    case "scheduled":
    case "retrying":
    case "held":
      return post.outcomeOpen ? { kind: "too_late", status: post.status } : null;
    case "publishing":
    case "published":
    case "failed":
    case "missed":
      return { kind: "too_late", status: post.status };
  }
}
