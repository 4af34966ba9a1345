/**
 * Runs measures one after another, and the sides of each in turns: whatever the machine does in the meantime, both
 * sides have their share of it. Every second repetition begins with the other side.
 */
import { availableParallelism } from "node:os";
import type { Sample } from "./comparison.ts";
import { disturbingShare, otherWorkShare, readCpuTime } from "./cpu-time.ts";
import type { Measure } from "./measure.ts";
import type { Stage } from "./stage.ts";

export interface RunResult {
  samples: Sample[];
  /** What broke, in words; a target that was missed is no such thing. */
  failures: string[];
}

export interface RunOptions {
  stage: Stage;
  repetitions: number;
  /** Which parts of the measures; null: all. */
  only: readonly string[] | null;
  say: (line: string) => void;
}

export async function runMeasures(measures: readonly Measure[], options: RunOptions): Promise<RunResult> {
  const { only, say } = options;
  const samples: Sample[] = [];
  const failures: string[] = [];
  for (const measure of measures) {
    const wanted = measure.parts.filter((part) => only?.includes(part) ?? true);
    if (wanted.length === 0) continue;
    try {
      await runMeasure(measure, wanted, samples, options);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      failures.push(`${wanted.join(", ")}: ${text}`);
      say(`${wanted.join(", ")} broke: ${text}`);
    }
  }
  return { samples, failures };
}

async function runMeasure(
  measure: Measure,
  wanted: readonly string[],
  samples: Sample[],
  { stage, repetitions, say }: RunOptions,
): Promise<void> {
  await stage.clear();
  const { sides, close } = await measure.open(stage, wanted);
  try {
    const times = Math.min(repetitions, measure.repetitionsMax ?? repetitions);
    for (let repetition = 0; repetition < times; repetition += 1) {
      const order = Object.entries(sides);
      if (repetition % 2 === 1) order.reverse();
      for (const [side, run] of order) {
        const before = readCpuTime();
        const parts = await run();
        const after = readCpuTime();
        const known = before !== null && after !== null;
        const otherWork = known ? otherWorkShare(before, after, availableParallelism()) : null;
        for (const [part, figures] of Object.entries(parts)) {
          samples.push({ measure: part, side, repetition, figures, otherWork });
          say(`${part} ${repetition + 1}/${times} ${side}: ${describe(figures)}`);
        }
        if (otherWork !== null && otherWork >= disturbingShare) {
          say(`disturbed: others used ${Math.round(otherWork * 100)} % of the machine`);
        }
        await stage.clear();
      }
    }
  } finally {
    await close();
  }
}

function describe(figures: Sample["figures"]): string {
  return Object.entries(figures)
    .filter(([name]) => !name.includes(" "))
    .map(([name, value]) => `${name} ${value.toFixed(value < 10 ? 2 : 0)}`)
    .join(", ");
}
