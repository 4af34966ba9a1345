/**
 * Are posts going out? What is known is turned into a state and its reasons, in words that say what to do. Pure, and
 * the same for the page, for `/healthz` and for the metrics that alerts are made of.
 */
import { probeSilenceMaxMs } from "@punctual/queue";
import { workerTimes, type WorkerRecord } from "@punctual/db";
import { counted, verb } from "./amounts.ts";
import type { InstallationFacts, RecentPlatform } from "./installation-facts.ts";
import { recentMinutes } from "./installation-facts.ts";

export type InstallationState = "healthy" | "degraded" | "down";

export interface Reason {
  code: ReasonCode;
  /** A notice asks for a person and changes nothing. */
  severity: "down" | "degraded" | "notice";
  message: string;
}

export type ReasonCode = keyof typeof reasonCodes;

/** Every reason there is; metrics and alerts know them by these names. */
export const reasonCodes = {
  no_worker: "down",
  overdue: "down",
  redis_may_evict: "down",
  no_live_worker: "degraded",
  redis_away: "degraded",
  platform_failing: "degraded",
  late: "degraded",
  low_success: "degraded",
  queue_stuck: "degraded",
  service_stands: "degraded",
  jobs_missing: "degraded",
  worker_silent: "notice",
  undecided: "notice",
  disconnected: "notice",
} as const satisfies Record<string, Reason["severity"]>;

export const healthLimits = {
  /** The longest due post that a worker could claim may wait for so long, in milliseconds. */
  overdueMaxMs: 25_000,
  /** Of what ended within 24 hours, so much must have been published. */
  successRateMin: 0.95,
  /** Fewer than this say nothing. */
  endedMin: 20,
  /** Half of what was published lately must not have been later than this, in milliseconds. */
  medianLatenessMaxMs: 5_000,
  publishedMin: 10,
  /** With so many failures lately, and more of them than successes, a platform is failing. */
  platformFailuresMin: 10,
  /** A maintenance service does a round at least this often, in milliseconds. */
  serviceIdleMaxMs: 30_000,
  /** A worker this young may not have seen a probe yet, in milliseconds. */
  workerYoungMs: 60_000,
} as const;

/** What brings posts back that did not go out, and what keeps everything in order; at least one worker must do each. */
export const watchedServices = {
  retry: ["stager", "rescuer"],
  maintenance: ["rebuilder publish", "releaser", "confirmer", "tally"],
} as const;

export interface Judgement {
  state: InstallationState;
  /** The most severe first. */
  reasons: Reason[];
}

const order = { down: 0, degraded: 1, notice: 2 } as const;

export function judge(facts: InstallationFacts): Judgement {
  const reasons = [
    ...judgeWorkers(facts),
    ...judgeDue(facts),
    ...judgeRedis(facts),
    ...judgeQueues(facts),
    ...judgeServices(facts),
    ...judgeOutcomes(facts),
    ...judgeDecisions(facts),
  ].toSorted((a, b) => order[a.severity] - order[b.severity]);
  const severities = new Set(reasons.map(({ severity }) => severity));
  return { state: severities.has("down") ? "down" : severities.has("degraded") ? "degraded" : "healthy", reasons };
}

export function liveWorkers({ workers }: Pick<InstallationFacts, "workers">): WorkerRecord[] {
  return workers.filter(({ silentMs, stopping }) => silentMs <= workerTimes.silenceMaxMs && !stopping);
}

/** Published of all that ended within 24 hours; null: nothing did. */
export function successRate({ day, figures }: Pick<InstallationFacts, "day" | "figures">): number | null {
  const ended = day.published24h + figures.failed24h + figures.missed24h;
  return ended === 0 ? null : day.published24h / ended;
}

function reason(code: ReasonCode, message: string): Reason {
  return { code, severity: reasonCodes[code], message };
}

