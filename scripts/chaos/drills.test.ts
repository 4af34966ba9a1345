/** The drills land and what they hurt heals. Whether in time, the command says: a test must not depend on the machine's speed. */
import { expect, test } from "vitest";
import { formatDrills, runDrills } from "./drilling.ts";
import { drills } from "./drills.ts";
import { readOptions } from "./options.ts";
import { makeScratchDirectory } from "./scratch-directory.ts";

const timeoutMs = 900_000;

test("every drill heals", { timeout: timeoutMs }, async () => {
  const directory = makeScratchDirectory();
  try {
    const results = await runDrills({ seed: 1, runs: 1 }, { directory: directory.path, say: () => {} });
    expect(results.map(({ name, took }) => [name, took.count])).toEqual(drills.map(({ name }) => [name, 1]));
  } finally {
    directory.remove();
  }
});

test("the table tells what was kept from what was missed", () => {
  const took = { count: 3, p50: 900, p99: 1_500, max: 1_500 };
  const lines = formatDrills([
    { name: "a blow", promisedMs: 2_000, took, isKept: true },
    { name: "another blow", promisedMs: 1_000, took, isKept: false },
  ]).split("\n");
  expect(lines).toEqual([
    "  a blow        median 900, max 1500 of 2000 ms (3)  kept",
    "  another blow  median 900, max 1500 of 1000 ms (3)  MISSED",
  ]);
});

test("options that would do nothing beside the drills are refused", () => {
  expect(readOptions(["--drills", "--runs", "2", "--seed", "3"])).toMatchObject({ drills: true, runs: 2, seed: 3 });
  expect(() => readOptions(["--drills", "--posts", "10", "--break", "fence"])).toThrow(
    "--drills takes no --posts, no --break",
  );
});
