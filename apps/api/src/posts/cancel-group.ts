/** Cancelling the posts of a group: each for itself and with its own answer, many in one statement. */
import { postLimits } from "@punctual/core";
import { cancelWaitingPosts, findPosts, listGroupPostIds, type Database, type PostRecord } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import { cancelPost, cancelVerdict, type CancelResult } from "./cancel-post.ts";

export interface GroupCancellation {
  companyId: string;
  groupId: string;
  requestId: string;
}

export interface GroupMemberResult {
  result: CancelResult;
  /** The post as it is now. */
  post: PostRecord;
}

export type GroupResult =
  /** Oldest first. */
  | { kind: "answered"; results: GroupMemberResult[] }
  /** Nothing was cancelled. */
  | { kind: "too_large" };

/** Posts cancelled by one statement: locks are held for as long as it takes. */
const batchSizeMax = 500;

export interface GroupDeps {
  database: Database;
  producer: PublishProducer;
}

export async function cancelGroup(deps: GroupDeps, cancellation: GroupCancellation): Promise<GroupResult> {
  const { companyId, groupId } = cancellation;
  const limit = postLimits.groupPostsMax + 1;
  const ids = await listGroupPostIds(deps.database, { companyId, groupId, limit });
  if (ids.length === limit) return { kind: "too_large" };
  const results: GroupMemberResult[] = [];
  for (let start = 0; start < ids.length; start += batchSizeMax) {
    results.push(...(await cancelBatch(deps, cancellation, ids.slice(start, start + batchSizeMax))));
  }
  return { kind: "answered", results };
}

async function cancelBatch(
  deps: GroupDeps,
  { companyId, requestId }: GroupCancellation,
  ids: readonly string[],
): Promise<GroupMemberResult[]> {
  const { database, producer } = deps;
  const cancelled = await cancelWaitingPosts(database, { companyId, ids, requestId });
  producer.discard(
    cancelled.map(({ id, platform, revision, generation }) => ({ postId: id, platform, revision, generation })),
  );
  const results = new Map<string, GroupMemberResult>();
  for (const post of cancelled) results.set(post.id, { result: { kind: "cancelled", post }, post });
  for (const post of await findPosts(database, { companyId, ids: ids.filter((id) => !results.has(id)) })) {
    // One that came back to waiting between our try and our look is tried again by itself.
    const result = cancelVerdict(post) ?? (await cancelPost(deps, { companyId, id: post.id, requestId }));
    results.set(post.id, { result, post: result.kind === "cancelled" ? result.post : post });
  }
  return ids.flatMap((id) => results.get(id) ?? []);
}
