/** The table people read after a soak. */
import { formatMachine } from "../bench/machine.ts";
import { formatNumber } from "../bench/report.ts";
import type { SoakFindings } from "./run.ts";
import type { Judged, SoakVerdict, Verdict } from "./verdict.ts";

const headings = ["watched", "median", "trend", "may be", ""];

export function formatReport({ plan, machine, samples }: SoakFindings, verdict: SoakVerdict): string {
  const { judged, verdicts, disturbed } = verdict;
  const minutes = (samples.at(-1)?.atSeconds ?? 0) / 60;
  return [
    formatMachine(machine),
    `${minutes.toFixed(1)} minutes at ${plan.rate} posts/s, ${samples.length} samples; the trend is of the last two thirds`,
    "",
    formatRows([headings, ...judged.map(rowOf)]),
    "",
    ...verdicts.map(formatVerdict),
    ...(disturbed ? ["DISTURBED: others used this machine meanwhile; soak again when it is idle."] : []),
  ].join("\n");
}

export function formatVerdict({ promise, holds, because }: Verdict): string {
  const mark = holds === null ? "?   " : holds ? "yes " : "NO  ";
  return `${mark}${promise}${because === "" ? "" : ` (${because})`}`;
}

function rowOf({ series: { panel, label, unit }, flatness }: Judged): string[] {
  const name = `${panel}: ${label}`;
  if (flatness === null) return [name, "", "", "", "too short to tell"];
  const { median, drift, allowed, flat } = flatness;
  const figure = (value: number) => `${formatNumber(value)} ${unit}`.trimEnd();
  return [
    name,
    figure(median),
    `${drift > 0 ? "+" : ""}${figure(drift)}`,
    `+${figure(allowed)}`,
    flat ? "flat" : "GROWS",
  ];
}

function formatRows(rows: readonly (readonly string[])[]): string {
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const format = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  const [head = [], ...body] = rows;
  return [format(head), widths.map((width) => "─".repeat(width)).join("  "), ...body.map(format)].join("\n");
}
