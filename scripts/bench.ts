/**
 * `npm run bench`: Punctual's own processes beside the floors, bare BullMQ and the service a team would wire together,
 * all in one run on one machine. Prints one table of ratios. A missed target is no failure unless `--strict` says so; a
 * measure that broke is one.
 */
import { writeFileSync } from "node:fs";
import { runMain } from "@punctual/runtime";
import { compare, type Comparison } from "./bench/comparison.ts";
import { disturbingShare } from "./bench/cpu-time.ts";
import { describeMachine, formatMachine, lookForOtherWork } from "./bench/machine.ts";
import { measures } from "./bench/measures.ts";
import { readOptions, usage } from "./bench/options.ts";
import { formatTable } from "./bench/report.ts";
import { runMeasures } from "./bench/runner.ts";
import { fullSizes, quickSizes } from "./bench/sizes.ts";
import { setStage } from "./bench/stage.ts";
import { rowsOf } from "./bench/targets.ts";
import { makeScratchDirectory } from "./chaos/scratch-directory.ts";

/** How long the machine is watched before anything is started. */
const lookMs = 1_000;

await runMain(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") return console.log(usage);
  // On a signal the processes we started must go, too: they do at exit.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

  const started = performance.now();
  const startedAt = new Date().toISOString();
  const seconds = () => (performance.now() - started) / 1_000;
  const say = (line: string) => console.error(`${seconds().toFixed(1).padStart(7)} s  ${line}`);
  const { quick, repetitions, only, json, strict, keep } = options;

  const { share, load } = await lookForOtherWork(quick ? 100 : lookMs);
  const wasBusy = share !== null && share >= disturbingShare;
  if (wasBusy) say(`others use ${Math.round(share * 100)} % of this machine (load ${load.toFixed(1)})`);

  const directory = makeScratchDirectory("bench");
  if (keep) directory.keep();
  try {
    const sizes = quick ? quickSizes : fullSizes;
    const stage = await setStage(sizes, directory.path);
    try {
      const machine = await describeMachine(stage);
      const { samples, failures } = await runMeasures(measures, { stage, repetitions, only, say });
      const comparisons = rowsOf(sizes)
        .map((row) => compare(row, samples))
        .filter((comparison) => comparison !== null);
      const disturbed = comparisons.some((comparison) => comparison.disturbed);

      console.log(formatMachine(machine));
      console.log(`${repetitions} repetitions, medians (least..most), in ${seconds().toFixed(0)} s\n`);
      console.log(formatTable(comparisons, { judged: !quick }));
      for (const [title, lines] of stage.remembered) console.log(`\n${title}\n  ${lines.join("\n  ")}`);
      if (disturbed) console.log("\nDISTURBED: others used this machine meanwhile; measure again when it is idle.");
      if (quick) console.log("\nA quick run only shows that everything works: its figures mean nothing.");
      for (const failure of failures) console.log(`\nBROKE: ${failure}`);

      if (json !== null) {
        const before = { otherWork: share, load };
        const found = { startedAt, seconds: seconds(), machine, options, before, disturbed, comparisons, samples };
        const remembered = Object.fromEntries(stage.remembered);
        writeFileSync(json, `${JSON.stringify({ ...found, remembered, failures }, null, 2)}\n`);
      }
      process.exitCode = failures.length > 0 || (strict && comparisons.some(isMissed)) ? 1 : 0;
    } finally {
      await stage.stop();
    }
  } finally {
    if (keep) console.error(`Logs are in ${directory.path}.`);
    else directory.remove();
  }
});

function isMissed({ verdicts }: Comparison): boolean {
  return verdicts.some(({ met }) => !met);
}
