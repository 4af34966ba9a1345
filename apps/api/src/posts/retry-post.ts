/** Trying a post again because a person says so. */
import type { PostStatus } from "@punctual/core";
import {
  findPost,
  findSocialAccount,
  holdPostsOfClosedAccount,
  retryPost,
  toWaitingPost,
  type PostRecord,
  type RetryRequest,
} from "@punctual/db";
import type { ScheduleDeps } from "./schedule-posts.ts";
import { joinTrace } from "./trace-link.ts";

export type RetryResult =
  | { kind: "retried"; post: PostRecord }
  | { kind: "no_such_post" }
  /** There is no account any more that it could be published to. */
  | { kind: "account_deleted" }
  /** It has not ended, or not in a way that can be tried again. */
  | { kind: "not_retryable"; status: PostStatus };

export async function retryOnePost(
  { database, producer, tracing }: Pick<ScheduleDeps, "database" | "producer" | "tracing">,
  request: RetryRequest,
): Promise<RetryResult> {
  const retried = await retryPost(database, request);
  if (retried === null) {
    const post = await findPost(database, request);
    if (post === null) return { kind: "no_such_post" };
    const { companyId } = request;
    const account = await findSocialAccount(database, { companyId, id: post.socialAccountId });
    return account === null ? { kind: "account_deleted" } : { kind: "not_retryable", status: post.status };
  }
  await joinTrace({ database, tracing }, [request.id]);
  const { post, accountOpen } = retried;
  if (accountOpen) {
    const waiting = toWaitingPost(post);
    if (waiting !== null) producer.nudge([waiting]);
    return { kind: "retried", post };
  }
  await holdPostsOfClosedAccount(database, post.socialAccountId);
  return { kind: "retried", post: (await findPost(database, request)) ?? post };
}
