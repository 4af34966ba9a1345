/**
 * `npm run soak`: Punctual's own processes for half an hour under a steady load, posts scheduled and posts published at
 * the same pace. Whatever grows with the number of posts shows: memory, lateness, statement times, Redis. Exits with 1 if
 * something did, or if not every post was published exactly once.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { runMain, StartError } from "@punctual/runtime";
import { findChromium } from "@punctual/testing";
import { makeScratchDirectory } from "./chaos/scratch-directory.ts";
import { drawChart } from "./soak/chart.ts";
import { readOptions, usage, type SoakOptions } from "./soak/options.ts";
import { formatReport } from "./soak/report.ts";
import { runSoak, type SoakFindings } from "./soak/run.ts";
import { judgeSoak } from "./soak/verdict.ts";

await runMain(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") return console.log(usage);
  // On a signal the processes we started must go, too: they do at exit.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
  const { read, json, chart } = options;
  // Better known now than after half an hour.
  if (chart !== null && findChromium() === null) throw new StartError("--chart needs a Chromium, see CHROME.");

  const findings = read === null ? await soak(options) : (JSON.parse(readFileSync(read, "utf8")) as SoakFindings);
  if (json !== null) writeFileSync(json, `${JSON.stringify(findings)}\n`);
  const verdict = judgeSoak(findings);
  console.log(formatReport(findings, verdict));
  if (chart !== null) await drawChart(findings, chart);
  process.exitCode = verdict.verdicts.some(({ holds }) => holds === false) ? 1 : 0;
});

async function soak({ plan, keep }: SoakOptions): Promise<SoakFindings> {
  const directory = makeScratchDirectory("soak");
  if (keep) directory.keep();
  const started = performance.now();
  const say = (line: string) =>
    console.error(`${((performance.now() - started) / 1_000).toFixed(1).padStart(7)} s  ${line}`);
  try {
    return await runSoak(plan, directory.path, say);
  } finally {
    if (keep) console.error(`Logs are in ${directory.path}.`);
    else directory.remove();
  }
}
