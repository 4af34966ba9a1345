/**
 * What the health of the installation is read from, in few statements none of which reads more than a bounded part of
 * the posts, however many there are.
 */
import type { FailureCategory } from "@punctual/core";
import type { Database } from "./database.ts";
import { withinHorizon } from "./post-enqueue.ts";

/** Posts of one platform that are due or soon will be. */
export interface DueFigures {
  platform: string;
  dueIn1m: number;
  dueIn5m: number;
  dueIn15m: number;
  /** Due for more than `overdueMs`. */
  overdue: number;
  /** Since when the longest due post has waited that a worker could claim, in milliseconds; null: there is none. */
  oldestClaimableMs: number | null;
}

export interface InstallationFigures {
  now: Date;
  /** Of every platform that has posts. */
  due: DueFigures[];
  /** Posts that wait for a limit. */
  limited: number;
  /** Waiting posts for which Redis is not known to hold a job, for longer than the stager takes. */
  withoutJob: number;
  failed24h: number;
  /** By when it was found that they were missed. */
  missed24h: number;
  /** Unconfirmed posts that the platform is not asked about any more. */
  undecided: number;
  /** Accounts that must be reconnected. */
  disconnectedAccounts: number;
  lastError: {
    category: FailureCategory;
    code: string;
    message: string;
    at: string;
    postId: string;
    platform: string;
  } | null;
}

/** Due posts are counted up to here, per platform: nobody needs to know more, and counting must stay cheap. */
export const dueCountMax = 200_000;
/** A post that is due for less is on its way, in milliseconds. */
export const overdueMs = 5_000;
/** The stager gives a post its job within this time, in milliseconds. */
const stagingMs = 5_000;

/** @param horizonMs how far ahead posts have jobs, in milliseconds; null: any */
export async function readInstallationFigures(
  { prisma }: Database,
  { horizonMs }: { horizonMs: number | null },
): Promise<InstallationFigures> {
  const [row] = await prisma.$queryRaw<[InstallationFigures]>`
    WITH platform AS MATERIALIZED (
      SELECT platform AS name FROM post_counts UNION SELECT platform FROM post_count_changes
    ), due AS (
      SELECT platform.name AS platform, soon.*,
        (SELECT (extract(epoch FROM app_now() - post.next_attempt_at) * 1000)::double precision
           FROM posts AS post JOIN social_accounts AS account ON account.id = post.social_account_id
          WHERE post.status IN ('scheduled', 'retrying') AND post.platform = platform.name AND post.next_attempt_at <= app_now()
            AND (post.when_late = 'publish' OR post.outcome_open OR app_now() <= post.late_at)
            AND account.status = 'active' AND NOT account.paused
          ORDER BY post.next_attempt_at LIMIT 1) AS "oldestClaimableMs"
      FROM platform CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE next_attempt_at <= app_now() + interval '1 minute')::integer AS "dueIn1m",
               count(*) FILTER (WHERE next_attempt_at <= app_now() + interval '5 minutes')::integer AS "dueIn5m",
               count(*)::integer AS "dueIn15m",
               count(*) FILTER (WHERE next_attempt_at <= app_now() - ${overdueMs} * interval '1 millisecond')::integer AS overdue
        FROM (SELECT next_attempt_at FROM posts
              WHERE status IN ('scheduled', 'retrying') AND platform = platform.name
                AND next_attempt_at <= app_now() + interval '15 minutes'
              ORDER BY next_attempt_at LIMIT ${dueCountMax}) AS post
      ) AS soon
    )
    SELECT app_now() AS now,
      coalesce((SELECT jsonb_agg(to_jsonb(due)) FROM due), '[]') AS due,
      (SELECT count(*)::integer FROM posts
        WHERE status IN ('scheduled', 'retrying') AND limited_until IS NOT NULL
          AND limited_until = next_attempt_at AND limited_until > app_now()) AS limited,
      (SELECT count(*)::integer FROM (
        SELECT FROM posts WHERE enqueued_rev < revision AND status IN ('scheduled', 'retrying')
          AND updated_at <= app_now() - ${stagingMs} * interval '1 millisecond' ${withinHorizon(horizonMs)} LIMIT ${dueCountMax}) AS post) AS "withoutJob",
      (SELECT count(*)::integer FROM posts WHERE status = 'failed' AND failed_at > app_now() - interval '24 hours') AS "failed24h",
      (SELECT count(*)::integer FROM posts WHERE status = 'missed' AND updated_at > app_now() - interval '24 hours') AS "missed24h",
      (SELECT count(*)::integer FROM posts WHERE status = 'unconfirmed' AND confirm_at IS NULL) AS undecided,
      (SELECT count(*)::integer FROM social_accounts
        WHERE (paused OR status = 'needs_reconnect') AND status = 'needs_reconnect' AND deleted_at IS NULL) AS "disconnectedAccounts",
      (SELECT jsonb_build_object('category', e.data #>> '{failure,category}', 'code', e.data #>> '{failure,code}',
                'message', e.data #>> '{failure,message}', 'at', e.created_at, 'postId', e.post_id, 'platform', p.platform)
         FROM events AS e JOIN posts AS p ON p.id = e.post_id
        WHERE e.data ? 'failure' AND e.type IN ('post.retrying', 'post.failed', 'post.unconfirmed', 'post.held')
        ORDER BY e.sequence DESC LIMIT 1) AS "lastError"`;
  return row;
}
