/**
 * Takes posts out of dead hands. A worker whose lease is over is dead, says Postgres, whatever Redis believes. If it
 * died before sending, the post is simply taken again; if it died while sending, nobody knows, and the platform's
 * guarantee decides between a harmless repeat and a person's eyes.
 */
import {
  settle,
  settleAbandoned,
  type Outcome,
  type Platform,
  type RetryPolicy,
  type Settlement,
} from "@punctual/core";
import {
  attemptEnd,
  recordSettlement,
  strandedPosts,
  type AttemptEnd,
  type Database,
  type StrandedPost,
} from "@punctual/db";
import type { Logger, Service } from "@punctual/runtime";
import type { Lookout } from "./lookout.ts";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

export interface RescuerDeps {
  database: Database;
  platforms: ReadonlyMap<string, Platform>;
  retryPolicy: RetryPolicy;
  logger: Logger;
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
}

const batchSizeMax = 500;
/** Posts settled at a time. */
const parallelMax = 4;
const intervalMs = 500;

export function createRescuer(deps: RescuerDeps): Service {
  const { database, logger, lookout, pulse } = deps;

  async function settleStranded(post: StrandedPost): Promise<void> {
    const { settlement, attempt } = rescue(post, deps);
    const record = {
      postId: post.id,
      claimToken: post.claimToken,
      settlement,
      attempt,
      needsJob: true,
      onlyAfterLease: true,
    };
    if (!(await recordSettlement(database, record))) return;
    pulse?.healed("rescuer", 1);
    const context = { postId: post.id, requestId: post.requestId, worker: post.worker, phase: post.phase };
    logger.warn({ ...context, attempt: post.attempt, status: settlement.status }, "post taken from a dead worker");
  }

  return createSweeper(
    { name: "rescuer", intervalMs },
    {
      logger,
      lookout,
      pulse,
      async sweep(stopping, outlook) {
        if (outlook?.strandedPosts === false) return false;
        const posts = await strandedPosts(database, batchSizeMax);
        let fault: Error | undefined;
        for (let at = 0; at < posts.length && !stopping.aborted; at += parallelMax) {
          const some = posts.slice(at, at + parallelMax);
          const results = await Promise.allSettled(some.map(settleStranded));
          const faults = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
          fault ??= faults[0];
          // One post that cannot be settled must not stand in the way of others; a database that is away stops all.
          if (faults.length === some.length) break;
        }
        if (fault !== undefined) throw fault;
        return posts.length === batchSizeMax;
      },
    },
  );
}

function rescue(
  post: StrandedPost,
  { platforms, retryPolicy }: RescuerDeps,
): { settlement: Settlement; attempt: AttemptEnd } {
  if (post.phase === "preparing") {
    const attempt = {
      category: "internal",
      code: "worker_lost",
      message: "the worker died before sending",
      httpStatus: null,
    };
    return { settlement: settleAbandoned(post), attempt: { outcome: "abandoned", ...attempt } };
  }
  const outcome: Outcome = { kind: "unknown", code: "worker_lost", message: "the worker died while sending" };
  const settlement = settle(outcome, {
    attemptsUsed: post.attemptsUsed,
    maxAttempts: post.maxAttempts,
    waitsBefore: post.attempt - post.attemptsUsed,
    // A platform this version does not know promises nothing.
    guarantee: platforms.get(post.platform)?.guarantee(post, post.now, post.settings) ?? "at_most_once",
    outcomeOpen: post.outcomeOpen,
    policy: retryPolicy,
    random: Math.random(),
  });
  return { settlement, attempt: attemptEnd(outcome) };
}
