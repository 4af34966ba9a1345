/** The end of a run: wait for what heals by itself, decide what only a person can, and hold it all to the promise. */
import { gatherEvidence, type AttemptRow } from "./evidence.ts";
import { judgeCalls } from "./answers.ts";
import { countBreaches, spreads, type RunResult, type Samples } from "./figures.ts";
import { findBreaches, type Breach } from "./invariants.ts";
import { chaosLimits, sendTimeoutOn } from "./platforms/registry.ts";
import { orphanedJobs } from "./redis-jobs.ts";
import { decideUnconfirmed, waitUntilJobs, waitUntilSettled } from "./settling.ts";
import type { Stage } from "./stage.ts";
import { tellTimelines } from "./timelines.ts";

export interface VerdictOptions {
  networkFaults: Record<string, number>;
  minutes: number;
  /** How long what was damaged may take to heal, in milliseconds. */
  settleMaxMs?: number;
  jobsMaxMs?: number;
}

const settleMaxMsDefault = 180_000;
const jobsMaxMsDefault = 30_000;
/** An answer can be missed until the send's deadline, and a little: so long after that. */
const sendMarginMs = 1_000;

export async function passVerdict(stage: Stage, options: VerdictOptions): Promise<RunResult> {
  const { fleet, client, journal, trouble, heal } = stage;
  const lagP99Ms = stage.lag.percentile(99) / 1e6;
  const { database, redisClient: redis } = fleet.servers;
  await Promise.all([...fleet.apis, ...fleet.workers].map((actor) => actor.ready()));
  const settled = await waitUntilSettled(database, fleet.accounts, options.settleMaxMs ?? settleMaxMsDefault);
  const withoutJob = await waitUntilJobs(database, redis, options.jobsMaxMs ?? jobsMaxMsDefault);

  const before = await gatherEvidence(database, fleet.sandboxUrl);
  const platformOf = new Map(before.posts.map(({ id, platform }) => [id, platform]));
  const mayHaveMissed = (attempt: AttemptRow) => {
    const withinMs = sendTimeoutOn(platformOf.get(attempt.postId) ?? "") + sendMarginMs;
    return workerWasHindered(attempt, withinMs, stage);
  };
  const breaches: Breach[] = findBreaches({
    evidence: before,
    journal,
    now: new Date(),
    limits: chaosLimits,
    mayHaveMissed,
  });
  for (const { postId } of withoutJob) breaches.push({ kind: "no job", post: postId, detail: "no live job in Redis" });
  if (before.dropped > 0) throw new Error(`the ledger dropped ${before.dropped} entries: too many posts for one run`);

  const decided = await decideUnconfirmed(database, client, fleet.sandboxUrl);
  const after = await gatherEvidence(database, fleet.sandboxUrl);
  // What a person decided must fit, too: no post may be wrong, doubled or open in the end.
  for (const breach of findBreaches({
    evidence: after,
    journal,
    now: new Date(),
    limits: chaosLimits,
    mayHaveMissed,
  })) {
    if (!breaches.some(({ kind, post }) => kind === breach.kind && post === breach.post)) breaches.push(breach);
  }
  const calls = judgeCalls(client, trouble);
  breaches.push(...calls.breaches);
  const deaths = [...fleet.apis, ...fleet.workers].flatMap((actor) => actor.deaths);
  for (const detail of [...deaths, ...heal.unhealed()]) breaches.push({ kind: "not healed", post: null, detail });

  let orphans = 0;
  for (const platform of stage.platforms) orphans += await orphanedJobs(redis, platform);
  const { found, absent, became } = before.unconfirmed;
  const samples: Samples = {
    heal: heal.measured(),
    lateness: after.posts.flatMap(({ latenessMs }) => latenessMs ?? []),
    quiet: calls.quiet,
    redisInTrouble: calls.redisInTrouble,
  };
  return {
    samples,
    figures: {
      seed: stage.seed,
      runs: 1,
      broken: stage.broken,
      minutes: options.minutes,
      posts: after.posts.length,
      states: countBy(after.posts, ({ status }) => status),
      publishedOn: countBy(
        after.posts.filter(({ status }) => status === "published"),
        ({ platform }) => platform,
      ),
      requests: client.calls.length,
      unanswered: calls.unanswered,
      refusedFor503: calls.refusedFor503,
      outOfBreath: calls.outOfBreath,
      faults: trouble.counts(),
      networkFaults: options.networkFaults,
      breaches: countBreaches(breaches),
      offenders: breaches,
      timelines: tellTimelines(breaches, after, journal),
      unconfirmed: {
        became,
        found,
        absent,
        decidedPublished: decided.published,
        decidedNotPublished: decided.notPublished,
      },
      ...spreads(samples),
      settledMs: settled.tookMs,
      harnessLagMs: Math.round(lagP99Ms),
      orphanedJobs: orphans,
    },
  };
}

/** Killed, frozen or cut off from the network while it waited for the answer. */
function workerWasHindered(
  { worker, sentAt }: AttemptRow,
  withinMs: number,
  { fleet, trouble }: Pick<Stage, "fleet" | "trouble">,
): boolean {
  const actor = fleet.workers.find(({ name }) => worker.startsWith(`${name}-`));
  if (actor === undefined || sentAt === null) return true;
  const from = sentAt.getTime();
  const pid = Number(worker.slice(actor.name.length + 1));
  return (
    actor.killed.has(pid) || trouble.touched([actor.name, `${actor.name}/sandbox`], { from, until: from + withinMs }, 0)
  );
}

function countBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Record<string, number> {
  const groups = Map.groupBy(items, keyOf);
  return Object.fromEntries([...groups].map(([key, { length }]) => [key, length]));
}
