/** Editing always ends in a definite answer: this revision was accepted, or it is too late, or nothing was changed. */
import type { PostStatus, ValidationIssue } from "@punctual/core";
import { editPost, readPostToEdit, toWaitingPost, type PostRecord } from "@punctual/db";
import { rounds } from "../rounds.ts";
import type { PostPatch } from "./edit-schemas.ts";
import { mergePost } from "./merge-post.ts";
import { warnOfQuota } from "./quota-warning.ts";
import type { ScheduleDeps } from "./schedule-posts.ts";
import { joinTrace } from "./trace-link.ts";

export interface EditRequest {
  companyId: string;
  id: string;
  requestId: string;
  patch: PostPatch;
  /** The only revision to edit; null: whichever it is. */
  ifRevision: number | null;
}

export type EditResult =
  /** Unchanged, if the patch changes nothing. */
  | { kind: "edited"; post: PostRecord }
  | { kind: "no_such_post" }
  | { kind: "too_late"; status: PostStatus }
  | { kind: "other_revision"; revision: number }
  | { kind: "refused"; issues: ValidationIssue[] }
  /** It changed again and again while we tried. */
  | { kind: "contended" };

const editableStatuses: ReadonlySet<PostStatus> = new Set(["scheduled", "retrying", "held", "failed", "missed"]);

export async function editOnePost(deps: ScheduleDeps, request: EditRequest): Promise<EditResult> {
  const { companyId, id, requestId, patch, ifRevision } = request;
  for await (const _ of rounds()) {
    const read = await readPostToEdit(deps.database, { companyId, id });
    if (read === null) return { kind: "no_such_post" };
    const { post, now } = read;
    if (ifRevision !== null && ifRevision !== post.revision) return { kind: "other_revision", revision: post.revision };
    if (!editableStatuses.has(post.status) || post.outcomeOpen) return { kind: "too_late", status: post.status };

    const platform = deps.platforms.get(post.platform);
    if (platform === undefined) throw new Error(`there is no platform ${post.platform}`);
    const merge = mergePost(post, patch, platform, now);
    if (merge.kind === "issues") return { kind: "refused", issues: merge.issues };
    if (merge.changed.length === 0) return { kind: "edited", post };

    const edited = await editPost(deps.database, { expected: post, requestId, ...merge });
    if (edited === null) continue;
    await joinTrace(deps, [id]);
    const waiting = toWaitingPost(edited);
    if (waiting !== null) deps.producer.nudge([waiting]);
    deps.producer.discard([
      { postId: id, platform: post.platform, revision: post.revision, generation: post.generation },
    ]);
    await warnOfQuota(deps, [edited]);
    return { kind: "edited", post: edited };
  }
  return { kind: "contended" };
}
