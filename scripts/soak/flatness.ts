/**
 * Whether a figure stays where it is while work goes on. What counts is the trend of the last two thirds, after the
 * run has found its level: the median of the slopes between all pairs of points (Theil and Sen), which no single
 * outlier moves, times the length of that part. Growing by more than the limit is not flat; falling is.
 */
import { median } from "../bench/statistics.ts";

export interface Point {
  atSeconds: number;
  value: number;
}

export interface FlatLimit {
  /** It may grow by this share of its median ... */
  share: number;
  /** ... or by so much, in its own unit, where that is more: nobody minds a millisecond becoming two. */
  slack: number;
}

export interface Flatness {
  /** Of the part that is judged, like all of this. */
  median: number;
  /** By how much the trend changes it from the beginning of that part to its end. */
  drift: number;
  /** What it may. */
  allowed: number;
  flat: boolean;
}

/** Fewer points in the judged part show no trend. */
export const pointsMin = 12;

/** @returns null if there are too few points to tell */
export function judgeFlatness(points: readonly Point[], { share, slack }: FlatLimit): Flatness | null {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const from = first.atSeconds + (last.atSeconds - first.atSeconds) / 3;
  const judged = points.filter(({ atSeconds }) => atSeconds >= from);
  if (judged.length < pointsMin) return null;
  const middle = median(judged.map(({ value }) => value));
  const seconds = last.atSeconds - (judged[0]?.atSeconds ?? from);
  const drift = slopeOf(judged) * seconds;
  const allowed = Math.max(share * Math.abs(middle), slack);
  return { median: middle, drift, allowed, flat: drift <= allowed };
}

/** In the points' unit a second. */
function slopeOf(points: readonly Point[]): number {
  const slopes = points.flatMap((a, index) =>
    points
      .slice(index + 1)
      .filter((b) => b.atSeconds > a.atSeconds)
      .map((b) => (b.value - a.value) / (b.atSeconds - a.atSeconds)),
  );
  return median(slopes);
}
