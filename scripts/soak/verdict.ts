/** What a soak's findings come to: lines that hold or do not. */
import { disturbingShare } from "../bench/cpu-time.ts";
import { median } from "../bench/statistics.ts";
import { judgeAccounts } from "./accounting.ts";
import { judgeFlatness, type Flatness } from "./flatness.ts";
import type { SoakFindings } from "./run.ts";
import { seriesOf, type Series } from "./series.ts";

export interface Verdict {
  promise: string;
  /** Null: the run was too short to tell. */
  holds: boolean | null;
  /** Why not, or what was seen. */
  because: string;
}

export interface Judged {
  series: Series;
  /** Null: too few points. */
  flatness: Flatness | null;
}

export interface SoakVerdict {
  judged: Judged[];
  verdicts: Verdict[];
  /** Whether others used much of the machine during half of the samples or more. */
  disturbed: boolean;
}

/** Of the posts asked for, so many must have been accepted, or it was a soak at another rate. */
const paceMin = 0.99;

export function judgeSoak({ plan, samples, refusals, receiver, postgres, remains }: SoakFindings): SoakVerdict {
  const judged = seriesOf(samples).flatMap((series): Judged[] => {
    return series.limit === undefined ? [] : [{ series, flatness: judgeFlatness(series.points, series.limit) }];
  });
  const accountFaults = judgeAccounts(receiver, postgres);
  const accepted = samples.reduce((sum, sample) => sum + sample.accepted, 0);
  const seconds = samples.at(-1)?.atSeconds ?? 0;
  const pace = seconds === 0 ? 0 : accepted / seconds;
  const growing = judged.filter(({ flatness }) => flatness?.flat === false);
  const unknown = judged.filter(({ flatness }) => flatness === null);
  const otherWork = samples.flatMap((sample) => sample.otherWork ?? []);
  const named = (list: readonly Judged[]) => list.map(({ series }) => `${series.panel} ${series.label}`).join("; ");
  return {
    judged,
    disturbed: otherWork.length > 0 && median(otherWork) >= disturbingShare,
    verdicts: [
      {
        promise: `${plan.rate} posts/s were scheduled throughout`,
        holds: pace >= paceMin * plan.rate && refusals.length === 0,
        because: [`${pace.toFixed(1)}/s`, ...refusals.slice(0, 3)].join("; "),
      },
      {
        promise: "every post was published exactly once",
        holds: accountFaults.length === 0,
        because: accountFaults.join("; ") || `${postgres.posts} posts, as many arrivals, attempts and events`,
      },
      {
        promise: "Redis keeps what is kept on purpose, and nothing else",
        holds: remains.faults.length === 0,
        because: remains.faults.join("; ") || describeKept(remains.kept),
      },
      {
        promise: "memory, lateness, statement times and Redis are flat",
        holds: growing.length > 0 ? false : unknown.length > 0 ? null : true,
        because: growing.length > 0 ? `growing: ${named(growing)}` : unknown.length > 0 ? "too short to tell" : "",
      },
    ],
  };
}

function describeKept(kept: Readonly<Record<string, number>>): string {
  return Object.entries(kept)
    .map(([what, count]) => `${what} ${count}`)
    .join(", ");
}
