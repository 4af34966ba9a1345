/**
 * How many posts are in which state, without counting them: the database notes every change of a state, and what it
 * noted is added up here. Reading sums both, so the answer is exact at any moment, however much is not added up yet.
 */
import type { PostStatus } from "@punctual/core";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";

export interface PostCount {
  platform: string;
  status: PostStatus;
  count: number;
}

/** Sums per platform and state, from a relation of changes. */
const sums = (changes: Prisma.Sql) => Prisma.sql`
  SELECT platform, from_status AS status, -amount::bigint AS amount FROM ${changes} WHERE from_status IS NOT NULL
  UNION ALL
  SELECT platform, to_status, amount::bigint FROM ${changes} WHERE to_status IS NOT NULL`;

/** Of this very moment. States no post is in are left out. */
export function readPostCounts(database: Database): Promise<PostCount[]> {
  return database.prisma.$queryRaw<PostCount[]>`
    SELECT platform, status, sum(amount)::integer AS count
    FROM (SELECT platform, status, amount FROM post_counts UNION ALL ${sums(Prisma.sql`post_count_changes`)}) AS part
    GROUP BY platform, status HAVING sum(amount) <> 0 ORDER BY platform, status`;
}

/**
 * Adds up some of what was noted. Any number of processes may do so at once.
 *
 * @returns how many notes were added up; as many as `limit` means there may be more
 */
export async function addUpPostCounts(database: Database, limit: number): Promise<number> {
  const [row] = await database.prisma.$queryRaw<[{ count: number }]>`
    WITH taken AS (
      DELETE FROM post_count_changes WHERE id IN (
        SELECT id FROM post_count_changes ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING platform, from_status, to_status, amount
    ), added AS (
      INSERT INTO post_counts (platform, status, amount)
      SELECT platform, status, sum(amount) FROM (${sums(Prisma.sql`taken`)}) AS part
      GROUP BY platform, status HAVING sum(amount) <> 0 ORDER BY platform, status
      ON CONFLICT (platform, status) DO UPDATE SET amount = post_counts.amount + excluded.amount
    )
    SELECT count(*)::integer AS count FROM taken`;
  return row.count;
}

/**
 * Counts all posts and puts the sums right. There is nothing to put right unless somebody changed posts past the
 * triggers; it takes about a second per million posts.
 *
 * @returns by how much the sums were wrong, all states together
 */
export async function recountPosts(database: Database): Promise<number> {
  const [row] = await database.prisma.$queryRaw<[{ wrong: number }]>`
    WITH known AS (
      SELECT platform, status, sum(amount) AS amount
      FROM (SELECT platform, status, amount FROM post_counts UNION ALL ${sums(Prisma.sql`post_count_changes`)}) AS part
      GROUP BY platform, status
    ), counted AS (
      SELECT platform, status, count(*) AS amount FROM posts GROUP BY platform, status
    ), wrong AS (
      SELECT platform, status, coalesce(counted.amount, 0) - coalesce(known.amount, 0) AS amount
      FROM counted FULL JOIN known USING (platform, status)
      WHERE coalesce(counted.amount, 0) <> coalesce(known.amount, 0)
    ), corrected AS (
      INSERT INTO post_count_changes (platform, to_status, amount) SELECT platform, status, amount FROM wrong
    )
    SELECT coalesce(sum(abs(amount)), 0)::integer AS wrong FROM wrong`;
  return row.wrong;
}
