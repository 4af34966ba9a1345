/**
 * Everything before the call that publishes: the Page is asked for, pictures are uploaded unpublished, a video is
 * uploaded into a session of its own; in the two-step way the whole post is made, unpublished. Whatever is refused
 * here is certainly not visible. What is done is kept, and gone on from.
 */
import type { OutgoingPost, PrepareContext, Prepared } from "@punctual/core";
import { createBudget, type Budget } from "../budget.ts";
import type { FaultContext, FaultReader, ProvenFault } from "../graph/fault.ts";
import { idOf } from "../graph/fields.ts";
import type { GraphApi } from "../graph/graph-api.ts";
import { fetchItem, issuesOf } from "../media/media-reading.ts";
import { rejectedFor } from "../media/check-media.ts";
import type { Media } from "../media/media.ts";
import { isUploaded, readPreparation, type Preparation } from "./checkpoint.ts";
import { feedPost } from "./feed-post.ts";
import { facebookLimits } from "./limits.ts";
import { readVideo } from "./look.ts";
import { mediaLimitsOf } from "./media-rules.ts";
import { obstacleOnPage } from "./page.ts";
import { uploadPhoto } from "./photo-upload.ts";
import { uploadVideo } from "./video-upload.ts";

export interface PreparationDeps {
  api: GraphApi;
  faults: FaultReader;
  media: Media;
}

/** What one preparation has at hand. */
export interface Step {
  post: OutgoingPost;
  context: PrepareContext;
  budget: Budget;
  faultContext: FaultContext;
}

type Reached = { kind: "reached"; preparation: Preparation } | ProvenFault;

export async function preparePost(
  deps: PreparationDeps,
  post: OutgoingPost,
  context: PrepareContext,
  faultContext: FaultContext,
): Promise<Prepared> {
  const step: Step = { post, context, budget: createBudget(context), faultContext };
  const callContext = step.budget.forCall(facebookLimits.callTimeoutMs);
  const obstacle = await obstacleOnPage(deps, context.account, callContext, faultContext);
  if (obstacle !== null) return obstacle;

  let reached: Reached = { kind: "reached", preparation: readPreparation(context.checkpoint) };
  for (const stage of [dropFailedVideo, uploadMedia, makeUnpublished]) {
    reached = await stage(deps, step, reached.preparation);
    if (reached.kind !== "reached") return reached;
  }
  return { kind: "ready", checkpoint: { ...reached.preparation } };
}

/** A video that failed or expired since an earlier call is certainly not published, and has to be uploaded anew. */
async function dropFailedVideo({ api }: PreparationDeps, step: Step, preparation: Preparation): Promise<Reached> {
  const { video } = preparation;
  if (video === undefined) return { kind: "reached", preparation };
  const context = step.budget.forCall(facebookLimits.callTimeoutMs);
  const { state } = await readVideo(api, step.context.account, video.videoId, context);
  return { kind: "reached", preparation: state === "failed" ? { photoIds: [] } : preparation };
}

async function uploadMedia(deps: PreparationDeps, step: Step, kept: Preparation): Promise<Reached> {
  const { post } = step;
  let preparation = kept;
  if (isDone(post, preparation)) return { kind: "reached", preparation };
  for (const index of post.media.keys()) {
    if (index < preparation.photoIds.length) continue;
    const reached = await uploadItem(deps, step, preparation, index);
    if (reached.kind !== "reached") return reached;
    preparation = reached.preparation;
  }
  return { kind: "reached", preparation };
}

function isDone({ media }: OutgoingPost, { photoIds, video, postId }: Preparation): boolean {
  return postId !== undefined || (video === undefined ? photoIds.length === media.length : isUploaded(video));
}

async function uploadItem(deps: PreparationDeps, step: Step, kept: Preparation, index: number): Promise<Reached> {
  const { post, context, budget } = step;
  const limits = mediaLimitsOf(post);
  const [item] = post.media.slice(index);
  if (item === undefined) return { kind: "reached", preparation: kept };
  const reading = { limits, timeoutMs: budget.leftMs(), signal: budget.signal };
  const fetched = await fetchItem(deps.media, item, index, reading);
  if (fetched.kind === "fault") return fetched.outcome;
  await using file = fetched.file;
  const unfit = rejectedFor(issuesOf(file, index, limits));
  if (unfit !== null) return unfit;

  if (file.type.startsWith("video/")) {
    if (post.media.length > 1) return mixed;
    const save = (video: Preparation["video"]) => context.saveCheckpoint({ photoIds: [], video });
    const sent = await uploadVideo(deps, step, file, kept.video, save);
    return sent.kind === "sent" ? { kind: "reached", preparation: { photoIds: [], video: sent.video } } : sent;
  }
  const photo = await uploadPhoto(deps, step, file, item.alt);
  if (photo.kind !== "photo") return photo;
  const preparation = { photoIds: [...kept.photoIds, photo.id] };
  await context.saveCheckpoint(preparation);
  return { kind: "reached", preparation };
}

/** A lost answer costs an invisible orphan. It keeps its photos, which then have to be uploaded anew. */
async function makeUnpublished(
  deps: PreparationDeps,
  step: Step,
  preparation: Preparation,
  mayUploadAnew = true,
): Promise<Reached> {
  const { post, context, budget, faultContext } = step;
  const { settings } = context.account;
  const isNeeded = settings["twoStepPublish"] === true && preparation.video === undefined;
  if (!isNeeded || preparation.postId !== undefined) return { kind: "reached", preparation };
  const call = feedPost(String(settings["pageId"]), post, { photoIds: preparation.photoIds, published: false });
  const result = await deps.api.call(context.account, call, budget.forCall(facebookLimits.callTimeoutMs));
  if (result.kind === "error" && result.error?.subcode === photosTaken && mayUploadAnew) {
    const anew = await uploadMedia(deps, step, { photoIds: [] });
    return anew.kind === "reached" ? makeUnpublished(deps, step, anew.preparation, false) : anew;
  }
  if (result.kind !== "answer") return deps.faults.proven(result, faultContext);
  const postId = idOf(result.body["id"]);
  if (postId === undefined) {
    const message = "Facebook did not say which post it made";
    return { kind: "retry", category: "platform", code: "no_post", message };
  }
  const made = { ...preparation, postId };
  await context.saveCheckpoint({ ...made });
  return { kind: "reached", preparation: made };
}

/** The photos belong to another post. Not documented: seen in the wild. */
const photosTaken = 1_366_051;

const mixed: ProvenFault = {
  kind: "rejected",
  category: "rejected",
  code: "media_mixed",
  message: "a video cannot share a post with other media",
};
