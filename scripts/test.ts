/**
 * Runs the tests (`npm test`, `npm test -- packages/db -t migrate`) and closes with one plain line of counts, which
 * is what CI reads. A file that cannot be loaded, a hook that fails and an error outside any test count as failed; a
 * run without a single test fails too.
 */
import { createVitest, parseCLI, TestsNotFoundError, type Vitest } from "vitest/node";

const { filter, options } = parseCLI(["vitest", "run", ...process.argv.slice(2)]);
const vitest = await createVitest({ ...options, run: true, watch: false });
try {
  await vitest.start(filter);
} catch (error) {
  // It has said so already.
  if (!(error instanceof TestsNotFoundError)) throw error;
} finally {
  await vitest.close();
}

const { passed, failed, skipped } = countTests(vitest);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failed > 0 || passed === 0 ? 1 : Number(process.exitCode ?? 0));

function countTests({ state }: Vitest): { passed: number; failed: number; skipped: number } {
  const counts = { passed: 0, failed: state.getUnhandledErrors().length, skipped: 0 };
  for (const module of state.getTestModules()) {
    for (const group of [module, ...module.children.allSuites()]) {
      if (group.errors().length > 0) counts.failed += 1;
    }
    for (const test of module.children.allTests()) {
      const { state: outcome } = test.result();
      if (outcome === "passed") counts.passed += 1;
      else if (outcome === "failed") counts.failed += 1;
      else counts.skipped += 1;
    }
  }
  return counts;
}
