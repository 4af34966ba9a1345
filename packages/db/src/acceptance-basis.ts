/** All that accepting posts depends on: the time, the accounts, and the first answer if the key was used before. */
import { gathered } from "./gathering.ts";
import type { IdempotencyScope, IdempotentAnswer } from "./idempotency-record.ts";

/** What accepting a post must know of its account. */
export interface PostingAccount {
  id: string;
  clientId: string | null;
  platform: string;
  status: "active" | "needs_reconnect";
  paused: boolean;
}

export interface AcceptanceBasis {
  now: Date;
  /** The company's accounts among those asked for, by id. */
  accounts: ReadonlyMap<string, PostingAccount>;
  /** What was answered under the key before; null: nothing yet, or no key was given. */
  answered: IdempotentAnswer | null;
}

export interface AcceptanceQuestion {
  companyId: string;
  socialAccountIds: readonly string[];
  idempotency: IdempotencyScope | null;
}

const limits = { parallelMax: 1, sizeMax: 200 };

/** As it is at some instant after the question was asked. */
export const readAcceptance = gathered<AcceptanceQuestion, AcceptanceBasis>(limits, async (database, questions) => {
  const asked = questions.map(({ companyId, socialAccountIds, idempotency }) => {
    return { companyId, socialAccountIds, path: idempotency?.path, key: idempotency?.key };
  });
  const rows = await database.prisma.$queryRaw<
    { now: Date; accounts: PostingAccount[] | null; answered: IdempotentAnswer | null }[]
  >`/* =read-acceptance */
    SELECT app_now() AS now,
      (SELECT jsonb_agg(jsonb_build_object(
                'id', id, 'clientId', client_id, 'platform', platform, 'status', status, 'paused', paused))
         FROM social_accounts
        WHERE company_id = asked."companyId" AND id = ANY (asked."socialAccountIds") AND deleted_at IS NULL) AS accounts,
      (SELECT jsonb_build_object('requestHash', encode(request_hash, 'hex'), 'statusCode', status_code,
                'location', location, 'response', response)
         FROM idempotency_records
        WHERE company_id = asked."companyId" AND path = asked.path AND key = asked.key) AS answered
    FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
      AS ("companyId" uuid, "socialAccountIds" uuid[], path text, key text)) WITH ORDINALITY
      AS asked ("companyId", "socialAccountIds", path, key, number)
    ORDER BY asked.number`;
  return rows.map(({ now, accounts, answered }) => {
    return { now, accounts: new Map((accounts ?? []).map((account) => [account.id, account])), answered };
  });
});
