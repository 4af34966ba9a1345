/** What a measure is: sides that are run in turns, one or more parts that each side runs through, and what all turns share. */
import type { Figures } from "./comparison.ts";
import type { Stage } from "./stage.ts";

export interface Measure {
  /** What it measures while its processes are up; most measure one thing. */
  parts: readonly string[];
  /** More repetitions than this would tell nothing new. */
  repetitionsMax?: number;
  /** @param wanted which of its parts are to be run, at least one */
  open(stage: Stage, wanted: readonly string[]): Promise<OpenMeasure>;
}

export interface OpenMeasure {
  /** By side; each run leaves nothing running that would disturb the next. */
  sides: Readonly<Record<string, () => Promise<PartFigures>>>;
  close(): Promise<void>;
}

/** By part. */
export type PartFigures = Readonly<Record<string, Figures>>;

/** A measure of one part whose runs share nothing. */
export function measure(
  name: string,
  sides: Readonly<Record<string, (stage: Stage) => Promise<Figures>>>,
  options: { repetitionsMax?: number } = {},
): Measure {
  return {
    ...options,
    parts: [name],
    async open(stage) {
      const bound = Object.entries(sides).map(([side, run]) => [side, async () => ({ [name]: await run(stage) })]);
      return { sides: Object.fromEntries(bound) as OpenMeasure["sides"], async close() {} };
    },
  };
}

/** Something that is up during a run, and down afterwards, however that ended. */
export async function during<Up extends { stop(): Promise<void> }, Result>(
  start: () => Promise<Up>,
  work: (up: Up) => Promise<Result>,
): Promise<Result> {
  const up = await start();
  try {
    return await work(up);
  } finally {
    await up.stop();
  }
}
