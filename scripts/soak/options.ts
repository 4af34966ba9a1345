/** What a soak can be told on the command line. */
import { parseArgs } from "node:util";
import { StartError } from "@punctual/runtime";
import type { SoakPlan } from "./run.ts";

export interface SoakOptions {
  plan: SoakPlan;
  /** Findings of an earlier run, to be judged and drawn again; null: run. */
  read: string | null;
  /** Where to write everything that was found. */
  json: string | null;
  /** Where to write the picture. */
  chart: string | null;
  /** Keeps the logs of every process. */
  keep: boolean;
}

export const usage = `npm run soak -- [options]
  --minutes N    how long posts are scheduled (30)
  --rate N       posts a second (300)
  --json FILE    write everything that was found to FILE
  --chart FILE   draw the curves into FILE, a PNG; needs Chromium
  --read FILE    judge and draw what an earlier run wrote with --json, instead of running
  --keep         keep the logs of all processes, and say where`;

const sampleSeconds = 10;
/** Posts are scheduled so far ahead, in seconds: from a few to a minute, or to what a short run has room for. */
const nearest = 2;
const farthest = 60;

/** @throws {StartError} naming what is wrong */
export function readOptions(args: readonly string[]): SoakOptions | "help" {
  const { help, minutes, rate, read = null, json = null, chart = null, keep } = parse(args);
  if (help) return "help";
  return {
    plan: planOf(positive("--minutes", minutes ?? "30"), positive("--rate", rate ?? "300")),
    read,
    json,
    chart,
    keep,
  };
}

export function planOf(minutes: number, rate: number): SoakPlan {
  const to = Math.min(farthest, Math.max(nearest + 1, minutes * 12));
  return {
    minutes,
    rate,
    sampleSeconds: Math.min(sampleSeconds, Math.max(1, minutes * 6)),
    ahead: { from: nearest, to },
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || value > 100_000) throw new StartError(`${name} must be a number above 0.`);
  return value;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: "string" },
        rate: { type: "string" },
        read: { type: "string" },
        json: { type: "string" },
        chart: { type: "string" },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${usage}`);
  }
}
