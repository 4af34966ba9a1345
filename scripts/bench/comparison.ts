/**
 * Putting samples beside each other. A ratio is taken within each repetition, where both sides ran shortly after each
 * other on the same machine, and the middle of those ratios is what a target is held against.
 */
import { disturbingShare } from "./cpu-time.ts";
import { spreadOf, type Spread } from "./statistics.ts";

/** What one run of one side of a measure came to, by name. */
export type Figures = Readonly<Record<string, number>>;

export interface Sample {
  measure: string;
  side: string;
  repetition: number;
  figures: Figures;
  /** The share of the machine that others used meanwhile; null: nobody knows. */
  otherWork: number | null;
}

export type Bound =
  | { kind: "ratio_at_least"; value: number }
  | { kind: "ratio_at_most"; value: number }
  | { kind: "value_at_most"; value: number };

/** A line of the table: one figure of ours, perhaps the same of a floor, perhaps what it is to keep. */
export interface Row {
  measure: string;
  label: string;
  unit: string;
  /** Which side's figure; `beside` is the floor's. */
  of: { side: string; figure: string };
  beside?: { side: string; figure: string };
  bounds: readonly Bound[];
}

export interface Verdict {
  bound: Bound;
  met: boolean;
  /** How far off, as a share of the bound; 0 if it is met. */
  missedBy: number;
}

export interface Comparison {
  row: Row;
  ours: Spread;
  floor: Spread | null;
  ratio: Spread | null;
  verdicts: Verdict[];
  /** Whether others used much of the machine during any of the samples. */
  disturbed: boolean;
}

/** Null if the row's sides were not measured. */
export function compare(row: Row, samples: readonly Sample[]): Comparison | null {
  const mine = samples.filter(({ measure }) => measure === row.measure);
  const valuesOf = ({ side, figure }: { side: string; figure: string }) =>
    new Map(
      mine.flatMap((sample): [number, number][] => {
        const value = sample.side === side ? sample.figures[figure] : undefined;
        return value === undefined ? [] : [[sample.repetition, value]];
      }),
    );
  const ours = valuesOf(row.of);
  const floor = row.beside === undefined ? null : valuesOf(row.beside);
  if (ours.size === 0 || floor?.size === 0) return null;
  const ratios = [...ours].flatMap(([repetition, value]) => {
    const other = floor?.get(repetition);
    return other === undefined ? [] : [value / other];
  });
  const comparison = {
    row,
    ours: spreadOf([...ours.values()]),
    floor: floor === null ? null : spreadOf([...floor.values()]),
    ratio: ratios.length === 0 ? null : spreadOf(ratios),
    disturbed: mine.some(({ otherWork }) => otherWork !== null && otherWork >= disturbingShare),
  };
  return { ...comparison, verdicts: row.bounds.map((bound) => judge(bound, comparison)) };
}

function judge(bound: Bound, { ours, ratio }: { ours: Spread; ratio: Spread | null }): Verdict {
  const found = bound.kind === "value_at_most" ? ours.median : ratio?.median;
  if (found === undefined) throw new Error("a bound on a ratio needs a floor");
  const over = bound.kind === "ratio_at_least" ? 1 - found / bound.value : found / bound.value - 1;
  return { bound, met: over <= 0, missedBy: Math.max(0, over) };
}
