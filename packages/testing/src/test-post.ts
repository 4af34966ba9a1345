/** A waiting post straight into the database, for tests of what comes after accepting. */
import { newId } from "@punctual/db";
import type { TestTenant } from "./test-tenant.ts";

export interface TestPostOptions {
  platform?: string;
  text?: string;
  /** From now by the database's clock, in milliseconds; negative: it was due. Default 0. */
  dueInMs?: number;
  maxAttempts?: number;
  graceMinutes?: number;
  whenLate?: "miss" | "publish";
  /** Whether Redis is said to hold its job; default no. */
  enqueued?: boolean;
}

export interface SqlRunner {
  sql<Row extends object>(query: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

/** @returns the post's id; its revision is 1, its generation 0 */
export async function insertTestPost(
  { sql }: SqlRunner,
  tenant: Pick<TestTenant, "companyId" | "clientId" | "socialAccountId">,
  options: TestPostOptions = {},
): Promise<string> {
  const [id] = await insertTestPosts({ sql }, tenant, 1, options);
  return id as string;
}

/** Many posts alike, in one statement. */
export async function insertTestPosts(
  { sql }: SqlRunner,
  tenant: Pick<TestTenant, "companyId" | "clientId" | "socialAccountId">,
  count: number,
  options: TestPostOptions = {},
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  await sql(
    `INSERT INTO posts (id, company_id, social_account_id, client_id, platform, content, scheduled_at, grace_minutes,
                        when_late, late_at, status, accepted_at, max_attempts, next_attempt_at, created_at, updated_at, enqueued_rev)
     SELECT id, $2, $3, $4, $5, $6, due, $8::int, $9, due + $8::int * interval '1 minute', 'scheduled', app_now(), $10, due,
            app_now(), app_now(), $11
     FROM unnest($1::uuid[]) AS id, LATERAL (SELECT app_now() + $7::int * interval '1 millisecond' AS due) AS instant`,
    [
      ids,
      tenant.companyId,
      tenant.socialAccountId,
      tenant.clientId,
      options.platform ?? "webhook",
      options.text ?? "A post",
      options.dueInMs ?? 0,
      options.graceMinutes ?? 2_880,
      options.whenLate ?? "miss",
      options.maxAttempts ?? 5,
      options.enqueued === true ? 1 : 0,
    ],
  );
  return ids;
}
