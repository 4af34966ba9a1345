/**
 * What clients do during a run: schedule one post or many, with and without an Idempotency-Key, repeat requests whose
 * answer was lost, change their minds about some of them at the worst moment, and pause and resume accounts.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Answer } from "./api-client.ts";
import type { Dice } from "./dice.ts";
import type { Journal, JournalPost, Version } from "./journal.ts";
import { networkNamed, sharesOf } from "./networks.ts";
import { createSecondThoughts } from "./second-thoughts.ts";
import type { Stage } from "./stage.ts";

export interface WorkloadOptions {
  posts: number;
  durationMs: number;
}

/** How far ahead posts are scheduled, in milliseconds; far ones outlive the run. */
const aheadMaxMs = 15_000;
const farMs = 6 * 3_600_000;
/** Of requests that schedule: how many bring several posts, and how many at most. */
const bulkShare = 0.06;
const bulkMax = 40;
const tickMs = 100;
const triesMax = 8;

/** Resolves once every client has done all it wanted. */
export async function runWorkload({ posts, durationMs }: WorkloadOptions, stage: Stage): Promise<void> {
  const { journal } = stage;
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
      const count = dice.chance(bulkShare) ? dice.between(2, bulkMax) : 1;
      start(schedule(Math.min(count, wanted - journal.posts.length), stage, dice).then(thoughts.about));
    }
    if (dice.chance(tickMs / 4_000)) start(thoughts.pauseSomeAccount());
    if (dice.chance(tickMs / 2_000)) start(thoughts.retrySome());
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
  const bodies = posts.map((post) => toBody(post, stage));
  const request = () =>
    count === 1
      ? client.call("POST", "/v1/posts", bodies[0], headers)
      : client.call("POST", "/v1/posts/bulk", { posts: bodies }, headers);

  let answer = await request();
  let unanswered = answer === null;
  // Sure of its key, a client asks again until it knows; without one it must leave it at that.
  for (let tries = 1; keyed && tries < triesMax && !isFinal(answer); tries += 1) {
    await pause(dice.between(100, 600) * tries);
    answer = await request();
    unanswered ||= answer === null;
  }
  const ids = acceptedIds(answer, posts, { journal, unanswered });
  if (ids.length === 0) return [];
  posts.forEach((post, index) => {
    post.id = ids[index] ?? null;
    (post.versions[0] as Version).state = "acknowledged";
  });
  if (keyed && dice.chance(0.1)) {
    await pause(dice.between(0, 5_000));
    expectSameAnswer(await request(), ids, journal);
  }
  return posts;
}

/** A key that was answered once gives that answer for good. */
function expectSameAnswer(again: Answer | null, ids: readonly string[], journal: Journal): void {
  if (again === null || again.status >= 500) return;
  if (again.status === 201 && idsIn(again).join() === ids.join()) return;
  const what = `an Idempotency-Key answered with something else: ${again.status} ${JSON.stringify(again.body).slice(0, 300)}`;
  journal.complaints.push({ post: ids[0] ?? null, what });
}

function draft({ journal, fleet, platforms }: Stage, dice: Dice): JournalPost {
  const { platform } = dice.weighed(sharesOf(platforms));
  const { id: accountId } = dice.pick(fleet.accounts.filter((account) => account.platform === platform));
  const hasPicture = dice.chance(networkNamed.get(platform)?.pictureShare ?? 0);
  const far = dice.chance(0.03);
  const ahead = dice.between(0, aheadMaxMs);
  const exact = Date.now() + (far ? farMs + ahead : ahead);
  // People like whole seconds, so many posts share an instant.
  const scheduledAt = dice.chance(0.4) ? Math.ceil(exact / 1_000) * 1_000 : exact;
  const now = !far && dice.chance(0.1);
  return journal.newPost({ platform, accountId, hasPicture, far, scheduledAt: now ? null : scheduledAt });
}

/** What schedules the first version of a post. */
export function toBody(post: JournalPost, { fleet }: Pick<Stage, "fleet">): Record<string, unknown> {
  const { text, scheduledAt } = post.versions[0] as Version;
  return {
    socialAccountId: post.accountId,
    text,
    ...(post.hasPicture ? { media: [{ url: fleet.pictureUrl, alt: "A picture" }] } : {}),
    ...(scheduledAt === null ? {} : { scheduledAt: new Date(scheduledAt).toISOString() }),
  };
}

function isFinal(answer: Answer | null): boolean {
  return answer !== null && answer.status < 500;
}

/** @param unanswered whether an earlier try got no answer: it may be under way and succeed where this one did not */
function acceptedIds(
  answer: Answer | null,
  posts: readonly JournalPost[],
  { journal, unanswered }: { journal: Journal; unanswered: boolean },
): string[] {
  if (answer === null || answer.status >= 500) return [];
  if (answer.status !== 201) {
    if (!unanswered) for (const post of posts) (post.versions[0] as Version).state = "refused";
    // Who got no answer for a minute comes too late in the end.
    if (answer.body["code"] === "scheduled_in_past") return [];
    const what = `scheduling was refused: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`;
    journal.complaints.push({ post: null, what });
    return [];
  }
  return idsIn(answer);
}

function idsIn({ body }: Answer): string[] {
  const { data } = body as { data?: { id: string }[] };
  return data === undefined ? [String(body["id"])] : data.map(({ id }) => id);
}
