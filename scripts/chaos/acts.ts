/** What a directed run does to its stage before and after the blow: schedules posts, and waits for what becomes of them. */
import { until } from "@punctual/testing";
import type { Fleet } from "./fleet.ts";
import type { JournalPost } from "./journal.ts";
import { liveJobs } from "./redis-jobs.ts";
import type { Stage } from "./stage.ts";
import type { ChaosAccount } from "./tenant.ts";

/** On however slow a machine, in milliseconds. */
export const healMaxMs = 60_000;
/** Farther than any run lasts, in milliseconds. */
export const farMs = 6 * 3_600_000;

/** Where posts go, and how long before their instant they are scheduled, in milliseconds. */
export interface When {
  platform: string;
  aheadMs: number;
}

/** Schedules posts in one request, all for the same instant; they are acknowledged. */
export async function schedule(
  { client, journal, fleet }: Stage,
  count: number,
  { platform, aheadMs }: When,
): Promise<JournalPost[]> {
  const account = accountOn(fleet, platform);
  const scheduledAt = Date.now() + aheadMs;
  const posts = Array.from({ length: count }, () =>
    journal.newPost({ platform, accountId: account.id, far: aheadMs >= farMs, scheduledAt }),
  );
  const body = {
    posts: posts.map(({ versions }) => ({
      socialAccountId: account.id,
      text: versions[0]?.text,
      scheduledAt: new Date(scheduledAt).toISOString(),
    })),
  };
  const key = { "idempotency-key": posts[0]?.nonce ?? "" };
  // A machine out of breath may not answer in time; with a key, asking again is harmless.
  const answer = await until(
    "the posts to be accepted",
    async () => {
      const given = await client.call("POST", "/v1/posts/bulk", body, key);
      return given?.status === 201 ? given : null;
    },
    { timeoutMs: 45_000 },
  );
  const accepted = answer.body["data"] as { id: string }[];
  posts.forEach((post, index) => {
    post.id = accepted[index]?.id ?? null;
    post.versions[0]!.state = "acknowledged";
  });
  return posts;
}

export async function untilStatus(
  { fleet }: Stage,
  posts: readonly JournalPost[],
  statuses: readonly string[],
  timeoutMs = healMaxMs,
): Promise<void> {
  const ids = posts.map(({ id }) => id);
  await until(
    `the posts to be ${statuses.join(" or ")}`,
    async () => {
      const [row] = await fleet.servers.database.prisma.$queryRaw<[{ count: number }]>`
        SELECT count(*)::integer AS count FROM posts
        WHERE id = ANY (${ids}::uuid[]) AND status = ANY (${[...statuses]}::text[])`;
      return row.count === posts.length;
    },
    { timeoutMs },
  );
}

export async function untilJobs(stage: Stage, platform: string, count: number): Promise<void> {
  await until("the posts to have jobs", async () => (await liveJobs(redisOf(stage), platform)).length >= count, {
    timeoutMs: healMaxMs,
  });
}

export function redisOf(stage: Stage) {
  return stage.fleet.servers.redisClient;
}

function accountOn({ accounts }: Fleet, name: string): ChaosAccount {
  const account = accounts.find(({ platform }) => platform === name);
  if (account === undefined) throw new Error(`there is no account on ${name}`);
  return account;
}