function judgeWorkers(facts: InstallationFacts): Reason[] {
  const live = liveWorkers(facts);
  const reasons: Reason[] = [];
  for (const { platform, oldestClaimableMs } of facts.figures.due) {
    if (live.some(({ platforms }) => platforms.includes(platform))) continue;
    if (oldestClaimableMs !== null) {
      reasons.push(reason("no_worker", `Posts for ${platform} are due and no worker publishes there: start one.`));
    } else if (live.length > 0 && waitingFor(facts, platform) > 0) {
      reasons.push(reason("no_live_worker", `Posts wait for ${platform} and no worker publishes there: start one.`));
    }
  }
  // Nothing is due yet; but what becomes due will not go out, and somebody is better woken before.
  if (live.length === 0 && reasons.length === 0) {
    reasons.push(reason("no_worker", "No worker is live, so nothing will go out: start one."));
  }
  const silent = facts.workers.filter(({ silentMs }) => silentMs > workerTimes.silenceMaxMs);
  if (silent.length > 0 && live.length > 0) {
    const names = silent.slice(0, 3).map(({ id }) => id);
    reasons.push(reason("worker_silent", `Not heard of for a while: ${names.join(", ")}. It may have crashed.`));
  }
  return reasons;
}

function waitingFor({ counts }: InstallationFacts, platform: string): number {
  const waiting = counts.filter((count) => count.platform === platform && /^(scheduled|retrying)$/.test(count.status));
  return waiting.reduce((sum, { count }) => sum + count, 0);
}

function judgeDue({ figures }: InstallationFacts): Reason[] {
  const reasons: Reason[] = [];
  for (const { platform, oldestClaimableMs, overdue } of figures.due) {
    if (oldestClaimableMs === null || oldestClaimableMs <= healthLimits.overdueMaxMs) continue;
    const seconds = Math.round(oldestClaimableMs / 1_000);
    const text = `${counted(overdue, "post")} for ${platform} ${verb(overdue, "is", "are")} overdue, the longest for ${seconds} s: look at the workers, or add some.`;
    reasons.push(reason("overdue", text));
  }
  if (figures.withoutJob > 0) {
    const { withoutJob } = figures;
    const text = `${counted(withoutJob, "waiting post")} ${verb(withoutJob, "has no job in Redis; it goes", "have no job in Redis; they go")} out from Postgres, up to 2 s late.`;
    reasons.push(reason("jobs_missing", text));
  }
  return reasons;
}

function judgeRedis({ redis }: InstallationFacts): Reason[] {
  if (redis.kind === "unfit") return [reason("redis_may_evict", redis.reasons.join(" "))];
  if (redis.kind === "away") {
    return [reason("redis_away", "Redis does not answer. Posts are accepted, and go out from Postgres.")];
  }
  return [];
}

function judgeQueues(facts: InstallationFacts): Reason[] {
  const { queues, figures } = facts;
  if (queues === null) return [];
  const grown = liveWorkers(facts).filter(
    ({ startedAt }) => figures.now.getTime() - startedAt.getTime() > healthLimits.workerYoungMs,
  );
  return queues.flatMap(({ queue }) => {
    if (!grown.some(({ lanes }) => lanes.some((lane) => lane.queue === queue))) return [];
    const age = probeAgeMs(facts, queue);
    if (age !== null && age <= probeSilenceMaxMs) return [];
    const since = age === null ? "none came yet" : `the last one ${Math.round(age / 1_000)} s ago`;
    return [
      reason("queue_stuck", `Probe jobs do not come through ${queue} (${since}): look at Redis and the workers.`),
    ];
  });
}

/** How long ago a probe came through a queue at any live worker, in milliseconds; null: never. */
export function probeAgeMs(facts: Pick<InstallationFacts, "workers">, queue: string): number | null {
  const ages = liveWorkers(facts).flatMap(({ lanes, silentMs }) =>
    lanes.flatMap((lane) =>
      lane.queue === queue && lane.probeAgeMs !== null ? [lane.probeAgeMs + Math.max(0, silentMs)] : [],
    ),
  );
  return ages.length === 0 ? null : Math.min(...ages);
}

