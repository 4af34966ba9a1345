/** The table people read, and the words for whether a target was met. */
import type { Bound, Comparison, Verdict } from "./comparison.ts";
import type { Spread } from "./statistics.ts";

const headings = ["measure", "Punctual", "floor", "ratio", "target", ""] as const;

/** @param judged false: sizes were too small to hold anything against a target */
export function formatTable(comparisons: readonly Comparison[], { judged }: { judged: boolean }): string {
  const lines = [
    [...headings],
    ...comparisons.map((comparison) => {
      const { row, ours, floor, ratio, verdicts, disturbed } = comparison;
      return [
        row.label,
        formatSpread(ours, row.unit),
        floor === null ? "" : formatSpread(floor, row.unit),
        ratio === null ? "" : formatSpread(ratio, ""),
        row.bounds.map((bound) => formatBound(bound, row.unit)).join(", "),
        [judged ? verdicts.map(formatVerdict).join(", ") : "", disturbed ? "disturbed" : ""].filter(Boolean).join("; "),
      ];
    }),
  ];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: readonly string[]) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const [head = [], ...body] = lines;
  return [format(head), widths.map((width) => "─".repeat(width)).join("  "), ...body.map(format)].join("\n");
}

export function formatVerdict({ met, missedBy }: Verdict): string {
  if (met) return "met";
  return missedBy < 0.01 ? "missed by less than 1 %" : `missed by ${Math.round(missedBy * 100)} %`;
}

export function formatBound({ kind, value }: Bound, unit: string): string {
  switch (kind) {
    case "ratio_at_least":
      return `≥ ${formatNumber(value)} ×`;
    case "ratio_at_most":
      return `≤ ${formatNumber(value)} ×`;
    case "value_at_most":
      return `≤ ${formatNumber(value)} ${unit}`;
  }
}

/** The median, and from where to where, if there was more than one repetition. */
export function formatSpread({ median, min, max }: Spread, unit: string): string {
  const range = min === max ? "" : ` (${formatNumber(min)}..${formatNumber(max)})`;
  return `${formatNumber(median)}${unit === "" || unit.startsWith("/") ? unit : ` ${unit}`}${range}`;
}

/** Three digits that mean something, thousands apart. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
