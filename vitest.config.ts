/** How `npm test` runs: every file on its own database, side by side, against one Postgres and one Redis. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["apps/**/*.test.ts", "packages/**/*.test.ts", "scripts/**/*.test.ts"],
    globalSetup: ["packages/testing/src/vitest-global-setup.ts"],
    pool: "forks",
    // A test without an assertion cannot fail.
    expect: { requireAssertions: true },
    // Never what a test waits for; only the end of one that hangs on a slow machine.
    testTimeout: 60_000,
    hookTimeout: 90_000,
    teardownTimeout: 60_000,
  },
});
