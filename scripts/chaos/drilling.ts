/** Runs the drills on a small fleet of their own, and sets what they took beside what is promised. */
import { drillPlatforms, drills } from "./drills.ts";
import { spread, type Spread } from "./figures.ts";
import { setStage } from "./stage.ts";

export interface DrillResult {
  name: string;
  /** In milliseconds, like what was measured. */
  promisedMs: number;
  took: Spread;
  isKept: boolean;
}

const fleetSize = { apis: 1, workers: 2 } as const;

/** @throws naming what did not heal at all */
export async function runDrills(
  { seed, runs }: { seed: number; runs: number },
  { directory, say }: { directory: string; say: (line: string) => void },
): Promise<DrillResult[]> {
  const stage = await setStage(seed, { directory, ...fleetSize, platforms: drillPlatforms, broken: null });
  const times = new Map(drills.map(({ name }) => [name, [] as number[]]));
  try {
    for (let run = 0; run < runs; run += 1) {
      for (const { name, run: drill } of drills) {
        const tookMs = Math.round(await drill(stage));
        say(`${name}: ${tookMs} ms`);
        times.get(name)?.push(tookMs);
      }
    }
  } finally {
    await stage.stop();
  }
  return drills.map(({ name, promisedMs }) => {
    const took = spread(times.get(name) ?? []);
    return { name, promisedMs, took, isKept: took.max <= promisedMs };
  });
}

export function formatDrills(results: readonly DrillResult[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  return results
    .map(({ name, promisedMs, took, isKept }) => {
      const figures = `median ${took.p50}, max ${took.max} of ${promisedMs} ms (${took.count})`;
      return `  ${name.padEnd(width)}  ${figures}  ${isKept ? "kept" : "MISSED"}`;
    })
    .join("\n");
}
