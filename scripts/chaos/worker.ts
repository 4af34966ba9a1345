/**
 * A worker as chaos runs it: the real one, on the chaos platforms, with a hastier retry policy, and with at most one
 * broken part. `node scripts/chaos/worker.ts <name> <platforms> [broken part]`, everything else from the environment.
 */
import { flushCompileCache } from "node:module";
import { createLogger, runMain, runProcess } from "@punctual/runtime";
import { readWorkerConfig, workerLimits } from "../../apps/worker/src/config.ts";
import { createWorker } from "../../apps/worker/src/worker.ts";
import { breakableParts, partsWith } from "./broken-parts.ts";
import { createChaosPlatforms } from "./platforms/registry.ts";
import { hastyPolicy } from "./hasty-policy.ts";

await runMain(async () => {
  const [name = "worker", names = "", broken] = process.argv.slice(2);
  const config = readWorkerConfig();
  const logger = createLogger(name, config.LOG_LEVEL);
  const worker = createWorker(
    config,
    {
      // Names one life of the process: whoever asks who held a post wants to know which.
      name: `${name}-${process.pid}`,
      giveUp: (reason) => {
        logger.fatal({ reason }, "the worker cannot go on");
        process.exit(1);
      },
      retryPolicy: hastyPolicy,
      platforms: createChaosPlatforms(config.SANDBOX_URL ?? "", names.split(",")),
      parts: partsWith(breakableParts.find((part) => part === broken) ?? null),
    },
    logger,
  );
  await runProcess({ logger, services: worker.services, graceMs: workerLimits.graceMs });
  // The next life of a killed process starts faster; a killed one would not have written it.
  flushCompileCache();
});
