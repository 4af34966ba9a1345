/** A post as the API drafts it. */
import { newId } from "./id.ts";
import type { PostRecord } from "./post-record.ts";

interface Owner {
  companyId: string;
  socialAccountId: string;
  clientId: string | null;
}

/** Due now, with everything a post can have. */
export function draftedPost(
  { companyId, socialAccountId, clientId }: Owner,
  now: Date,
  change: Partial<PostRecord> = {},
): PostRecord {
  return {
    id: newId(),
    companyId,
    socialAccountId,
    clientId,
    platform: "webhook",
    groupId: "group",
    text: 'Quotes " and \\u0000 and 世界',
    media: [{ url: "https://example.com/a", alt: "a" }],
    link: "https://example.com",
    options: { a: [1, { b: null }] },
    metadata: { "a b": "c" },
    scheduledAt: now,
    localTime: "2027-01-01T00:00",
    timeZone: "UTC",
    timeAdjustment: "none",
    graceMinutes: 5,
    whenLate: "publish",
    lateAt: new Date(now.getTime() + 300_000),
    status: "scheduled",
    heldReason: null,
    outcomeOpen: false,
    revision: 1,
    generation: 0,
    needsPreparing: false,
    checksLeft: 2,
    maxAttempts: 3,
    attempts: 0,
    nextAttemptAt: now,
    publishedAt: null,
    latenessMs: null,
    externalId: null,
    externalUrl: null,
    failureCategory: null,
    failureCode: null,
    failureMessage: null,
    failedAt: null,
    requestId: "request",
    createdAt: now,
    updatedAt: now,
    ...change,
  };
}
