/**
 * The parts of a worker on which the promise rests, each broken in turn, so that the suite can be seen to notice.
 * They exist here only: no shipped process can be told to run with one of them.
 */
import { claimPost, type UnenqueuedPost } from "@punctual/db";
import { shippedParts, type WorkerParts } from "../../apps/worker/src/parts.ts";
import { claimTimes } from "../../apps/worker/src/publish/claim.ts";

export const breakableParts = [
  "fence",
  "stager",
  "rebuilder",
  "generation",
  "send-marker",
  "late-success",
  "limits",
] as const;
export type BreakablePart = (typeof breakableParts)[number];

export function partsWith(broken: BreakablePart | null): WorkerParts {
  return broken === null ? shippedParts : { ...shippedParts, ...brokenParts[broken] };
}

const idle = () => ({ start: async () => {}, stop: async () => {} });

const brokenParts: Readonly<Record<BreakablePart, Partial<WorkerParts>>> = {
  /** Claims whatever a job names: not due, held by another, of an old revision, or published long ago. */
  fence: {
    async claimPost(database, request) {
      const [row] = await database.prisma.$queryRaw<{ revision: number }[]>`
        UPDATE posts
        SET status = 'scheduled', next_attempt_at = least(next_attempt_at, app_now()), outcome_open = false,
            claim_token = NULL, claimed_by = NULL, lease_until = NULL, held_reason = NULL, published_at = NULL
        WHERE id = ${request.postId}::uuid
        RETURNING revision`;
      return claimPost(database, { ...request, revision: row?.revision ?? request.revision });
    },
  },

  /** What was accepted while Redis was away never gets a job. */
  stager: { createStager: idle },

  /** What Redis lost stays lost. */
  rebuilder: { createRebuilder: idle },

  /** Lost jobs come back under ids that BullMQ still knows, and silently ignores. */
  generation: {
    raiseGenerations(database, jobs) {
      return database.prisma.$queryRaw<UnenqueuedPost[]>`
        SELECT id AS "postId", platform, revision, generation, next_attempt_at AS "dueAt",
               max_attempts AS "maxAttempts", request_id AS "requestId"
        FROM posts WHERE id = ANY (${jobs.map(({ postId }) => postId)}::uuid[]) AND status IN ('scheduled', 'retrying')`;
    },
  },

  /** Sends without having said so: a worker that dies while sending looks as if it had sent nothing. */
  "send-marker": {
    claimTerms: () => ({ phase: "preparing", leaseMs: claimTimes.prepareLeaseMs }),
  },

  /** A success that comes in after the claim was lost is forgotten. */
  "late-success": { recordLateSuccess: async () => "unknown_attempt" },

  /** Claims without taking a slot of the platform's limits. */
  limits: { claimTerms: (platform) => ({ ...shippedParts.claimTerms(platform), limits: [] }) },
};
