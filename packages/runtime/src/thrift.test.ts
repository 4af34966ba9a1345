import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { thriftyEnvironment, thriftyFlags } from "./thrift.ts";

interface Told {
  pid: number;
  flags: string[];
  arguments: string[];
  arenas?: string;
}

const program = `
  import { beThrifty } from ${JSON.stringify(new URL("thrift.ts", import.meta.url).href)};
  beThrifty("worker");
  console.log(JSON.stringify({
    pid: process.pid,
    flags: process.execArgv,
    arguments: process.argv.slice(1),
    arenas: process.env.MALLOC_ARENA_MAX,
  }));
  process.disconnect?.();
`;

async function start(
  flags: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  isTalkedTo = false,
): Promise<Told & { launched: number | undefined }> {
  const child = spawn(
    process.execPath,
    [...flags, "--import", `data:text/javascript,${encodeURIComponent(program)}`, "-"],
    {
      stdio: ["ignore", "pipe", "inherit", ...(isTalkedTo ? (["ipc"] as const) : [])],
      env: environment,
    },
  );
  const told = JSON.parse(await text(child.stdout as NodeJS.ReadableStream)) as Told;
  return { ...told, launched: child.pid };
}

const ours = thriftyFlags("worker");

test("a process that was started plainly begins anew under its own id, with what it was given", async () => {
  const told = await start(["--stack-trace-limit=20"]);
  expect(told.pid).toBe(told.launched);
  expect(told.flags).toEqual(expect.arrayContaining(["--stack-trace-limit=20", ...ours]));
  expect(told.arguments).toEqual(["-"]);
  expect(told.arenas).toBe(thriftyEnvironment["MALLOC_ARENA_MAX"]);
});

test("what somebody chose is left as it is", async () => {
  const told = await start(["--max_semi_space_size=32"], { MALLOC_ARENA_MAX: "4" });
  expect(told.flags.filter((flag) => /semi.space/.test(flag))).toEqual(["--max_semi_space_size=32"]);
  expect(told.arenas).toBe("4");
  const oneEnd = await start(["--min-semi-space-size=1"]);
  expect(oneEnd.flags.filter((flag) => /semi.space/.test(flag))).toEqual(["--min-semi-space-size=1"]);
  const both = await start(["--turbofan"]);
  expect(both.flags.filter((flag) => /turbofan/.test(flag))).toEqual(["--turbofan"]);
  const byEnvironment = await start([], { NODE_OPTIONS: "--max-semi-space-size=32" });
  expect(byEnvironment.flags.filter((flag) => /semi.space/.test(flag))).toEqual([]);
});

test("a child that its parent talks to stays what it is: the channel would be lost", async () => {
  const told = await start([], {}, true);
  expect(told.flags).not.toContain(ours[0]);
});

describe("what strips types", () => {
  const run = promisify(execFile);
  /** Loads a module by our flags. @returns what it exports as `value`, and whether Node's stripper was needed */
  async function load(module: string): Promise<{ value: unknown; stripped: boolean }> {
    const program = `
      const { value } = await import(${JSON.stringify(module)});
      console.log(JSON.stringify({ value, stripped: process.moduleLoadList.some((name) => name.includes("amaro")) }));`;
    const { stdout } = await run(process.execPath, [...ours, "--input-type=module", "--eval", program]);
    return JSON.parse(stdout) as { value: unknown; stripped: boolean };
  }

  test("is not loaded for modules that were stripped before", async () => {
    await run(process.execPath, [fileURLToPath(new URL("../../../scripts/strip-types.mjs", import.meta.url))]);
    expect(await load(new URL("service.ts", import.meta.url).href)).toMatchObject({ stripped: false });
  });

  test("is there for one that was not", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "punctual-thrift-"));
    const file = path.join(directory, "new.ts");
    await writeFile(file, "export const value: number = 42;");
    expect(await load(pathToFileURL(file).href)).toEqual({ value: 42, stripped: true });
    await rm(directory, { recursive: true });
  });
});

test("the flags are of this Node", () => {
  expect(ours.length).toBeGreaterThan(0);
});
