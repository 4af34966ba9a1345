/**
 * What clients do during a run: schedule one post or many, with and without an Idempotency-Key, repeat requests whose
 * answer was lost, change their minds about some of them at the worst moment, and pause and resume accounts.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Answer } from "./api-client.ts";
import type { Dice } from "./dice.ts";
import type { Journal, JournalPost, Version } from "./journal.ts";
import { createSecondThoughts } from "./second-thoughts.ts";
import type { Stage } from "./stage.ts";

export interface WorkloadOptions {
  posts: number;
  durationMs: number;
}

/** How far ahead posts are scheduled, in milliseconds; far ones outlive the run. */
const aheadMaxMs = 15_000;
const farMs = 6 * 3_600_000;
const tickMs = 100;
const triesMax = 8;

/** Resolves once every client has done all it wanted. */
export async function runWorkload({ posts, durationMs }: WorkloadOptions, stage: Stage): Promise<void> {
  const { journal, capabilities } = stage;
  const dice = stage.dice.fork("workload");
  const thoughts = createSecondThoughts(stage, dice.fork("second thoughts"));
  const working = new Set<Promise<void>>();
  const start = (work: Promise<void>) => {
    const tracked = work.finally(() => working.delete(tracked));
    working.add(tracked);
  };
  const started = performance.now();
  for (let elapsed = 0; elapsed < durationMs; elapsed = performance.now() - started) {
    const wanted = Math.ceil((posts * elapsed) / durationMs);
    while (journal.posts.length < wanted) {
      const count = capabilities.bulk && dice.chance(0.03) ? dice.between(2, 20) : 1;
      start(schedule(Math.min(count, wanted - journal.posts.length), stage, dice).then(thoughts.about));
    }
    if (capabilities.pause && dice.chance(tickMs / 4_000)) start(thoughts.pauseSomeAccount());
    if (capabilities.retry && dice.chance(tickMs / 2_000)) start(thoughts.retrySome());
    await pause(tickMs);
  }
  await Promise.all(working);
}

/** Schedules posts in one request; returns those that were accepted. */
async function schedule(count: number, stage: Stage, dice: Dice): Promise<JournalPost[]> {
  const { client, journal } = stage;
  const posts = Array.from({ length: count }, () => draft(stage, dice));
  const keyed = dice.chance(0.5);
  const headers = keyed ? { "idempotency-key": `chaos-${posts[0]?.nonce}` } : {};
  const bodies = posts.map(toBody);
  const request = () =>
    count === 1
      ? client.call("POST", "/v1/posts", bodies[0], headers)
      : client.call("POST", "/v1/posts/bulk", { posts: bodies }, headers);

  let answer = await request();
  // Sure of its key, a client asks again until it knows; without one it must leave it at that.
  for (let tries = 1; keyed && tries < triesMax && !isFinal(answer); tries += 1) {
    await pause(dice.between(100, 600));
    answer = await request();
  }
  const ids = acceptedIds(answer, journal, posts);
  if (ids.length === 0) return [];
  posts.forEach((post, index) => {
    post.id = ids[index] ?? null;
    (post.versions[0] as Version).state = "acknowledged";
  });
  if (keyed && dice.chance(0.1)) {
    await pause(dice.between(0, 5_000));
    const again = acceptedIds(await request(), journal, posts);
    if (again.length > 0 && again.join() !== ids.join()) {
      journal.complaints.push({ post: posts[0]?.id ?? null, what: "an Idempotency-Key answered with other posts" });
    }
  }
  return posts;
}

function draft({ journal, fleet }: Stage, dice: Dice): JournalPost {
  const account = dice.pick(fleet.accounts);
  const far = dice.chance(0.03);
  const ahead = dice.between(0, aheadMaxMs);
  const exact = Date.now() + (far ? farMs + ahead : ahead);
  // People like whole seconds, so many posts share an instant.
  const scheduledAt = dice.chance(0.4) ? Math.ceil(exact / 1_000) * 1_000 : exact;
  const now = !far && dice.chance(0.1);
  const { id: accountId, platform } = account;
  return journal.newPost({ platform, accountId, far, scheduledAt: now ? null : scheduledAt });
}

function toBody(post: JournalPost): Record<string, unknown> {
  const { text, scheduledAt } = post.versions[0] as Version;
  return {
    socialAccountId: post.accountId,
    text,
    ...(scheduledAt === null ? {} : { scheduledAt: new Date(scheduledAt).toISOString() }),
  };
}

function isFinal(answer: Answer | null): boolean {
  return answer !== null && answer.status < 500;
}

function acceptedIds(answer: Answer | null, journal: Journal, posts: readonly JournalPost[]): string[] {
  if (answer === null || answer.status >= 500) return [];
  if (answer.status !== 201) {
    for (const post of posts) (post.versions[0] as Version).state = "refused";
    const what = `scheduling was refused: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`;
    journal.complaints.push({ post: null, what });
    return [];
  }
  const { data } = answer.body as { data?: { id: string }[] };
  return data === undefined ? [String(answer.body["id"])] : data.map(({ id }) => id);
}
