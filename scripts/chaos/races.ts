/**
 * Nothing but races: every post is cancelled, edited or rescheduled within a few milliseconds of its instant, while
 * workers take it. No faults are made; who wins is left to chance, that the answer is true is not. All platforms race at
 * once, on one stage: what takes time is that the instants are spread.
 */
import { setTimeout as pause } from "node:timers/promises";
import { until } from "@punctual/testing";
import type { Dice } from "./dice.ts";
import type { Breach } from "./invariants.ts";
import type { JournalPost } from "./journal.ts";
import { networkNamed } from "./networks.ts";
import { makeScratchDirectory } from "./scratch-directory.ts";
import { createSecondThoughts, type SecondThoughts } from "./second-thoughts.ts";
import { setStage, type Stage } from "./stage.ts";
import { passVerdict } from "./verdict.ts";
import { toBody } from "./workload.ts";

export interface RaceResult {
  breaches: Breach[];
  on(platform: string): {
    posts: number;
    /** Cancelled, or edited before anything left. */
    wonByClient: number;
    /** Answered "too late". */
    wonByWorker: number;
  };
}

const bulkSize = 250;
/** So many that the limits of no account stand between a post and its instant. */
const accountsPerPlatform = 20;
/** The client's wish comes within this of the instant, in milliseconds, on either side. */
const raceMs = 40;
const leadMs = 4_000;
/** On however slow a machine, in milliseconds. */
const acceptedMaxMs = 60_000;
/** Instants are spread, so that the machine is not simply too slow for all of them: so many in a second. */
const postsPerSecond = 100;

/** Races on every platform as many posts as is said for it. */
export async function race(postsOn: ReadonlyMap<string, number>, seed: number): Promise<RaceResult> {
  const directory = makeScratchDirectory();
  try {
    const stage = await setStage(seed, {
      directory: directory.path,
      apis: 1,
      workers: 2,
      platforms: [...postsOn.keys()],
      accountsOn: () => accountsPerPlatform,
      broken: null,
    });
    try {
      await raceAll(stage, postsOn);
      const { figures } = await passVerdict(stage, { networkFaults: {}, minutes: 0 });
      return { breaches: figures.offenders, on: (platform) => winners(stage, platform) };
    } finally {
      await stage.stop();
    }
  } finally {
    directory.remove();
  }
}

async function raceAll(stage: Stage, postsOn: ReadonlyMap<string, number>): Promise<void> {
  const dice = stage.dice.fork("races");
  const thoughts = createSecondThoughts(stage, dice);
  // Platforms take turns.
  const all = [...postsOn].flatMap(([platform, count]) =>
    Array.from({ length: count }, (_, index) => ({ platform, turn: index / count })),
  );
  const drawn = all.toSorted((a, b) => a.turn - b.turn).map(({ platform }) => platform);
  const racing: Promise<void>[] = [];
  let from = 0;
  for (let index = 0; index < drawn.length; index += bulkSize) {
    const platforms = drawn.slice(index, index + bulkSize);
    // On however slow a machine, what is scheduled next is not due yet.
    from = Math.max(from, Date.now() + leadMs);
    const to = from + Math.round((platforms.length * 1_000) / postsPerSecond);
    const posts = platforms.map((platform) => draft(stage, platform, dice.between(from, to), dice));
    await schedule(stage, posts);
    racing.push(...posts.map((post) => reconsider(post, thoughts, dice.fork(post.nonce))));
    from = to;
  }
  await Promise.all(racing);
}

function draft({ journal, fleet }: Stage, platform: string, scheduledAt: number, dice: Dice): JournalPost {
  const { id: accountId } = dice.pick(fleet.accounts.filter((account) => account.platform === platform));
  const hasPicture = dice.chance(networkNamed.get(platform)?.pictureShare ?? 0);
  return journal.newPost({ platform, accountId, hasPicture, far: false, scheduledAt });
}

async function reconsider(post: JournalPost, thoughts: SecondThoughts, rolls: Dice): Promise<void> {
  const dueAt = post.versions[0]?.scheduledAt ?? 0;
  await pause(Math.max(0, dueAt - Date.now() + rolls.between(-raceMs, raceMs)));
  const wish = rolls.roll();
  if (wish < 0.4) await thoughts.cancel(post);
  else await thoughts.edit(post, { text: wish < 0.8, time: wish >= 0.6 });
}

async function schedule(stage: Stage, posts: readonly JournalPost[]): Promise<void> {
  const body = posts.map((post) => toBody(post, stage));
  const key = { "idempotency-key": posts[0]?.nonce ?? "" };
  const answer = await until(
    "the posts to be accepted",
    async () => {
      const given = await stage.client.call("POST", "/v1/posts/bulk", { posts: body }, key);
      return given?.status === 201 ? given : null;
    },
    { timeoutMs: acceptedMaxMs },
  );
  const { data } = answer.body as { data: { id: string }[] };
  for (const [index, post] of posts.entries()) {
    post.id = data[index]?.id ?? null;
    for (const version of post.versions) version.state = "acknowledged";
  }
}

function winners({ journal }: Stage, platform: string): ReturnType<RaceResult["on"]> {
  const posts = journal.posts.filter((post) => post.platform === platform && post.id !== null);
  const edited = (post: JournalPost) => post.versions.slice(1).some(({ state }) => state === "acknowledged");
  const wonByClient = posts.filter((post) => post.cancelledAt !== null || edited(post)).length;
  return { posts: posts.length, wonByClient, wonByWorker: posts.length - wonByClient };
}
