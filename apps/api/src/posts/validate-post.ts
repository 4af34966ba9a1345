/** Would this post be accepted? Decided by the same code that accepts posts, and then forgotten. */
import type { ValidationIssue } from "@punctual/core";
import { readAcceptance } from "@punctual/db";
import { draftPost } from "./post-draft.ts";
import type { ScheduleDeps } from "./schedule-posts.ts";
import type { PostIn } from "./schemas.ts";

export interface ValidationRequest {
  companyId: string;
  requestId: string;
  input: PostIn;
}

/** Every fault at once; none: it would be accepted now. */
export async function validatePost(
  { database, platforms }: Pick<ScheduleDeps, "database" | "platforms">,
  { companyId, requestId, input }: ValidationRequest,
): Promise<ValidationIssue[]> {
  const socialAccountIds = [input.socialAccountId.toLowerCase()];
  const { now, accounts } = await readAcceptance(database, { companyId, socialAccountIds, idempotency: null });
  const draft = draftPost(input, { companyId, requestId, now, accounts, platforms });
  return draft.kind === "issues" ? draft.issues : [];
}
