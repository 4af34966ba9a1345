/** Claiming posts as tests of claims do it, and what the rows say afterwards. */
import { randomUUID } from "node:crypto";
import type { TestEnvironment } from "@punctual/testing";
import { claimPost, type ClaimedPost, type ClaimRequest, type ClaimResult } from "./post-claim.ts";

type Row = Record<string, unknown>;

export interface Claiming {
  /** Revision 1, with a fresh token, for 20 s. */
  claim(postId: string, changes?: Partial<ClaimRequest>): Promise<ClaimResult>;
  /** @throws if it is not claimed */
  claimed(postId: string, changes?: Partial<ClaimRequest>): Promise<ClaimedPost>;
  /** With `lease_left_ms`. */
  row(id: string): Promise<Row>;
  attempts(id: string): Promise<Row[]>;
}

export const testLeaseMs = 20_000;

export function claiming(environment: () => TestEnvironment, phase: ClaimRequest["phase"]): Claiming {
  const claim: Claiming["claim"] = (postId, changes = {}) => {
    const terms = { revision: 1, claimToken: randomUUID(), worker: "worker-1", phase, leaseMs: testLeaseMs };
    return claimPost(environment().database, { postId, ...terms, ...changes });
  };
  return {
    claim,
    async claimed(postId, changes) {
      const result = await claim(postId, changes);
      if (result.kind !== "claimed") throw new Error(`not claimed: ${JSON.stringify(result)}`);
      return result.post;
    },
    async row(id) {
      const [found] = await environment().sql<Row>(
        `SELECT *, extract(epoch FROM lease_until - app_now()) * 1000 AS lease_left_ms FROM posts WHERE id = $1`,
        [id],
      );
      if (found === undefined) throw new Error("there is no such post");
      return found;
    },
    attempts: (id) => environment().sql<Row>("SELECT * FROM attempts WHERE post_id = $1 ORDER BY number", [id]),
  };
}
