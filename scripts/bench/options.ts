/** What a benchmark can be told on the command line. */
import { parseArgs } from "node:util";
import { StartError } from "@punctual/runtime";
import { fullSizes } from "./sizes.ts";
import { rowsOf } from "./targets.ts";

export interface BenchOptions {
  /** Small sizes: shows that everything works, and is held against no target. */
  quick: boolean;
  /** How often each side of each measure runs. */
  repetitions: number;
  /** Which measures; null: all. */
  only: readonly string[] | null;
  /** Where to write everything that was measured. */
  json: string | null;
  /** A missed target makes the exit code 1. */
  strict: boolean;
  /** Keeps the logs of every process. */
  keep: boolean;
}

export const measureNames: readonly string[] = [...new Set(rowsOf(fullSizes).map(({ measure }) => measure))];

export const usage = `npm run bench -- [options]
  --quick            small sizes, one repetition: does it work; held against no target
  --repetitions N    how often each side of each measure runs (3)
  --only LIST        comma list of ${measureNames.join(", ")}
  --json FILE        write everything that was measured to FILE
  --strict           exit with 1 if a target is missed
  --keep             keep the logs of all processes, and say where`;

/** @throws {StartError} naming what is wrong */
export function readOptions(args: readonly string[]): BenchOptions | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  const repetitions = Number(values.repetitions ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(repetitions) || repetitions < 1 || repetitions > 100) {
    throw new StartError("--repetitions must be a whole number from 1 to 100.");
  }
  if (values.quick && values.strict) throw new StartError("A quick run is held against no target: leave out --strict.");
  const only = values.only?.split(",") ?? null;
  const unknown = only?.filter((name) => !measureNames.includes(name)) ?? [];
  if (unknown.length > 0) throw new StartError(`No such measure: ${unknown.join(", ")}.\n${usage}`);
  const { quick, strict, keep, json = null } = values;
  return { quick, repetitions, only, json, strict, keep };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean", default: false },
        repetitions: { type: "string" },
        only: { type: "string" },
        json: { type: "string" },
        strict: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${usage}`);
  }
}
