/** The lookout of a worker, on a test's database: services are tested as they run, only told of work when there is some. */
import { lookOut } from "@punctual/db";
import type { TestEnvironment } from "@punctual/testing";
import { createLookout, type Lookout } from "./lookout.ts";

export function openTestLookout(
  { database, logger }: Pick<TestEnvironment, "database" | "logger">,
  platforms: readonly string[] = ["webhook"],
): Lookout {
  return createLookout({ look: () => lookOut(database, { platforms }), logger }, { intervalMs: 50 });
}
