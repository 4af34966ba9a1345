/**
 * Reading what became of a post whose answer is missing. A video and the unpublished post of the two-step way are
 * read themselves, so they also tell that nothing happened; a post made in one step can only be looked for.
 */
import type { CallContext, Confirmation, ConnectedAccount, OutgoingPost } from "@punctual/core";
import { fieldsOf } from "../json-answer.ts";
import type { GraphApi, GraphCallContext } from "../graph/graph-api.ts";
import { readPreparation } from "./checkpoint.ts";
import { facebookLimits } from "./limits.ts";
import { findInListing, listingQuery, namesOf } from "./listing.ts";

export type VideoState = "unpublished" | "under_way" | "published" | "failed" | "unreadable";

export async function look(
  api: GraphApi,
  post: OutgoingPost,
  { account, checkpoint, timeoutMs, signal }: Pick<CallContext, "account" | "checkpoint" | "timeoutMs" | "signal">,
): Promise<Confirmation> {
  const context = { timeoutMs: Math.min(timeoutMs, facebookLimits.callTimeoutMs), signal };
  const { video, postId, photoIds } = readPreparation(checkpoint);
  const read = (path: string, query: Record<string, string>) =>
    api.call(account, { method: "GET", path, query }, context);

  if (video !== undefined) {
    const { state, externalUrl } = await readVideo(api, account, video.videoId, context);
    if (state === "published") {
      return { kind: "published", externalId: video.videoId, ...(externalUrl === undefined ? {} : { externalUrl }) };
    }
    if (state === "unpublished" || state === "failed") return { kind: "absent" };
    return { kind: "cannot_tell", message: "the video does not say yet whether it is published" };
  }
  if (postId !== undefined) {
    const result = await read(`/${postId}`, { fields: "id,is_published,permalink_url" });
    if (result.kind !== "answer") return unreadable;
    const { is_published: isPublished } = result.body;
    if (isPublished === true) return { kind: "published", externalId: postId, ...namesOf(result.body) };
    return isPublished === false ? { kind: "absent" } : unreadable;
  }
  const result = await read(`/${String(account.settings["pageId"])}/published_posts`, listingQuery(post));
  return result.kind === "answer" ? findInListing(result.body, post, photoIds) : unreadable;
}

/** Where a video is on its way; the publishing phase rules, the others only tell that it can get no further. */
export async function readVideo(
  api: GraphApi,
  account: ConnectedAccount,
  videoId: string,
  context: GraphCallContext,
): Promise<{ state: VideoState; externalUrl?: string }> {
  const query = { fields: "id,status,permalink_url" };
  const result = await api.call(account, { method: "GET", path: `/${videoId}`, query }, context);
  if (result.kind !== "answer") return { state: "unreadable" };
  const { externalUrl } = namesOf(result.body);
  const url = externalUrl === undefined ? {} : { externalUrl };
  const status = fieldsOf(result.body["status"]);
  const publishing = fieldsOf(status["publishing_phase"]);
  if (publishing["status"] === "complete" || publishing["publish_status"] === "published") {
    return { state: "published", ...url };
  }
  if (status["video_status"] === "error" || status["video_status"] === "expired") return { state: "failed" };
  switch (publishing["status"]) {
    case "not_started":
      return { state: "unpublished" };
    case "error":
      return { state: "failed" };
    case "in_progress":
      return { state: "under_way" };
    default:
      return { state: "unreadable" };
  }
}

const unreadable: Confirmation = { kind: "cannot_tell", message: "Facebook cannot be read" };
