/**
 * `npm run chaos`: the real API, several real workers and the sandbox under a seeded nemesis, and afterwards the
 * question whether the promise was kept. Prints one table per run and fails on any breach, naming the seed.
 */
import { runMain } from "@punctual/runtime";
import { formatDrills, runDrills } from "./chaos/drilling.ts";
import { total, type RunResult } from "./chaos/figures.ts";
import { readOptions, usage, type ChaosOptions } from "./chaos/options.ts";
import { formatOffenders, formatReport } from "./chaos/report.ts";
import { runChaos } from "./chaos/run.ts";
import { makeScratchDirectory } from "./chaos/scratch-directory.ts";

await runMain(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") return console.log(usage);
  // On a signal the processes we started must go, too: they do at exit.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

  if (options.drills) {
    const results = await inScratchDirectory(options, (surroundings) => runDrills(options, surroundings));
    console.log(options.json ? JSON.stringify(results) : formatDrills(results));
    process.exit(results.every(({ isKept }) => isKept) ? 0 : 1);
  }
  const results: RunResult[] = [];
  for (let run = 0; run < options.runs; run += 1) {
    const seed = options.seed + run;
    await inScratchDirectory(options, async ({ directory, say }) => {
      say(
        `seed ${seed}: ${options.posts} posts in ${options.minutes} min${options.broken ? `, ${options.broken} broken` : ""}`,
      );
      const result = await runChaos(options, { seed, directory, say });
      results.push(result);
      const { figures } = result;
      if (options.json) {
        console.log(JSON.stringify(figures));
      } else {
        console.log(`\nseed ${seed}\n${formatReport(figures)}`);
        console.log(isBroken(result) ? `BROKEN with --seed ${seed}:\n${formatOffenders(figures)}` : "  kept");
      }
    });
  }
  const broken = results.filter(isBroken);
  if (options.runs > 1 && !options.json) {
    console.log(`\nall ${results.length} runs together\n${formatReport(total(results).figures)}`);
    console.log(`  ${results.length - broken.length} of ${results.length} runs kept the promise`);
  }
  process.exit(broken.length > 0 ? 1 : 0);
});

function isBroken({ figures }: RunResult): boolean {
  return figures.offenders.length > 0;
}

async function inScratchDirectory<Result>(
  { keep, json }: ChaosOptions,
  work: (surroundings: { directory: string; say: (line: string) => void }) => Promise<Result>,
): Promise<Result> {
  const directory = makeScratchDirectory();
  if (keep) directory.keep();
  const started = performance.now();
  const say = (line: string) => {
    if (!json) console.error(`${((performance.now() - started) / 1_000).toFixed(1).padStart(7)} s  ${line}`);
  };
  try {
    return await work({ directory: directory.path, say });
  } finally {
    if (keep) console.error(`Logs are in ${directory.path}.`);
    else directory.remove();
  }
}
