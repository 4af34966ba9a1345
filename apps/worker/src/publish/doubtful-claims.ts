/**
 * Claims whose answer never came: they may have been committed all the same. Nothing is sent under them, so they are
 * given back as soon as Postgres answers, one after the other; what is not given back in time is the rescuer's.
 */
import { setTimeout as delay } from "node:timers/promises";
import { returnClaim, type Database } from "@punctual/db";
import type { Logger } from "@punctual/runtime";

export interface DoubtfulClaims {
  add(postId: string, claimToken: string): void;
}

const claimsMax = 5_000;
/** By then the lease is over and the rescuer has decided, in milliseconds. */
const giveUpMs = 30_000;
const retryDelayMs = 500;

export function createDoubtfulClaims({ database, logger }: { database: Database; logger: Logger }): DoubtfulClaims {
  const claims: { postId: string; claimToken: string; since: number }[] = [];
  let returning = false;

  async function giveBack(): Promise<void> {
    for (let claim = claims[0]; claim !== undefined; claim = claims[0]) {
      const { postId, claimToken, since } = claim;
      try {
        if (await returnClaim(database, { postId, claimToken }))
          logger.info({ postId }, "a doubtful claim was given back");
      } catch {
        if (performance.now() - since < giveUpMs) {
          await delay(retryDelayMs);
          continue;
        }
      }
      claims.shift();
    }
  }

  return {
    add(postId, claimToken) {
      if (claims.length >= claimsMax) return;
      claims.push({ postId, claimToken, since: performance.now() });
      if (returning) return;
      returning = true;
      void giveBack().finally(() => {
        returning = false;
      });
    },
  };
}
