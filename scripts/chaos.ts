/**
 * `npm run chaos`: the real API, several real workers and the sandbox under a seeded nemesis, and afterwards the
 * question whether the promise was kept. Prints one table per run and fails on any breach, naming the seed.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runMain } from "@punctual/runtime";
import { readOptions, usage } from "./chaos/options.ts";
import { formatOffenders, formatReport } from "./chaos/report.ts";
import { runChaos } from "./chaos/run.ts";

await runMain(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") return console.log(usage);
  // On a signal the processes we started must go, too: they do at exit.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

  let failed = 0;
  for (let run = 0; run < options.runs; run += 1) {
    const seed = options.seed + run;
    const directory = mkdtempSync(path.join(tmpdir(), "punctual-chaos-"));
    // Root hands Postgres to another user, who must be able to enter.
    chmodSync(directory, 0o711);
    const started = performance.now();
    const say = (line: string) => {
      if (!options.json) console.error(`${((performance.now() - started) / 1_000).toFixed(1).padStart(7)} s  ${line}`);
    };
    say(
      `seed ${seed}: ${options.posts} posts in ${options.minutes} min${options.broken ? `, ${options.broken} broken` : ""}`,
    );
    try {
      const figures = await runChaos(options, { seed, directory, say });
      const broke = figures.offenders.length > 0;
      if (broke) failed += 1;
      if (options.json) {
        console.log(JSON.stringify(figures));
      } else {
        console.log(`\nseed ${seed}\n${formatReport(figures)}`);
        console.log(broke ? `BROKEN with --seed ${seed}:\n${formatOffenders(figures.offenders)}` : "  kept");
      }
    } finally {
      if (options.keep) console.error(`Logs are in ${directory}.`);
      else rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    }
  }
  if (options.runs > 1) console.error(`${options.runs - failed} of ${options.runs} runs kept the promise.`);
  process.exit(failed > 0 ? 1 : 0);
});
