/** How late posts were, and how many went out or failed, over the last hours. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Series } from "../api/answers.ts";
import { withQuery } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import { count, counted, duration } from "../wording.ts";
import { Chart, clockTime, type ChartLine } from "./chart.tsx";
import { Shown } from "./shown.tsx";

const spans = [
  { title: "1 hour", minutes: 60, step: 60 },
  { title: "6 hours", minutes: 360, step: 300 },
  { title: "24 hours", minutes: 1_440, step: 900 },
] as const;
const readEveryMs = 10_000;
/** Round lengths of time, in milliseconds: from two of them to four days. */
const durationSteps = [2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000].concat(
  [1, 2, 5, 10, 20, 30, 60, 120, 360, 720, 1_440, 5_760].map((minutes) => minutes * 60_000),
);

/** @param refreshes a number that changes when somebody wants everything read anew */
export function Charts({ refreshes }: { refreshes: number }) {
  const [span, setSpan] = useState<(typeof spans)[number]>(spans[0]);
  const path = withQuery("/v1/operator/series", { minutes: String(span.minutes), step: String(span.step) });
  const series = useResource<Series>(path, { everyMs: readEveryMs });
  const { read } = series;
  useEffect(() => {
    if (refreshes > 0) void read();
  }, [refreshes]);
  return (
    <section aria-label="Over time" class="charts">
      <fieldset class="spans">
        <legend class="unseen">How far back</legend>
        {spans.map((each) => (
          <label key={each.minutes}>
            <input type="radio" name="span" checked={each === span} onChange={() => setSpan(each)} />
            {each.title}
          </label>
        ))}
      </fieldset>
      <Shown resource={series}>{(body) => <Pair series={body} spanTitle={span.title} />}</Shown>
    </section>
  );
}

function Pair({ series, spanTitle }: { series: Series; spanTitle: string }) {
  const { points, stepSeconds } = series;
  const times = useMemo(() => points.map(({ at }) => Date.parse(at) / 1_000), [points]);
  const lateness = useMemo(
    (): ChartLine[] => [
      { title: "half", color: "--chart-p50", values: points.map(({ latenessP50Ms }) => latenessP50Ms) },
      { title: "99 %", color: "--chart-p99", values: points.map(({ latenessP99Ms }) => latenessP99Ms) },
      { title: "latest", color: "--chart-max", dashed: true, values: points.map(({ latenessMaxMs }) => latenessMaxMs) },
    ],
    [points],
  );
  const amounts = useMemo((): ChartLine[] => {
    // Failed ones stand on the published ones; what is drawn later lies in front.
    const tops = points.map(({ published, failed }) => (failed > 0 ? published + failed : null));
    return [
      { title: "failed", color: "--chart-failed", values: points.map(({ failed }) => failed), drawn: tops },
      { title: "published", color: "--chart-published", values: points.map(({ published }) => published) },
    ];
  }, [points]);
  const per = stepSeconds === 60 ? "minute" : `${stepSeconds / 60} minutes`;
  return (
    <>
      <div class="pair">
        <figure>
          <figcaption>
            Lateness <Legend lines={lateness} />
          </figcaption>
          <Chart
            label={`Lateness in the last ${spanTitle}. ${sayLateness(series)}`}
            {...{ times, stepSeconds, lines: lateness, shape: "lines", format: duration, axisSteps: durationSteps }}
          />
        </figure>
        <figure>
          <figcaption>
            Published and failed per {per} <Legend lines={amounts} />
          </figcaption>
          <Chart
            label={`Published and failed posts in the last ${spanTitle}. ${sayAmounts(series)}`}
            {...{ times, stepSeconds, lines: amounts, shape: "bars", format: wholeOnly }}
          />
        </figure>
      </div>
      <AsTable series={series} />
    </>
  );
}

function Legend({ lines }: { lines: readonly ChartLine[] }) {
  return (
    <span class="legend" aria-hidden="true">
      {lines.map(({ title, color }) => (
        <span key={title} class={`tip-line ${color.slice(2)}`}>
          {title}
        </span>
      ))}
    </span>
  );
}

function AsTable({ series: { points } }: { series: Series }) {
  const [isOpen, setIsOpen] = useState(false);
  const length = (ms: number | null) => (ms === null ? "–" : duration(ms));
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {!isOpen ? null : (
        <div class="scrolls" tabIndex={0} role="region" aria-label="Lateness and amounts as a table">
          <table>
            <thead>
              <tr>
                {["From", "Published", "Failed", "Half", "99 %", "Latest"].map((title, index) => (
                  <th key={title} scope="col" class={index === 0 ? "" : "number"}>
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {points.toReversed().map((point) => (
                <tr key={point.at}>
                  <th scope="row">{clockTime(Date.parse(point.at) / 1_000)}</th>
                  <td class="number">{count(point.published)}</td>
                  <td class="number">{count(point.failed)}</td>
                  <td class="number">{length(point.latenessP50Ms)}</td>
                  <td class="number">{length(point.latenessP99Ms)}</td>
                  <td class="number">{length(point.latenessMaxMs)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function wholeOnly(value: number): string {
  return Number.isInteger(value) ? count(value) : "";
}

function sayLateness({ points }: Series): string {
  const worst = Math.max(...points.map(({ latenessMaxMs }) => latenessMaxMs ?? -1));
  return worst < 0 ? "Nothing was published." : `The latest post was ${duration(worst)} late.`;
}

function sayAmounts({ points }: Series): string {
  const sum = (pick: (point: Series["points"][number]) => number) =>
    points.reduce((total, point) => total + pick(point), 0);
  const published = sum((point) => point.published);
  return `${counted(published, "post")} published, ${count(sum((point) => point.failed))} failed.`;
}
