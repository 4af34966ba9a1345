/** Published, failed and lateness over time, from what the minutes brought. */
import { readStepStatistics, type Database, type StepStatistic } from "@punctual/db";
import type { Series } from "../operator/overview-schemas.ts";
import { latenessOf } from "./installation-facts.ts";

export interface SeriesRequest {
  now: Date;
  /** How far back. */
  minutes: number;
  /** What a point stands for; a multiple of 60. */
  stepSeconds: number;
}

/** More points than a chart shows. */
const pointsMax = 360;

/**
 * Points lie on multiples of their step, so that the same point is the same whenever it is asked for. The step grows
 * where there would be too many.
 */
export async function readSeries(database: Database, request: SeriesRequest): Promise<Series> {
  const { now, minutes } = request;
  const stepSeconds = Math.max(request.stepSeconds, Math.ceil(minutes / pointsMax) * 60);
  const stepMs = stepSeconds * 1_000;
  const last = Math.floor(now.getTime() / stepMs) * stepMs;
  const count = Math.max(1, Math.ceil((minutes * 60) / stepSeconds));
  const first = last - (count - 1) * stepMs;
  const statistics = await readStepStatistics(database, {
    kinds: ["published", "failed", "missed", "lateness"],
    since: new Date(first),
    stepSeconds,
  });
  const byPoint = Map.groupBy(statistics, ({ step }) => step);
  const points = Array.from({ length: count }, (_, index) => toPoint(first + index * stepMs, byPoint.get(index) ?? []));
  return { from: new Date(first).toISOString(), stepSeconds, points };
}

function toPoint(at: number, statistics: readonly StepStatistic[]): Series["points"][number] {
  const sum = (...kinds: readonly string[]) =>
    statistics.filter(({ kind }) => kinds.includes(kind)).reduce((total, { count }) => total + count, 0);
  const { p50Ms, p99Ms, maxMs } = latenessOf(statistics);
  return {
    at: new Date(at).toISOString(),
    published: sum("published"),
    failed: sum("failed", "missed"),
    latenessP50Ms: p50Ms,
    latenessP99Ms: p99Ms,
    latenessMaxMs: maxMs,
  };
}
