import { createLogger, readConfig, runProcess } from "@punctual/runtime";
import { createSandbox } from "./sandbox.ts";

/** Nothing here is worth waiting for: calls that hang or are delayed end with the process. */
const graceMs = 5_000;

export async function runSandbox(): Promise<void> {
  const config = readConfig(["HOST", "SANDBOX_PORT", "LOG_LEVEL"]);
  const logger = createLogger("sandbox", config.LOG_LEVEL);
  const sandbox = createSandbox({ host: config.HOST, port: config.SANDBOX_PORT }, { logger });
  await runProcess({ logger, services: [sandbox], graceMs });
}
