/** The values under the pointer, beside it. */
import type uPlot from "uplot";
import type { ChartProps } from "./chart.tsx";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const gapPx = 12;

export function showsTip(latest: { current: ChartProps }): uPlot.Plugin {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  return {
    hooks: {
      init: (plot) => plot.over.append(tip),
      setCursor: (plot) => {
        const { idx, left = -1 } = plot.cursor;
        // The other chart's pointer moves this one's too; both tips help to compare.
        tip.hidden = idx === null || idx === undefined || left < 0;
        if (tip.hidden || idx === null || idx === undefined) return;
        tip.replaceChildren(...linesAt(latest.current, idx));
        const beyond = left + gapPx + tip.offsetWidth > plot.over.clientWidth;
        tip.style.left = `${beyond ? Math.max(0, left - gapPx - tip.offsetWidth) : left + gapPx}px`;
      },
    },
  };
}

function linesAt({ times, stepSeconds, lines, format }: ChartProps, index: number): HTMLElement[] {
  const begin = (times[index] ?? 0) * 1_000;
  const heading = document.createElement("strong");
  heading.textContent = `${clock.format(begin)} – ${clock.format(begin + stepSeconds * 1_000)}`;
  return [
    heading,
    ...lines.map(({ title, values, color }) => {
      const line = document.createElement("span");
      const value = values[index] ?? null;
      line.textContent = `${title}: ${value === null ? "none" : format(value)}`;
      line.className = `tip-line ${color.slice(2)}`;
      return line;
    }),
  ];
}
