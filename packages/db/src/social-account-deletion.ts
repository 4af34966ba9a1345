/**
 * Deleting an account. Its row stays, because its posts do, but its credentials are wiped and no post of it is left
 * unended: those that wait are cancelled or stand in the way, those whose outcome is not known yet always do. The lock
 * on the account makes posts that are just being accepted or retried finish first, or find it gone.
 */
import { cancellableStatuses, endedStatuses } from "@punctual/core";
import type { Keyring } from "@punctual/runtime";
import { setTimeout as pause } from "node:timers/promises";
import type { AccountName } from "./account-pausing.ts";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";

export interface SocialAccountDeletion extends AccountName {
  /** Whether posts that wait are cancelled; if not, they stand in the way. */
  cancelWaiting: boolean;
  requestId: string;
}

/** A post whose job has nothing to do any more. */
export interface CancelledPost {
  postId: string;
  platform: string;
  revision: number;
  generation: number;
}

export type SocialAccountDeletionResult =
  | { kind: "deleted"; cancelled: CancelledPost[] }
  | { kind: "no_such_account" }
  /** So many posts wait; nothing was changed. */
  | { kind: "has_waiting_posts"; count: number }
  /** So many posts are being published, or may have been; nothing was changed. */
  | { kind: "has_unsettled_posts"; count: number };

/** Posts cancelled by one statement. */
const batchSizeMax = 5_000;
/** For the whole transaction, in milliseconds. */
const transactionTimeoutMs = 60_000;
/** How often and how far apart, in milliseconds, we try while others are at posts that wait. */
const roundsMax = 10;
const pauseMs = 50;

export async function deleteSocialAccount(
  database: Database,
  keyring: Keyring,
  deletion: SocialAccountDeletion,
): Promise<SocialAccountDeletionResult> {
  for (let round = 1; ; round += 1) {
    const result = await tryToDelete(database, keyring, deletion);
    if (result.kind !== "busy") return result;
    if (round === roundsMax) return { kind: "has_unsettled_posts", count: result.count };
    await pause(pauseMs);
  }
}

/** `busy`: somebody is at so many of the posts that wait, perhaps to claim them; nothing was changed. */
function tryToDelete(
  { prisma }: Database,
  keyring: Keyring,
  { companyId, id, cancelWaiting, requestId }: SocialAccountDeletion,
): Promise<SocialAccountDeletionResult | { kind: "busy"; count: number }> {
  return prisma.$transaction(
    async (transaction) => {
      const known = await transaction.$queryRaw<object[]>`
        SELECT id FROM social_accounts
        WHERE id = ${id}::uuid AND company_id = ${companyId}::uuid AND deleted_at IS NULL FOR UPDATE`;
      if (known.length === 0) return { kind: "no_such_account" as const };

      const locked = cancelWaiting ? await lockWaitingPosts(transaction, id) : 0;
      const { waiting, unsettled } = await countOpenPosts(transaction, id);
      if (!cancelWaiting && waiting > 0) return { kind: "has_waiting_posts" as const, count: waiting };
      if (unsettled > 0) return { kind: "has_unsettled_posts" as const, count: unsettled };
      if (waiting > locked) return { kind: "busy" as const, count: waiting - locked };

      const cancelled = locked > 0 ? await cancelWaitingPosts(transaction, id, requestId) : [];
      await transaction.$executeRaw`
        UPDATE social_accounts
        SET deleted_at = app_now(), updated_at = app_now(), credentials = ${keyring.seal("{}", id)},
            credentials_version = credentials_version + 1
        WHERE id = ${id}::uuid`;
      return { kind: "deleted" as const, cancelled };
    },
    { timeout: transactionTimeoutMs },
  );
}

const isWaiting = Prisma.sql`status = ANY (${[...cancellableStatuses]}::text[]) AND NOT outcome_open`;

/** Nobody can claim these until the transaction ends. Skips what somebody is at: waiting for them could deadlock. */
async function lockWaitingPosts(transaction: Prisma.TransactionClient, accountId: string): Promise<number> {
  const [row] = await transaction.$queryRaw<[{ count: number }]>`
    SELECT count(*)::integer AS count FROM (
      SELECT id FROM posts WHERE social_account_id = ${accountId}::uuid AND ${isWaiting}
      ORDER BY id FOR UPDATE SKIP LOCKED) AS locked`;
  return row.count;
}

async function countOpenPosts(
  transaction: Prisma.TransactionClient,
  accountId: string,
): Promise<{ waiting: number; unsettled: number }> {
  const [row] = await transaction.$queryRaw<[{ waiting: number; unsettled: number }]>`
    SELECT count(*) FILTER (WHERE ${isWaiting})::integer AS waiting,
           count(*) FILTER (WHERE NOT (${isWaiting}))::integer AS unsettled
    FROM posts WHERE social_account_id = ${accountId}::uuid AND status <> ALL (${[...endedStatuses]}::text[])`;
  return row;
}

async function cancelWaitingPosts(
  transaction: Prisma.TransactionClient,
  accountId: string,
  requestId: string,
): Promise<CancelledPost[]> {
  const all: CancelledPost[] = [];
  for (;;) {
    const cancelled = await transaction.$queryRaw<CancelledPost[]>`
      WITH cancelled AS (
        UPDATE posts SET status = 'cancelled', held_reason = NULL, updated_at = app_now()
        WHERE id IN (SELECT id FROM posts WHERE social_account_id = ${accountId}::uuid AND ${isWaiting} LIMIT ${batchSizeMax})
        RETURNING *
      ), announced AS (
        INSERT INTO events (company_id, post_id, social_account_id, type, data, request_id, created_at)
        SELECT company_id, id, social_account_id, 'post.cancelled',
               jsonb_build_object('status', status, 'revision', revision, 'reason', 'account_deleted'), ${requestId}, updated_at
        FROM cancelled
      )
      SELECT id AS "postId", platform, revision, generation FROM cancelled`;
    all.push(...cancelled);
    if (cancelled.length < batchSizeMax) return all;
  }
}
