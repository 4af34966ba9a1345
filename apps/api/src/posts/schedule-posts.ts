/**
 * Scheduling, one post or many: all or none. The Idempotency-Key is looked up before any question of time, state or
 * limits, so that a repeat gets the first answer whatever has changed since; and before a request under a key is
 * refused, one that is still running under the same key is waited for, so that a repeat is never told "no" where the
 * first was told "yes". The answer is complete before anything is stored, because it is stored with the posts; Redis is
 * told afterwards and never waited for.
 */
import { postLimits, type Platform, type ValidationIssue } from "@punctual/core";
import {
  acceptPosts,
  readAcceptance,
  toWaitingPost,
  waitForKey,
  type Database,
  type IdempotencyScope,
  type PostingAccount,
  type PostRecord,
} from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import { noTracing, type Tracing } from "@punctual/runtime";
import { draftPost } from "./post-draft.ts";
import { warnOfQuota } from "./quota-warning.ts";
import type { PostIn } from "./schemas.ts";
import { joinTrace } from "./trace-link.ts";

export interface ScheduleDeps {
  database: Database;
  producer: PublishProducer;
  platforms: ReadonlyMap<string, Platform>;
  /** Default: no traces are kept. */
  tracing?: Tracing | undefined;
}

export interface ScheduleRequest {
  companyId: string;
  requestId: string;
  inputs: readonly PostIn[];
  /** Where the post of this index stands in the request body, as a JSON pointer. */
  pathOf: (index: number) => string;
  idempotency: (IdempotencyScope & { requestHash: string }) | null;
  /** How long a request that is about to be refused waits for one under the same key, in milliseconds. */
  keyWaitMs: number;
  /** What to answer if these posts are accepted. */
  answer: (posts: readonly PostRecord[]) => ScheduleAnswer;
}

export interface ScheduleAnswer {
  statusCode: number;
  location: string | null;
  /** The body to send, byte for byte. */
  response: string;
}

export type ScheduleResult =
  | { kind: "accepted"; answer: ScheduleAnswer }
  /** The key was used for the same request before; this was answered. */
  | { kind: "replayed"; answer: ScheduleAnswer }
  /** The key was used for another request before. */
  | { kind: "key_reused" }
  | { kind: "refused"; issues: ValidationIssue[] }
  /** Another request is running under the key, and for long. */
  | { kind: "key_in_use" }
  /** Its accounts changed again and again while we tried. */
  | { kind: "contended" };

const roundsMax = 8;

export function schedulePosts(deps: ScheduleDeps, request: ScheduleRequest): Promise<ScheduleResult> {
  const { tracing = noTracing } = deps;
  return tracing.within({ name: "schedule", kind: "internal" }, async (span) => {
    const result = await schedule(deps, request);
    span.set({ "punctual.posts": request.inputs.length, "punctual.result": result.kind });
    return result;
  });
}

async function schedule(deps: ScheduleDeps, request: ScheduleRequest): Promise<ScheduleResult> {
  const { companyId, idempotency, inputs } = request;
  const socialAccountIds = [...new Set(inputs.map(({ socialAccountId }) => socialAccountId.toLowerCase()))];

  let waitedForKey = idempotency === null;
  for (let round = 0; round < roundsMax; round += 1) {
    const basis = await readAcceptance(deps.database, { companyId, socialAccountIds, idempotency });
    if (basis.answered !== null) {
      const sameRequest = basis.answered.requestHash === idempotency?.requestHash;
      return sameRequest ? { kind: "replayed", answer: basis.answered } : { kind: "key_reused" };
    }

    const { posts, accounts, issues } = draftAll(deps, request, basis);
    if (issues.length > 0) {
      if (waitedForKey || idempotency === null) return { kind: "refused", issues };
      const { path, key } = idempotency;
      waitedForKey = await waitForKey(deps.database, { companyId, path, key, waitMs: request.keyWaitMs });
      if (!waitedForKey) return { kind: "key_in_use" };
      continue;
    }

    const answer = request.answer(posts);
    const record = idempotency === null ? null : { ...idempotency, ...answer };
    const validUntil = latestAcceptance(posts);
    const result = await acceptPosts(deps.database, { companyId, posts, accounts, validUntil, idempotency: record });
    if (result === "changed") continue;

    await joinTrace(
      deps,
      posts.map(({ id }) => id),
    );
    deps.producer.nudge(posts.map(toWaitingPost).filter((waiting) => waiting !== null));
    await warnOfQuota(deps, posts);
    return { kind: "accepted", answer };
  }
  return { kind: "contended" };
}

function draftAll(
  { platforms }: ScheduleDeps,
  { companyId, requestId, inputs, pathOf }: ScheduleRequest,
  basis: { now: Date; accounts: ReadonlyMap<string, PostingAccount> },
): { posts: PostRecord[]; accounts: PostingAccount[]; issues: ValidationIssue[] } {
  const posts: PostRecord[] = [];
  const accounts = new Map<string, PostingAccount>();
  const issues: ValidationIssue[] = [];
  for (const [index, input] of inputs.entries()) {
    const draft = draftPost(input, { companyId, requestId, platforms, ...basis });
    if (draft.kind === "issues") {
      issues.push(...draft.issues.map((issue) => ({ ...issue, path: pathOf(index) + issue.path })));
    } else {
      posts.push(draft.post);
      accounts.set(draft.account.id, draft.account);
    }
  }
  return { posts, accounts: [...accounts.values()], issues };
}

/** When the first of them would be refused for lying in the past. */
function latestAcceptance(posts: readonly PostRecord[]): Date {
  return new Date(Math.min(...posts.map(({ scheduledAt }) => scheduledAt.getTime())) + postLimits.pastToleranceMs);
}
