/** How `npm test` runs: every file on its own database, side by side, against one Postgres and one Redis. */
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take long: begun last, they would have the rest of the machine to themselves. The two that run whole
 * installations stand apart, so as not to run at the same time.
 */
const long = [
  "/chaos/teeth",
  "/apps/dashboard/",
  "/main.test.ts",
  "/scripts/all-platforms",
  "/scripts/load",
  "/scripts/",
];

const rank = ({ moduleId }: TestSpecification) => {
  const found = long.findIndex((part) => moduleId.includes(part));
  return found === -1 ? long.length : found;
};

// oxlint-disable-next-line house/only-error-classes -- Vitest makes it with `new`
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ["apps/**/*.test.ts", "packages/**/*.test.ts", "scripts/**/*.test.ts"],
    globalSetup: ["packages/testing/src/vitest-global-setup.ts"],
    pool: "forks",
    // Vitest leaves one processor idle: half of a small machine.
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
    // A test without an assertion cannot fail.
    expect: { requireAssertions: true },
    // Never what a test waits for; only the end of one that hangs on a slow machine.
    testTimeout: 60_000,
    hookTimeout: 90_000,
    teardownTimeout: 60_000,
  },
});
