/** What an account has sent and is about to send, as its platform's limits count it. */
import type { CountedSend, RateLimit } from "@punctual/core";
import type { Database } from "./database.ts";

/** Of planned posts, so many are looked at; whoever plans more is told of the first. */
const plannedMax = 10_000;

/**
 * The sends that count under a limit of the account at an instant or later: those of the past by their slots, those to
 * come by when they are due.
 */
export async function countedSends(
  database: Database,
  { socialAccountId, limit, at }: { socialAccountId: string; limit: RateLimit; at: Date },
): Promise<CountedSend[]> {
  const { windowMs } = limit;
  return database.prisma.$queryRaw<CountedSend[]>`
    SELECT free_at - ${windowMs}::float8 * interval '1 millisecond' AS from, free_at AS until
    FROM rate_slots
    WHERE subject = ${socialAccountId} AND window_ms = ${windowMs}::bigint AND number <= ${limit.max} AND free_at > ${at}
    UNION ALL (
      SELECT next_attempt_at, next_attempt_at + ${windowMs}::float8 * interval '1 millisecond'
      FROM posts
      WHERE social_account_id = ${socialAccountId}::uuid AND status IN ('scheduled', 'retrying')
        AND next_attempt_at > ${at}::timestamptz - ${windowMs}::float8 * interval '1 millisecond'
      ORDER BY next_attempt_at LIMIT ${plannedMax})`;
}
