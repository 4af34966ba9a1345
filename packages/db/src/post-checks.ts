/** Looking at posts a day and an hour before their instant: which are to be looked at, and what their accounts showed. */
import { aheadTimes, type AccountCheck, type PostContent } from "@punctual/core";
import type { Database } from "./database.ts";
import type { ClaimedPost } from "./post-claim.ts";
import { Prisma } from "./generated/client.ts";

/** A post taken for one look. */
export interface PostToCheck extends PostContent {
  id: string;
  platform: string;
  socialAccountId: string;
  account: ClaimedPost["account"];
  /** What its account showed last; null: nothing yet. */
  accountCheck: { kind: AccountCheck["kind"]; message: string | null } | null;
}

const ms = (value: number) => Prisma.sql`${value}::float8 * interval '1 millisecond'`;

/** Takes posts whose look is due, soonest first. A look that is broken off is not repeated; the next one is an hour ahead. */
export function takeChecks(
  database: Database,
  { platforms, limit }: { platforms: readonly string[]; limit: number },
): Promise<PostToCheck[]> {
  const due = (left: number, withinMs: number) => Prisma.sql`
    SELECT id FROM posts
    WHERE status = 'scheduled' AND checks_left = ${left} AND platform = ANY (${[...platforms]})
      AND next_attempt_at <= app_now() + ${ms(withinMs)}
    ORDER BY next_attempt_at LIMIT ${limit}
    FOR NO KEY UPDATE SKIP LOCKED`;
  return database.prisma.$queryRaw<PostToCheck[]>`
    WITH soon AS (${due(1, aheadTimes.secondCheckMs)}
    ), tomorrow AS (${due(2, aheadTimes.firstCheckMs)}
    ), taken AS (
      UPDATE posts AS post
      SET checks_left = CASE WHEN post.next_attempt_at <= app_now() + ${ms(aheadTimes.secondCheckMs)} THEN 0 ELSE 1 END
      FROM (SELECT id FROM soon UNION ALL SELECT id FROM tomorrow LIMIT ${limit}) AS due
      WHERE post.id = due.id
      RETURNING post.*
    )
    SELECT post.id, post.platform, post.social_account_id AS "socialAccountId", post.content AS text, post.media,
           post.link, post.options, post.metadata,
           jsonb_build_object('settings', account.settings, 'credentials', account.credentials,
             'credentialsVersion', account.credentials_version, 'sandbox', account.sandbox) AS account,
           CASE WHEN account.checked_at IS NOT NULL AND account.check_result IS NOT NULL THEN
             jsonb_build_object('kind', account.check_result, 'message', account.check_message) END AS "accountCheck"
    FROM taken AS post JOIN social_accounts AS account ON account.id = post.social_account_id
    WHERE account.status = 'active' AND NOT account.paused
    ORDER BY post.next_attempt_at`;
}

/** Whether this process is the one to ask about the account: at most once in so many milliseconds. */
export async function claimAccountCheck(
  database: Database,
  { socialAccountId, notWithinMs }: { socialAccountId: string; notWithinMs: number },
): Promise<boolean> {
  const taken = await database.prisma.$executeRaw`
    UPDATE social_accounts SET checked_at = app_now()
    WHERE id = ${socialAccountId}::uuid AND deleted_at IS NULL
      AND (checked_at IS NULL OR checked_at <= app_now() - ${ms(notWithinMs)})`;
  return taken === 1;
}

/** What an account showed; settings it told belong to the credentials it was asked with. */
export async function keepAccountCheck(
  database: Database,
  { socialAccountId, check }: { socialAccountId: string; check: AccountCheck },
): Promise<void> {
  const learned = check.kind === "works" ? check.learned : undefined;
  await database.prisma.$executeRaw`
    UPDATE social_accounts
    SET check_result = ${check.kind}, check_message = ${check.kind === "works" ? null : check.message},
        settings = CASE WHEN credentials_version = ${learned?.credentialsVersion ?? null}::integer
          THEN settings || ${JSON.stringify(learned?.settings ?? {})}::jsonb ELSE settings END
    WHERE id = ${socialAccountId}::uuid`;
}
