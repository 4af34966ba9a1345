/**
 * One way to run a process: start services in order, stop them in reverse on SIGTERM, SIGINT or a bug, and be gone
 * before the grace period ends, whatever hangs.
 */
import closeWithGrace from "close-with-grace";
import { ConfigError } from "./config.ts";
import type { Logger } from "./logger.ts";
import type { Service } from "./service.ts";

export interface ProcessOptions {
  logger: Logger;
  /** Started in this order, stopped in reverse. */
  services: readonly Service[];
  /** From the signal to the hard exit, in milliseconds. Orchestrators must allow more. */
  graceMs: number;
}

/** Starts the services and stays until told to stop. Exits 0 after a clean stop, 1 otherwise. */
export async function runProcess({ logger, services, graceMs }: ProcessOptions): Promise<void> {
  const started: Service[] = [];
  const grace = closeWithGrace(
    {
      delay: graceMs,
      logger: false,
      onTimeout: () => logger.error({ graceMs }, "stopping took too long, exiting hard"),
      onSecondSignal: (signal: string) => logger.warn({ signal }, "told to stop again, exiting now"),
    },
    async ({ signal, err }) => {
      if (err !== undefined) logger.fatal({ err }, "stopping because of an unexpected error");
      else logger.info({ signal }, "stopping");
      for (const service of started.toReversed()) {
        await service.stop().catch((error: unknown) => logger.error({ err: error }, "a part did not stop cleanly"));
      }
      logger.info("stopped");
    },
  );
  // Started by a supervisor: when it dies, nobody is left to stop this process.
  if (process.channel !== undefined) {
    process.once("disconnect", () => grace.close());
    process.channel.unref();
  }
  for (const service of services) {
    started.push(service);
    await service.start();
  }
}

/**
 * Runs a program's `main` and turns a failure to start into one clear message and exit code 1.
 * Called at the end of each `main.ts`.
 */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const text = error instanceof ConfigError || error instanceof StartError ? error.message : describe(error);
    process.stderr.write(`${text}\n`);
    process.exit(1);
  }
}

/** The process cannot start; the message says why and what to do, in one sentence or a short list. */
export class StartError extends Error {
  override name = "StartError";
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
