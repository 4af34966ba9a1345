/** Cancelling the posts of a group: each on its own, each with its own answer. */
import { findPost, listGroupPostIds, type Database, type PostRecord } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import { cancelPost, type CancelResult } from "./cancel-post.ts";

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

/** Posts cancelled at a time: leaves connections for other requests. */
const concurrency = 5;

/** Oldest first. */
export async function cancelGroup(
  deps: { database: Database; producer: PublishProducer },
  { companyId, groupId, requestId }: GroupCancellation,
): Promise<GroupMemberResult[]> {
  const ids = await listGroupPostIds(deps.database, { companyId, groupId });
  const results: (GroupMemberResult | null)[] = [];
  const waiting = ids.entries();
  const work = async () => {
    for (const [index, id] of waiting) {
      const result = await cancelPost(deps, { companyId, id, requestId });
      const post = result.kind === "cancelled" ? result.post : await findPost(deps.database, { companyId, id });
      results[index] = post === null ? null : { result, post };
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return results.filter((result) => result !== null);
}