function judgeServices(facts: InstallationFacts): Reason[] {
  return Object.keys(watchedServices).flatMap((group) => {
    const standing = standingServices(facts, group as keyof typeof watchedServices);
    if (standing.length === 0) return [];
    return [reason("service_stands", `No worker has run ${standing.join(", ")} lately: look at their logs.`)];
  });
}

/** Services of a group that no live worker runs; without live workers that says nothing more. */
export function standingServices(facts: InstallationFacts, group: keyof typeof watchedServices): string[] {
  const live = liveWorkers(facts);
  if (live.length === 0) return [];
  return watchedServices[group].filter(
    (name) =>
      !live.some(({ services, silentMs }) =>
        services.some(
          (service) =>
            service.name === name &&
            service.idleMs !== null &&
            service.idleMs + Math.max(0, silentMs) <= healthLimits.serviceIdleMaxMs,
        ),
      ) && !live.some(({ startedAt }) => isYoung(startedAt, facts)),
  );
}

function isYoung(startedAt: Date, { figures }: InstallationFacts): boolean {
  return figures.now.getTime() - startedAt.getTime() < healthLimits.workerYoungMs;
}

function judgeOutcomes(facts: InstallationFacts): Reason[] {
  const { recent, day, figures } = facts;
  const reasons = recent.platforms.flatMap((platform) => judgePlatform(platform));
  const { p50Ms, count } = recent.lateness;
  if (p50Ms !== null && count >= healthLimits.publishedMin && p50Ms > healthLimits.medianLatenessMaxMs) {
    const text = `Half of the posts of the last ${recentMinutes} minutes went out more than ${Math.round(p50Ms / 1_000)} s late.`;
    reasons.push(reason("late", text));
  }
  const rate = successRate(facts);
  const ended = day.published24h + figures.failed24h + figures.missed24h;
  if (rate !== null && ended >= healthLimits.endedMin && rate < healthLimits.successRateMin) {
    const lost = figures.failed24h + figures.missed24h;
    // Rounded down, as on the page: 94.99 % is not 95 %.
    const text = `Only ${(Math.floor(rate * 1_000) / 10).toFixed(1)} % of what ended within 24 hours was published; ${counted(lost, "post")} failed or ${verb(lost, "was", "were")} missed.`;
    reasons.push(reason("low_success", text));
  }
  return reasons;
}

function judgePlatform({ platform, published, failures }: RecentPlatform): Reason[] {
  const ours = [...failures].filter(([category]) => category !== "rejected" && category !== "duplicate");
  const failed = ours.reduce((sum, [, count]) => sum + count, 0);
  if (failed < healthLimits.platformFailuresMin || failed <= published) return [];
  const [[category] = ["platform"]] = ours.toSorted(([, a], [, b]) => b - a);
  const text = `${platform} is failing: ${counted(failed, "attempt")} in ${recentMinutes} minutes, mostly ${category.replaceAll("_", " ")}, against ${published} published.`;
  return [reason("platform_failing", text)];
}

function judgeDecisions({ figures }: InstallationFacts): Reason[] {
  const reasons: Reason[] = [];
  if (figures.undecided > 0) {
    const { undecided } = figures;
    const text = `${counted(undecided, "unconfirmed post")} ${verb(undecided, "waits", "wait")} for somebody to look at the platform and decide.`;
    reasons.push(reason("undecided", text));
  }
  if (figures.disconnectedAccounts > 0) {
    const { disconnectedAccounts } = figures;
    const text = `${counted(disconnectedAccounts, "account")} must be reconnected; ${verb(disconnectedAccounts, "its", "their")} posts are held.`;
    reasons.push(reason("disconnected", text));
  }
  return reasons;
}
