/** Would this post be accepted? Decided by the same code that accepts posts, and then forgotten. */
import { nextFreeTime, type RateLimit, type ValidationIssue } from "@punctual/core";
import { countedSends, readAcceptance, type Database } from "@punctual/db";
import { draftPost } from "./post-draft.ts";
import type { ScheduleDeps } from "./schedule-posts.ts";
import type { PostIn } from "./schemas.ts";

export interface ValidationRequest {
  companyId: string;
  requestId: string;
  input: PostIn;
}

export interface PostVerdict {
  /** Whether it would be accepted now. */
  valid: boolean;
  /** Every fault at once; of a valid post, what will delay it. */
  issues: ValidationIssue[];
}

export async function validatePost(
  { database, platforms }: Pick<ScheduleDeps, "database" | "platforms">,
  { companyId, requestId, input }: ValidationRequest,
): Promise<PostVerdict> {
  const socialAccountIds = [input.socialAccountId.toLowerCase()];
  const { now, accounts } = await readAcceptance(database, { companyId, socialAccountIds, idempotency: null });
  const draft = draftPost(input, { companyId, requestId, now, accounts, platforms });
  if (draft.kind === "issues") return { valid: false, issues: draft.issues };
  const { post } = draft;
  const limits = platforms.get(post.platform)?.rateLimits ?? [];
  const issues = await Promise.all(
    limits
      .filter(({ scope }) => scope === "account")
      .map((limit) => quotaIssue(database, post.socialAccountId, limit, post.scheduledAt)),
  );
  return { valid: true, issues: issues.flatMap((issue) => issue ?? []) };
}

/** A limit does not refuse a post, it delays it; whoever asks beforehand is told so. */
async function quotaIssue(
  database: Database,
  socialAccountId: string,
  limit: RateLimit,
  at: Date,
): Promise<ValidationIssue | null> {
  const free = nextFreeTime(limit, await countedSends(database, { socialAccountId, limit, at }), at);
  if (free <= at) return null;
  const hours = Math.round(limit.windowMs / 36_000) / 100;
  return {
    path: "/scheduledAt",
    code: "beyond_quota",
    message: `the account's ${limit.max} posts in ${hours} hours are used up then; the next free time is ${free.toISOString()}`,
  };
}
