/** What a chaos run can be told on the command line. */
import { parseArgs } from "node:util";
import { StartError } from "@punctual/runtime";
import { breakableParts, type BreakablePart } from "./broken-parts.ts";
import { chaosPlatformNames } from "./platforms/registry.ts";

export interface ChaosOptions {
  /** The first seed; each further run takes the next. */
  seed: number;
  runs: number;
  /** How long load and faults last, in minutes. */
  minutes: number;
  /** Posts scheduled per run. */
  posts: number;
  platforms: readonly string[];
  broken: BreakablePart | null;
  /** One blow at a time and how long it takes to heal, instead of the nemesis. */
  drills: boolean;
  json: boolean;
  /** Keeps the logs of every process of a run. */
  keep: boolean;
}

export const usage = `npm run chaos -- [options]
  --seed N          the run to make; by default a new one, which is printed
  --runs N          so many runs, with the seed and the following ones (1)
  --minutes M       how long load and faults last in each (1)
  --posts N         posts scheduled in each (2,500 per minute)
  --platforms LIST  comma list of ${chaosPlatformNames.join(", ")} (all)
  --break PART      make the run with a broken part: ${breakableParts.join(", ")}
  --drills          one blow at a time instead, each --runs times, and how long each takes to heal beside what is promised
  --json            one JSON object per run instead of the table
  --keep            keep the logs of all processes, and say where`;

const postsPerMinute = 2_500;

/** @throws {StartError} naming what is wrong */
export function readOptions(args: readonly string[]): ChaosOptions | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  const minutes = number("minutes", values.minutes, 1, { min: 0.1, max: 1_440 });
  const platforms = values.platforms?.split(",") ?? chaosPlatformNames;
  const unknown = platforms.filter((name) => !chaosPlatformNames.includes(name));
  if (unknown.length > 0) throw new StartError(`No such platform: ${unknown.join(", ")}.\n${usage}`);
  const broken = breakableParts.find((part) => part === values.break) ?? null;
  if (values.break !== undefined && broken === null) throw new StartError(`No such part: ${values.break}.\n${usage}`);
  const idle = (["minutes", "posts", "platforms", "break"] as const).filter((name) => values[name] !== undefined);
  if (values.drills && idle.length > 0) {
    throw new StartError(`--drills takes no --${idle.join(", no --")}: its blows and posts are always the same.`);
  }
  return {
    seed: number("seed", values.seed, Math.floor(Math.random() * 1_000_000), { min: 0, max: 0xffffffff, whole: true }),
    runs: number("runs", values.runs, 1, { min: 1, max: 1_000, whole: true }),
    minutes,
    posts: number("posts", values.posts, Math.round(postsPerMinute * minutes), { min: 1, max: 150_000, whole: true }),
    platforms,
    broken,
    drills: values.drills,
    json: values.json,
    keep: values.keep,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: "string" },
        runs: { type: "string" },
        minutes: { type: "string" },
        posts: { type: "string" },
        platforms: { type: "string" },
        break: { type: "string" },
        drills: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${usage}`);
  }
}

function number(
  name: string,
  given: string | undefined,
  otherwise: number,
  { min, max, whole = false }: { min: number; max: number; whole?: boolean },
): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (!(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
    throw new StartError(`--${name} must be a ${whole ? "whole " : ""}number from ${min} to ${max}.`);
  }
  return value;
}
