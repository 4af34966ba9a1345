/**
 * How our processes start so that each stays below 200 MB (docs/adr/0010-memory.md). Left alone, V8 lets garbage pile
 * up to several times what is in use before it collects, and the C library keeps a separate store of freed memory for
 * every thread. Both can be told otherwise only before a process begins, so a process that was started plainly
 * replaces itself, under the same id, by one that was told; who starts ours as children tells them right away.
 *
 * Imports nothing: it runs before anything else is loaded.
 */

export type Program = "api" | "worker" | "sandbox";

/**
 * Per program: how large the space of new objects is at first and may become, in megabytes (by default it grows from 1
 * to 16, three times over), and by how much the heap may grow before it is collected again, in percent (by default to
 * four times its size). Less memory is more collecting: an API needs more to begin with, and a worker has more garbage a
 * second. A worker with nothing to do would shrink its space to 1 MB and fill that every second.
 */
const heaps: Readonly<Record<Program, { newMb: { min: number; max: number }; growthPercent: number }>> = {
  api: { newMb: { min: 1, max: 8 }, growthPercent: 75 },
  worker: { newMb: { min: 12, max: 12 }, growthPercent: 50 },
  sandbox: { newMb: { min: 1, max: 8 }, growthPercent: 40 },
};

/** A Node that does not know a flag does not start. */
const triedMajor = "24";

/** For the command line of Node; none for one that they were not tried with. */
export function thriftyFlags(program: Program): readonly string[] {
  if (!process.versions.node.startsWith(`${triedMajor}.`)) return [];
  const { newMb, growthPercent } = heaps[program];
  return [
    `--min-semi-space-size=${newMb.min}`,
    `--max-semi-space-size=${newMb.max}`,
    `--heap-growing-percent=${growthPercent}`,
    // V8 optimizes in two steps, in memory from the C library that is left scattered: up to 30 MB, in one run more than in
    // the next. The first step is quick and good enough for functions that are as large, and see objects of as many
    // shapes, as a server's; and leaves half as much once it does not write functions into each other.
    "--no-turbofan",
    "--no-maglev-inlining",
    // V8 takes what survived often for what will, and makes it old from the start: where a tenth survives, whatever was
    // under way, it takes requests for that in one run and not in the next, and what hangs on to them survives, too.
    "--no-allocation-site-pretenuring",
    // WebAssembly here plans queries, which are remembered, and strips types: optimizing it takes 10 MB that stay. What
    // parses the answers of HTTP was no slower without.
    "--liftoff-only",
    // Most modules are kept without their types, so that what strips them is not loaded at all.
    `--import=${new URL("stripped-types.mjs", import.meta.url).href}`,
  ];
}

/** For the environment, where it is not set already. */
export const thriftyEnvironment: Readonly<Record<string, string>> = {
  // One store of freed memory for all threads (glibc).
  MALLOC_ARENA_MAX: "1",
};

/**
 * Begins anew with the flags, or returns if this process has them, if flags of these names were given by somebody who
 * wants others, or if it cannot be replaced: on Windows, and as a child that its parent talks to. Call it before
 * anything is imported or opened.
 */
export function beThrifty(program: Program): void {
  const given = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/)];
  const isGiven = (flag: string) =>
    given.includes(flag) || given.some((other) => nameOf(other) === nameOf(flag) && nameOf(flag) !== "--import");
  const missing = thriftyFlags(program).filter((flag) => !isGiven(flag));
  if (missing.length === 0 || process.execve === undefined || process.channel !== undefined) return;
  process.execve(process.execPath, [process.argv0, ...process.execArgv, ...missing, ...process.argv.slice(1)], {
    ...thriftyEnvironment,
    ...process.env,
  });
}

/** Node takes `_` for `-`. Who chose one end of a range chose the range, and who wants something wants it not left out. */
function nameOf(flag: string): string {
  return (flag.split("=", 1)[0] ?? "").replaceAll("_", "-").replace(/^--(?:min|max|no)-/, "--");
}
