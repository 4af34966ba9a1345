/**
 * `npm run check`: everything that must be green before a change is taken. Each step is the npm script of its name,
 * so a failing one can be run alone; the rest still run, and the end sums up.
 *
 *     npm run check                          all steps
 *     npm run check -- format lint types     these only
 */
import { spawnSync } from "node:child_process";
import path from "node:path";

const root = path.dirname(import.meta.dirname);

/** Step names, and the npm arguments that run them. */
const steps: Readonly<Record<string, readonly string[]>> = {
  format: ["run", "format", "--", "--check"],
  lint: ["run", "lint"],
  types: ["run", "types"],
  openapi: ["run", "openapi"],
  tests: ["test"],
};

interface Result {
  name: string;
  passed: boolean;
  seconds: string;
}

process.exitCode = main(process.argv.slice(2));

function main(chosen: readonly string[]): number {
  const unknown = chosen.filter((name) => !(name in steps));
  if (unknown.length > 0) {
    console.error(`No such step: ${unknown.join(", ")}. There are: ${Object.keys(steps).join(", ")}.`);
    return 2;
  }
  const results = Object.entries(steps)
    .filter(([name]) => chosen.length === 0 || chosen.includes(name))
    .map(([name, npmArguments]) => runStep(name, npmArguments));

  console.log("");
  for (const { name, passed, seconds } of results) {
    console.log(`${passed ? "passed" : "FAILED"}  ${name.padEnd(8)} ${seconds.padStart(7)} s`);
  }
  const failed = results.filter(({ passed }) => !passed);
  if (failed.length > 0) console.log(`\n${failed.length} of ${results.length} steps failed.`);
  return failed.length > 0 ? 1 : 0;
}

function runStep(name: string, npmArguments: readonly string[]): Result {
  console.log(`\n── ${name} ──`);
  const started = performance.now();
  const { status } = npm(npmArguments);
  return { name, passed: status === 0, seconds: ((performance.now() - started) / 1_000).toFixed(1) };
}

/** The npm that runs this script if one does, else the one in PATH. */
function npm(npmArguments: readonly string[]): { status: number | null } {
  const { npm_execpath: npmScript } = process.env;
  const [command, first] =
    npmScript === undefined ? [process.platform === "win32" ? "npm.cmd" : "npm", []] : [process.execPath, [npmScript]];
  return spawnSync(command, [...first, "--silent", ...npmArguments], { cwd: root, stdio: "inherit" });
}
