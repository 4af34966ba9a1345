/**
 * What is wrong with a bulk request of which some posts do not even fit the schema. Those that do are looked at as well,
 * so that a client is told of every bad post at once and not again after each repair.
 */
import { postLimits, type ValidationIssue } from "@punctual/core";
import { readAcceptance } from "@punctual/db";
import type { FastifySchemaValidationError } from "fastify";
import { isObject } from "../merge-patch.ts";
import { describeFaults } from "../plugins/validation.ts";
import { ProblemError } from "../problem.ts";
import { draftPost } from "./post-draft.ts";
import type { ScheduleDeps } from "./schedule-posts.ts";
import type { PostIn } from "./schemas.ts";

export interface UnfitBulk {
  companyId: string;
  requestId: string;
  /** As it came. */
  body: unknown;
}

/** What Fastify hands on of a request that does not fit. */
type Misfit = Error & { validation: FastifySchemaValidationError[]; validationContext: string };

/** @returns what to throw: the refusal, its faults in the order of the posts, or the misfit if it is no fault of the body's */
export async function unfitBulk(deps: ScheduleDeps, bulk: UnfitBulk, misfit: Misfit): Promise<Error> {
  if (misfit.validationContext !== "body") return misfit;
  const { validation: faults } = misfit;
  const unfit = new Set(faults.map(({ instancePath }) => placeOf(instancePath)));
  const issues = [...describeFaults(faults), ...(await otherIssues(deps, bulk, unfit))];
  const inOrder = issues.toSorted((a, b) => placeOf(a.path) - placeOf(b.path));
  return new ProblemError(400, "invalid_request", "The body does not fit, see errors.", { issues: inOrder });
}

/** Of the posts that fit. */
async function otherIssues(
  { database, platforms }: ScheduleDeps,
  { companyId, requestId, body }: UnfitBulk,
  unfit: ReadonlySet<number>,
): Promise<ValidationIssue[]> {
  const posts: unknown = isObject(body) ? body["posts"] : undefined;
  if (!Array.isArray(posts) || posts.length > postLimits.bulkPostsMax) return [];
  // The schema has nothing against these.
  const fit = [...(posts as PostIn[]).entries()].filter(([index]) => !unfit.has(index));
  const socialAccountIds = [...new Set(fit.map(([, { socialAccountId }]) => socialAccountId.toLowerCase()))];
  const basis = await readAcceptance(database, { companyId, socialAccountIds, idempotency: null });
  return fit.flatMap(([index, input]) => {
    const draft = draftPost(input, { companyId, requestId, platforms, ...basis });
    if (draft.kind === "post") return [];
    return draft.issues.map((issue) => ({ ...issue, path: `/posts/${index}${issue.path}` }));
  });
}

/** Which post a path leads into; -1: none. */
function placeOf(path: string): number {
  return Number(/^\/posts\/(\d+)(?=\/|$)/.exec(path)?.[1] ?? -1);
}
