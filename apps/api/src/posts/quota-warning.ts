/**
 * A limit does not refuse a post, it delays it. Whoever schedules or moves one to where the account's known quota is
 * spoken for is told so at once, with the next free time, as `post.at_risk`: the answer itself has no place for it.
 */
import { nextFreeTime, type Platform } from "@punctual/core";
import { countedSends, postsBeyondQuota, tellBeyondQuota, type Database, type PostRecord } from "@punctual/db";

/** Posts of one request that are told of; those after them stand behind the same limit. */
const toldMax = 100;

/** Never throws: the posts are accepted, and what is not told now shows when they meet the limit. */
export async function warnOfQuota(
  { database, platforms }: { database: Database; platforms: ReadonlyMap<string, Platform> },
  posts: readonly PostRecord[],
): Promise<void> {
  for (const [name, own] of Map.groupBy(posts, ({ platform }) => platform)) {
    const limits = (platforms.get(name)?.rateLimits ?? []).filter(({ scope }) => scope === "account");
    if (limits.length === 0) continue;
    await warnOf(database, { postIds: own.map(({ id }) => id), limits }).catch(() => {});
  }
}

async function warnOf(
  database: Database,
  request: Omit<Parameters<typeof postsBeyondQuota>[1], "countMax">,
): Promise<void> {
  const found = await postsBeyondQuota(database, { ...request, countMax: toldMax });
  const latest = new Map<string, { postId: string; at: Date; nextFreeAt: Date }>();
  for (const { postId, socialAccountId, limit, at } of found) {
    const sends = await countedSends(database, { socialAccountId, limit, at, exceptPostId: postId });
    const nextFreeAt = nextFreeTime(limit, sends, at);
    // Of several limits the one that delays it longest.
    const known = latest.get(postId);
    if (nextFreeAt > (known?.nextFreeAt ?? at)) latest.set(postId, { postId, at, nextFreeAt });
  }
  for (const told of latest.values()) await tellBeyondQuota(database, told);
}
