/** A post as clients see it. */
import type { PostRecord } from "@punctual/db";
import type { PostOut } from "./schemas.ts";

export function toPostOut(post: PostRecord): PostOut {
  return {
    id: post.id,
    socialAccountId: post.socialAccountId,
    clientId: post.clientId,
    platform: post.platform,
    status: post.status,
    revision: post.revision,
    outcomeOpen: post.outcomeOpen,
    heldReason: post.heldReason,
    text: post.text,
    media: post.media,
    link: post.link,
    scheduledAt: post.scheduledAt.toISOString(),
    localTime: post.localTime,
    timeZone: post.timeZone,
    timeAdjustment: post.timeAdjustment,
    lateness: { graceMinutes: post.graceMinutes, then: post.whenLate },
    options: post.options,
    maxAttempts: post.maxAttempts,
    groupId: post.groupId,
    metadata: post.metadata,
    nextAttemptAt: awaitsAttempt(post) ? post.nextAttemptAt.toISOString() : null,
    attempts: post.attempts,
    publishedAt: post.publishedAt?.toISOString() ?? null,
    latenessMs: post.latenessMs,
    externalId: post.externalId,
    externalUrl: post.externalUrl,
    failure: failureOf(post),
    createdAt: post.createdAt.toISOString(),
    updatedAt: post.updatedAt.toISOString(),
  };
}

/** Names the revision, for `If-Match`. */
export function etagOf({ revision }: { revision: number }): string {
  return `"${revision}"`;
}

function awaitsAttempt({ status }: PostRecord): boolean {
  return status === "scheduled" || status === "retrying";
}

export function failureOf({
  failureCategory,
  failureCode,
  failureMessage,
  failedAt,
}: Pick<PostRecord, "failureCategory" | "failureCode" | "failureMessage" | "failedAt">): PostOut["failure"] {
  if (failureCategory === null || failedAt === null) return null;
  return {
    category: failureCategory,
    code: failureCode ?? "",
    message: failureMessage ?? "",
    at: failedAt.toISOString(),
  };
}
