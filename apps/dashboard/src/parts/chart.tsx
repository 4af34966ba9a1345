/**
 * A chart over time, drawn by uPlot: this gives it the page's colours, keeps it as wide as its place, and shows the
 * values under the pointer. Who cannot see or point gets the same values as a table beside it.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { useColorScheme } from "./color-scheme.ts";
import { showsTip } from "./chart-tip.ts";

export interface ChartLine {
  title: string;
  /** A custom property of the style sheet. */
  color: `--${string}`;
  values: readonly (number | null)[];
  /** So that what lies under it is seen, too. */
  dashed?: boolean;
  /** What is drawn, where it is not the value itself: the top of a stack. */
  drawn?: readonly (number | null)[];
}

export interface ChartProps {
  /** What it shows, in a sentence. */
  label: string;
  /** The beginning of each point, in seconds since 1970. */
  times: readonly number[];
  stepSeconds: number;
  lines: readonly ChartLine[];
  shape: "lines" | "bars";
  format(value: number): string;
  /** Steps its axis may take, smallest first; default: uPlot's. */
  axisSteps?: readonly number[];
}

const heightPx = 180;
const syncKey = "time";
/** So that a quiet day is not drawn as a storm of one post or one millisecond. */
const topMin = 5;

export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  // uPlot keeps the functions it is given; they look here for what is current.
  const latest = useRef(props);
  latest.current = props;
  const scheme = useColorScheme();
  const [width, setWidth] = useState(0);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const isPlaced = width > 0;
  useEffect(() => {
    const element = box.current;
    if (element === null || !isPlaced) return;
    plot.current = new uPlot(optionsFor(latest, element), dataOf(latest.current), element);
    return () => {
      plot.current?.destroy();
      plot.current = null;
    };
  }, [isPlaced, scheme]);

  useEffect(() => plot.current?.setSize({ width, height: heightPx }), [width]);
  useEffect(() => plot.current?.setData(dataOf(latest.current)), [props.times, props.lines]);

  return <div ref={box} class="chart" role="img" aria-label={props.label} />;
}

function dataOf({ times, lines }: ChartProps): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values, drawn }) => [...(drawn ?? values)])];
}

function optionsFor(latest: { current: ChartProps }, element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const { lines, shape, axisSteps } = latest.current;
  const font = `11px ${style.fontFamily}`;
  const axis = {
    stroke: color("--quiet"),
    font,
    grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line"), width: 1, size: 4 },
  };
  return {
    width: Math.floor(element.clientWidth),
    height: heightPx,
    padding: [10, 24, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: syncKey }, drag: { x: false, y: false }, y: false, points: { size: 6 } },
    // A point stands for the time from its beginning on: the last one needs room, too.
    scales: {
      x: { time: true, range: (_plot, min, max) => [min, max + latest.current.stepSeconds] },
      y: { range: (_plot, _min, max) => [0, Math.max(topMin, (max ?? 0) * 1.1)] },
    },
    axes: [
      { ...axis, space: 56, size: 24, values: (_plot, ticks) => ticks.map(clockTime) },
      {
        ...axis,
        size: 52,
        space: 32,
        ...(axisSteps === undefined ? {} : { incrs: [...axisSteps] }),
        values: (_plot, ticks) => ticks.map((tick) => latest.current.format(tick)),
      },
    ],
    series: [
      {},
      ...lines.map(({ title, color: name, dashed }): uPlot.Series => {
        const shown = color(name);
        if (shape === "bars")
          return { label: title, fill: shown, stroke: shown, width: 0, paths: bars(), points: { show: false } };
        const dash = dashed === true ? { dash: [4, 4] } : {};
        return { label: title, stroke: shown, width: 1.5, ...dash, points: { show: true, size: 4, fill: shown } };
      }),
    ],
    plugins: [showsTip(latest)],
  };
}

function bars(): uPlot.Series.PathBuilder {
  return uPlot.paths.bars?.({ size: [0.8, 24], align: 1 }) as uPlot.Series.PathBuilder;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export function clockTime(seconds: number): string {
  return clock.format(seconds * 1_000);
}
