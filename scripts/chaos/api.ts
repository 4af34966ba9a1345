/**
 * The API as chaos runs it: the real application, on the chaos platforms. `node scripts/chaos/api.ts <name> <platforms>`,
 * everything else from the environment.
 */
import { flushCompileCache } from "node:module";
import { createLogger, runMain, runProcess } from "@punctual/runtime";
import { createApi } from "../../apps/api/src/api.ts";
import { apiLimits, readApiConfig } from "../../apps/api/src/config.ts";
import { createChaosPlatforms } from "./platforms/registry.ts";

await runMain(async () => {
  const [name = "api", names = ""] = process.argv.slice(2);
  const config = readApiConfig();
  const logger = createLogger(name, config.LOG_LEVEL);
  const platforms = createChaosPlatforms(config.SANDBOX_URL ?? "", names.split(","));
  const api = createApi(config, { platforms }, logger);
  await runProcess({ logger, services: await api.services(), graceMs: apiLimits.graceMs });
  // The next life of a killed process starts faster; a killed one would not have written it.
  flushCompileCache();
});
