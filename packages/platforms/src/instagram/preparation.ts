/**
 * Everything before the call that publishes: the quota is asked for, media is looked at, containers are made and waited
 * for until Instagram has processed them. Whatever is refused here is certainly not visible. Containers are kept as
 * they are made; one that may have been published is never replaced, because it alone can tell.
 */
import type { OutgoingPost, PrepareContext, Prepared } from "@punctual/core";
import { createBudget, type Budget } from "../budget.ts";
import type { FaultContext, ProvenFault } from "../graph/fault.ts";
import type { Media } from "../media/media.ts";
import { readPreparation, type Container, type Preparation } from "./checkpoint.ts";
import { readContainer, type ContainerDeps } from "./container.ts";
import { instagramLimits } from "./limits.ts";
import { makeContainer } from "./making.ts";
import { waitUntilFinished } from "./processing.ts";
import { obstacleOnAccount } from "./quota.ts";

export interface PreparationDeps extends ContainerDeps {
  media: Media;
}

/** What one preparation has at hand. */
export interface Step {
  post: OutgoingPost;
  context: PrepareContext;
  budget: Budget;
  faultContext: FaultContext;
}

export type Made = { kind: "made"; container: Container; childIds: readonly string[] } | ProvenFault;

export async function preparePost(
  deps: PreparationDeps,
  post: OutgoingPost,
  context: PrepareContext,
  faultContext: FaultContext,
): Promise<Prepared> {
  const step: Step = { post, context, budget: createBudget(context), faultContext };
  const { container, childIds } = readPreparation(context.checkpoint);
  const kept = container === undefined ? "none" : await readKept(deps, step, container);
  if (container !== undefined && kept === "published") {
    return { kind: "ready", checkpoint: { childIds, container: { ...container, published: true } } };
  }
  const callContext = step.budget.forCall(instagramLimits.callTimeoutMs);
  const obstacle = await obstacleOnAccount(deps, context.account, callContext, faultContext);
  if (obstacle !== null) return obstacle;

  const made = await (container !== undefined && kept === "usable"
    ? ({ kind: "made", container, childIds } as const)
    : makeContainer(deps, step, kept === "none" ? childIds : []));
  if (made.kind !== "made") return made;
  const checkpoint: Preparation = { childIds: made.childIds, container: made.container };
  const unfinished = await waitUntilFinished(deps, step, made.container);
  return unfinished === null ? { kind: "ready", checkpoint: { ...checkpoint } } : unfinished.fault;
}

/** What a container of an earlier call is still good for; `gone`: it can be replaced, and certainly was not published. */
async function readKept(
  { api }: PreparationDeps,
  { context, budget, post }: Step,
  { id }: Container,
): Promise<"usable" | "published" | "gone"> {
  const state = await readContainer({ api }, context.account, id, budget.forCall(instagramLimits.callTimeoutMs));
  switch (state.kind) {
    case "published":
      return "published";
    case "expired":
    case "failed":
      return "gone";
    case "missing":
      return post.firstSentAt === null ? "gone" : "usable";
    case "finished":
    case "in_progress":
    case "unreadable":
      return "usable";
  }
}
