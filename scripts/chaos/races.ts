/**
 * Nothing but races: every post is cancelled, edited or rescheduled within a few milliseconds of its instant, while
 * workers take it. No faults are made; who wins is left to chance, that the answer is true is not.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Dice } from "./dice.ts";
import type { Breach } from "./invariants.ts";
import type { JournalPost } from "./journal.ts";
import { makeScratchDirectory } from "./scratch-directory.ts";
import { createSecondThoughts } from "./second-thoughts.ts";
import { setStage, type Stage } from "./stage.ts";
import { passVerdict } from "./verdict.ts";

export interface RaceResult {
  posts: number;
  /** Cancelled, or edited before anything left. */
  wonByClient: number;
  /** Answered "too late". */
  wonByWorker: number;
  breaches: Breach[];
}

const bulkSize = 500;
/** The client's wish comes within this of the instant, in milliseconds, on either side. */
const raceMs = 40;
const leadMs = 2_500;
/** Instants are spread, so that the machine is not simply too slow for all of them, in milliseconds. */
const spreadMs = 5_000;

/** Races a number of posts on one kind of platform. */
export async function race(platform: string, posts: number, seed: number): Promise<RaceResult> {
  const directory = makeScratchDirectory();
  try {
    const stage = await setStage(seed, {
      directory: directory.path,
      apis: 1,
      workers: 2,
      platforms: [platform],
      broken: null,
    });
    try {
      for (let left = posts; left > 0; left -= bulkSize) await raceSome(stage, Math.min(bulkSize, left));
      const { figures } = await passVerdict(stage, { networkFaults: {}, minutes: 0 });
      return { posts: figures.posts, ...winners(stage), breaches: figures.offenders };
    } finally {
      await stage.stop();
    }
  } finally {
    directory.remove();
  }
}

async function raceSome(stage: Stage, count: number): Promise<void> {
  const dice = stage.dice.fork(`race ${stage.journal.posts.length}`);
  const thoughts = createSecondThoughts(stage, dice);
  const posts = await schedule(stage, count, dice);
  await Promise.all(
    posts.map(async (post) => {
      const rolls = dice.fork(post.nonce);
      const dueAt = post.versions[0]?.scheduledAt ?? 0;
      await pause(Math.max(0, dueAt - Date.now() + rolls.between(-raceMs, raceMs)));
      const wish = rolls.roll();
      if (wish < 0.4) await thoughts.cancel(post);
      else await thoughts.edit(post, { text: wish < 0.8, time: wish >= 0.6 });
    }),
  );
}

async function schedule({ client, journal, fleet }: Stage, count: number, dice: Dice): Promise<JournalPost[]> {
  const from = Date.now() + leadMs;
  const posts = Array.from({ length: count }, () => {
    const { id: accountId, platform } = dice.pick(fleet.accounts);
    return journal.newPost({ platform, accountId, far: false, scheduledAt: from + dice.between(0, spreadMs) });
  });
  const body = posts.map(({ accountId, versions: [version] }) => ({
    socialAccountId: accountId,
    text: version?.text,
    scheduledAt: new Date(version?.scheduledAt ?? 0).toISOString(),
  }));
  const answer = await client.call("POST", "/v1/posts/bulk", { posts: body });
  if (answer?.status !== 201) throw new Error(`not accepted: ${JSON.stringify(answer?.body)}`);
  const { data } = answer.body as { data: { id: string }[] };
  for (const [index, post] of posts.entries()) {
    post.id = data[index]?.id ?? null;
    for (const version of post.versions) version.state = "acknowledged";
  }
  return posts;
}

function winners({ journal }: Stage): Pick<RaceResult, "wonByClient" | "wonByWorker"> {
  const edited = (post: JournalPost) => post.versions.slice(1).some(({ state }) => state === "acknowledged");
  const wonByClient = journal.posts.filter((post) => post.cancelledAt !== null || edited(post)).length;
  return { wonByClient, wonByWorker: journal.posts.length - wonByClient };
}
