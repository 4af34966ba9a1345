/** Posts as operators see them. */
import { cancellableStatuses, publishJobId, queueName } from "@punctual/core";
import type { OperatorPostDetail, OperatorPostRecord, PostRecord } from "@punctual/db";
import { boardPath } from "../plugins/board.ts";
import { failureOf, toPostOut } from "../posts/post-answer.ts";
import type { OperatorPost, OperatorPostRow, UnconfirmedRow } from "./post-schemas.ts";

export function toPostRow(post: OperatorPostRecord): OperatorPostRow {
  const { company, client, socialAccount } = post;
  return {
    id: post.id,
    company,
    client,
    socialAccount,
    platform: post.platform,
    status: post.status,
    heldReason: post.heldReason,
    outcomeOpen: post.outcomeOpen,
    excerpt: post.excerpt,
    scheduledAt: post.scheduledAt.toISOString(),
    nextAttemptAt: isWaiting(post) ? post.nextAttemptAt.toISOString() : null,
    publishedAt: post.publishedAt?.toISOString() ?? null,
    latenessMs: post.latenessMs,
    attempts: post.attempts,
    externalId: post.externalId,
    externalUrl: post.externalUrl,
    failure: failureOf(post),
    updatedAt: post.updatedAt.toISOString(),
  };
}

export function toUnconfirmedRow(post: OperatorPostRecord): UnconfirmedRow {
  return {
    ...toPostRow(post),
    unconfirmedAt: (post.unconfirmedAt ?? post.updatedAt).toISOString(),
    confirmAt: post.confirmAt?.toISOString() ?? null,
    confirmCount: post.confirmCount,
    // Of an earlier doubt, while nobody has looked yet.
    shown: post.confirmCount === 0 ? null : post.confirmMessage,
    sentAt: post.sentAt?.toISOString() ?? null,
  };
}

export function toOperatorPost({ post, confirmAt, confirmCount, ...whose }: OperatorPostDetail): OperatorPost {
  return {
    ...whose,
    post: toPostOut(post),
    requestId: post.requestId,
    confirmAt: post.status === "unconfirmed" ? (confirmAt?.toISOString() ?? null) : null,
    confirmCount,
    job: jobOf(post),
    actions: actionsOf(post),
  };
}

/** The job that stands, or last stood, for a post. */
export function jobOf(post: PostRecord): OperatorPost["job"] {
  const id = publishJobId({ postId: post.id, revision: post.revision, generation: post.generation });
  const queue = queueName(post.platform);
  return { id, queue, boardUrl: `${boardPath}/queue/${queue}/${id}` };
}

function actionsOf(post: PostRecord): OperatorPost["actions"] {
  const waits = (cancellableStatuses as readonly string[]).includes(post.status) && !post.outcomeOpen;
  const hasFailed = post.status === "failed" || post.status === "missed";
  return [
    ...(waits ? (["cancel"] as const) : []),
    ...(waits || hasFailed ? (["reschedule"] as const) : []),
    ...(hasFailed || post.status === "retrying" ? (["retry"] as const) : []),
    ...(post.status === "unconfirmed" ? (["resolve"] as const) : []),
  ];
}

function isWaiting({ status }: { status: string }): boolean {
  return status === "scheduled" || status === "retrying";
}
