/** Posts whose worker let the lease run out. Only Postgres decides that a worker is dead. */
import type { OutgoingPost } from "@punctual/core";
import type { Database } from "./database.ts";

/** A post left in `publishing`, as far as deciding about it needs. */
export interface StrandedPost extends OutgoingPost {
  platform: string;
  claimToken: string;
  worker: string;
  phase: "preparing" | "sending";
  attempt: number;
  attemptsUsed: number;
  maxAttempts: number;
  outcomeOpen: boolean;
  /** Of its account. */
  settings: Record<string, unknown>;
  /** The database's time. */
  now: Date;
}

/** Posts with a lease that is over, oldest first. */
export async function strandedPosts(database: Database, limit: number): Promise<StrandedPost[]> {
  return database.prisma.$queryRaw<StrandedPost[]>`
    SELECT post.id, post.platform, post.social_account_id AS "socialAccountId", post.revision, post.content AS text, post.media,
           post.link, post.options, post.metadata, post.scheduled_at AS "scheduledAt", post.first_sent_at AS "firstSentAt",
           post.request_id AS "requestId", post.claim_token AS "claimToken", post.claimed_by AS worker, attempt.phase,
           post.attempts AS attempt, post.attempts_used AS "attemptsUsed", post.max_attempts AS "maxAttempts",
           post.outcome_open AS "outcomeOpen", account.settings, app_now() AS now
    FROM posts AS post
    JOIN social_accounts AS account ON account.id = post.social_account_id
    JOIN attempts AS attempt ON attempt.post_id = post.id AND attempt.claim_token = post.claim_token
    WHERE post.status = 'publishing' AND post.lease_until < app_now()
    ORDER BY post.lease_until
    LIMIT ${limit}`;
}
