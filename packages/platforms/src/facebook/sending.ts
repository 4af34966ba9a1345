/**
 * The one call that shows the post to readers. Facebook was seen to publish and answer an error all the same, so no
 * answer but 2xx says that it is not there. Where the very thing can be read, that is done at once, and only then the
 * answer counts for what it says.
 */
import type { OutgoingPost, Outcome, SendContext } from "@punctual/core";
import { createBudget } from "../budget.ts";
import type { FaultContext, FaultReader } from "../graph/fault.ts";
import type { GraphApi, GraphCall } from "../graph/graph-api.ts";
import { isUploaded, readPreparation, type Preparation } from "./checkpoint.ts";
import { feedPost } from "./feed-post.ts";
import { readPermalink } from "../graph/permalink.ts";
import { facebookLimits } from "./limits.ts";
import { namesOf } from "./listing.ts";
import { look } from "./look.ts";

const permalink = { field: "permalink_url", site: "https://www.facebook.com" };

export async function sendPost(
  { api, faults }: { api: GraphApi; faults: FaultReader },
  post: OutgoingPost,
  context: SendContext,
  faultContext: FaultContext,
): Promise<Outcome> {
  const preparation = readPreparation(context.checkpoint);
  if (!isComplete(post, preparation)) {
    const message = "the post's media was not uploaded";
    return { kind: "retry", category: "internal", code: "not_prepared", message };
  }
  const budget = createBudget(context);
  const timeoutMs = Math.max(0, context.timeoutMs - facebookLimits.lookTimeoutMs);
  const result = await api.call(context.account, publishingCall(post, context, preparation), {
    timeoutMs,
    signal: context.signal,
    beforeSend: context.beforeSend,
  });
  if (result.kind === "answer") {
    const names = namesOf(result.body);
    const externalId = preparation.video?.videoId ?? preparation.postId ?? names.externalId;
    if (externalId === undefined) return { kind: "published", httpStatus: result.status };
    const address =
      names.externalUrl === undefined
        ? await readPermalink(api, context.account, externalId, permalink, budget.forCall(facebookLimits.callTimeoutMs))
        : { externalUrl: names.externalUrl };
    return { kind: "published", httpStatus: result.status, externalId, ...address };
  }
  const outcome = faults.ofSend(result, faultContext);
  if (outcome.kind !== "unknown" || !canBeRead(preparation) || !faults.isDecision(result)) return outcome;

  const found = await look(api, post, { ...context, timeoutMs: budget.leftMs() });
  if (found.kind === "published") return found;
  return found.kind === "absent" ? faults.proven(result, faultContext) : outcome;
}

function publishingCall(post: OutgoingPost, { account }: SendContext, preparation: Preparation): GraphCall {
  const pageId = String(account.settings["pageId"]);
  const { photoIds, video, postId } = preparation;
  if (video !== undefined) {
    const described = post.text === "" ? {} : { description: post.text };
    const finish = { upload_phase: "finish", ...described };
    return video.reel
      ? posting(`/${pageId}/video_reels`, { ...finish, video_id: video.videoId, video_state: "PUBLISHED" })
      : posting(`/${pageId}/videos`, { ...finish, upload_session_id: video.sessionId ?? "", published: true });
  }
  if (postId !== undefined) return posting(`/${postId}`, { is_published: true });
  return feedPost(pageId, post, { photoIds, published: true });
}

function posting(path: string, parameters: Record<string, unknown>): GraphCall {
  return { method: "POST", path, parameters };
}

function canBeRead({ video, postId }: Preparation): boolean {
  return video !== undefined || postId !== undefined;
}

function isComplete({ media }: OutgoingPost, { photoIds, video, postId }: Preparation): boolean {
  return postId !== undefined || (video === undefined ? photoIds.length === media.length : isUploaded(video));
}
