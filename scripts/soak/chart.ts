/**
 * A soak's curves as one picture, drawn by the library that draws the dashboard's charts, in a browser that loads
 * nothing from elsewhere.
 */
import { readFileSync } from "node:fs";
import { openBrowser } from "@punctual/testing";
import type { SoakFindings } from "./run.ts";
import { seriesOf, type Series } from "./series.ts";

const widthPx = 1_600;
const library = (name: string) =>
  readFileSync(new URL(`../../node_modules/uplot/dist/${name}`, import.meta.url), "utf8");

/** @throws where there is no browser, see `findChromium` */
export async function drawChart(findings: SoakFindings, file: string): Promise<void> {
  const browser = await openBrowser();
  try {
    const { page, complaints } = await browser.newPage({ viewport: { width: widthPx, height: 900 } });
    await page.setContent(pageOf(findings));
    await page.waitForFunction("window.drawn === true");
    if (complaints.length > 0) throw new Error(`the chart could not be drawn: ${complaints.join("; ")}`);
    await page.screenshot({ path: file, fullPage: true });
  } finally {
    await browser.close();
  }
}

function pageOf(findings: SoakFindings): string {
  const { plan, samples, startedAt, machine } = findings;
  const panels = Map.groupBy(seriesOf(samples), ({ panel }) => panel);
  const title = `${plan.minutes} minutes at ${plan.rate} posts/s`;
  const below = `${startedAt.slice(0, 10)}, ${machine.processors} processors, commit ${machine.commit ?? "unknown"}`;
  return `<!doctype html><meta charset="utf-8"><style>${library("uPlot.min.css")}
    body { margin: 24px; font: 14px system-ui, sans-serif; background: #fff; color: #1b1f24; }
    h1 { font-size: 20px; margin: 0; } p { margin: 4px 0 16px; color: #57606a; }
    main { display: grid; grid-template-columns: 1fr 1fr; gap: 16px 24px; }
    .u-title { font-size: 15px; text-align: left; padding-left: 50px; } .u-legend { font-size: 12px; text-align: left; padding-left: 50px; }
  </style><h1>${escape(title)}</h1><p>${escape(below)}</p><main></main>
  <script>${library("uPlot.iife.min.js")}</script>
  <script type="application/json" id="panels">${escapeScript(JSON.stringify([...panels].map(panelOf)))}</script>
  <script>(${draw.toString()})(uPlot)</script>`;
}

interface Panel {
  title: string;
  labels: string[];
  /** Minutes, then the values of each line. */
  data: (number | null)[][];
}

function panelOf([title, lines]: [string, Series[]]): Panel {
  const times = [...new Set(lines.flatMap(({ points }) => points.map(({ atSeconds }) => atSeconds)))].toSorted(
    (a, b) => a - b,
  );
  const unit = lines[0]?.unit ?? "";
  return {
    title: unit === "" ? title : `${title}, ${unit}`,
    labels: lines.map(({ label }) => label),
    data: [
      times.map((seconds) => seconds / 60),
      ...lines.map(({ points }) => {
        const values = new Map(points.map(({ atSeconds, value }) => [atSeconds, value]));
        return times.map((time) => values.get(time) ?? null);
      }),
    ],
  };
}

/** Runs in the page: it sees nothing of this module. */
function draw(uPlot: new (options: object, data: unknown, target: unknown) => unknown): void {
  const page = globalThis as unknown as {
    document: { getElementById(id: string): { textContent: string }; querySelector(selector: string): unknown };
    drawn: boolean;
  };
  const panels = JSON.parse(page.document.getElementById("panels").textContent) as Panel[];
  const colors = ["#0969da", "#bf3989", "#1a7f37", "#9a6700", "#8250df", "#57606a"];
  const drawn: unknown[] = [];
  for (const { title, labels, data } of panels) {
    const top = Math.max(...data.slice(1).flatMap((line) => line.map((value) => value ?? 0)));
    const options = {
      title,
      width: 760,
      height: 210,
      legend: { live: false },
      cursor: { show: false },
      // From zero: what is flat must look flat, and what is not must not look steep.
      scales: {
        x: { time: false, range: (_plot: unknown, _from: number, to: number): [number, number] => [0, to] },
        y: { range: [0, top === 0 ? 1 : top * 1.1] },
      },
      axes: [{ label: "minutes", labelSize: 18, labelFont: "12px system-ui", size: 34 }, { size: 56 }],
      series: [
        {},
        ...labels.map((label, index) => ({
          label,
          stroke: colors[index % colors.length],
          width: 1.5,
          spanGaps: true,
          points: { show: false },
        })),
      ],
    };
    drawn.push(new uPlot(options, data, page.document.querySelector("main")));
  }
  // uPlot paints in the next microtask.
  setTimeout(() => {
    page.drawn = drawn.length === panels.length;
  }, 100);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function escapeScript(text: string): string {
  return text.replaceAll("<", String.raw`\u003c`);
}
