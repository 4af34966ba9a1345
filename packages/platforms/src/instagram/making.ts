/** Making the containers of a post: one, or one for each picture of a carousel and one for the whole. */
import type { MediaItem } from "@punctual/core";
import type { ProvenFault } from "../graph/fault.ts";
import type { ContainerKind } from "./checkpoint.ts";
import { carousel, carouselItem, single } from "./container-parameters.ts";
import { createContainer } from "./container.ts";
import { inspectMedium } from "./medium.ts";
import { reelOptions } from "./options.ts";
import type { Made, PreparationDeps, Step } from "./preparation.ts";
import { waitUntilFinished } from "./processing.ts";

/** @param keptChildIds those of a carousel that exist already */
export function makeContainer(deps: PreparationDeps, step: Step, keptChildIds: readonly string[]): Promise<Made> {
  const { media } = step.post;
  const [first] = media;
  if (first === undefined) {
    return Promise.resolve(refusal("media_required", "Instagram has no posts of text alone"));
  }
  return media.length === 1 ? makeSingle(deps, step, first) : makeCarousel(deps, step, keptChildIds);
}

async function makeSingle(deps: PreparationDeps, step: Step, item: MediaItem): Promise<Made> {
  const medium = await inspectMedium(deps.media, step, item, 0);
  if (medium.kind !== "fits") return medium;
  const reelOption = reelOptions.find((name) => step.post.options[name] !== undefined);
  if (medium.type === "image" && reelOption !== undefined) {
    return refusal("option_needs_reel", `${reelOption} belongs to a reel, and this is a picture`);
  }
  const parameters = single(step.post, item, medium.type);
  return create(deps, step, parameters, { kind: medium.type === "image" ? "image" : "reel", childIds: [] });
}

async function makeCarousel(deps: PreparationDeps, step: Step, keptChildIds: readonly string[]): Promise<Made> {
  const { post, context, budget, faultContext } = step;
  let childIds = keptChildIds;
  for (const [index, item] of post.media.entries()) {
    if (index < keptChildIds.length) continue;
    const medium = await inspectMedium(deps.media, step, item, index);
    if (medium.kind !== "fits") return medium;
    const parameters = carouselItem(item, medium.type);
    const child = await createContainer(deps, context.account, parameters, budget, faultContext);
    if (child.kind !== "created") return child;
    childIds = [...childIds, child.id];
    await context.saveCheckpoint({ childIds });
  }
  // The whole is refused until each part is processed.
  for (const id of childIds) {
    const unfinished = await waitUntilFinished(deps, step, { id, createdAtMs: Date.now() });
    if (unfinished === null) continue;
    // With a part that failed all are made anew; one that takes its time is waited for again.
    if (unfinished.isLost) await context.saveCheckpoint({ childIds: [] });
    return unfinished.fault;
  }
  return create(deps, step, carousel(post, childIds), { kind: "carousel", childIds });
}

async function create(
  deps: PreparationDeps,
  { context, budget, faultContext }: Step,
  parameters: Readonly<Record<string, unknown>>,
  { kind, childIds }: { kind: ContainerKind; childIds: readonly string[] },
): Promise<Made> {
  const createdAtMs = Date.now();
  const created = await createContainer(deps, context.account, parameters, budget, faultContext);
  if (created.kind !== "created") return created;
  const container = { id: created.id, kind, createdAtMs };
  await context.saveCheckpoint({ childIds, container });
  return { kind: "made", container, childIds };
}

function refusal(code: string, message: string): ProvenFault {
  return { kind: "rejected", category: "rejected", code, message };
}
