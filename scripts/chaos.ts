/**
 * `npm run chaos`: the real API, several real workers and the sandbox under a seeded nemesis, and afterwards the
 * question whether the promise was kept. Prints one table per run and fails on any breach, naming the seed.
 */
import { runMain } from "@punctual/runtime";
import { total, type RunResult } from "./chaos/figures.ts";
import { readOptions, usage } from "./chaos/options.ts";
import { formatOffenders, formatReport } from "./chaos/report.ts";
import { runChaos } from "./chaos/run.ts";
import { makeScratchDirectory } from "./chaos/scratch-directory.ts";

await runMain(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") return console.log(usage);
  // On a signal the processes we started must go, too: they do at exit.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

  const results: RunResult[] = [];
  for (let run = 0; run < options.runs; run += 1) {
    const seed = options.seed + run;
    const directory = makeScratchDirectory();
    if (options.keep) directory.keep();
    const started = performance.now();
    const say = (line: string) => {
      if (!options.json) console.error(`${((performance.now() - started) / 1_000).toFixed(1).padStart(7)} s  ${line}`);
    };
    say(
      `seed ${seed}: ${options.posts} posts in ${options.minutes} min${options.broken ? `, ${options.broken} broken` : ""}`,
    );
    try {
      const result = await runChaos(options, { seed, directory: directory.path, say });
      results.push(result);
      const { figures } = result;
      if (options.json) {
        console.log(JSON.stringify(figures));
      } else {
        console.log(`\nseed ${seed}\n${formatReport(figures)}`);
        console.log(isBroken(result) ? `BROKEN with --seed ${seed}:\n${formatOffenders(figures)}` : "  kept");
      }
    } finally {
      if (options.keep) console.error(`Logs are in ${directory.path}.`);
      else directory.remove();
    }
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
