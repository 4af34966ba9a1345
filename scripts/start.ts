/**
 * `npm start`: a whole installation on this machine, for trying and for developing. It takes its data directory,
 * clears up after a run that was killed, starts everything, and ends everything on Ctrl-C.
 */
import path from "node:path";
import { runMain, type Service } from "@punctual/runtime";
import { ensureDashboard } from "../apps/dashboard/freshness.ts";
import { banner } from "./start/banner.ts";
import { makeDataDirectory, openDataDirectory, type DataDirectory } from "./start/data-directory.ts";
import { scheduleDemoPosts } from "./start/demo-posts.ts";
import { createInstallation, type Installation, type InstallationFacts } from "./start/installation.ts";
import { clearLeftovers } from "./start/leftovers.ts";
import { createPostTicker } from "./start/post-ticker.ts";
import { choosePorts, readStartSettings } from "./start/settings.ts";
import { takeStartLock } from "./start/start-lock.ts";
import { openTerminal } from "./start/terminal.ts";

/** One Ctrl-C may arrive several times: from the terminal, from npm, from scripts/run.mjs. */
const sameSignalMs = 1_000;
const parentCheckMs = 1_000;

await runMain(async () => {
  const terminal = openTerminal();
  const settings = readStartSettings(path.dirname(import.meta.dirname));
  makeDataDirectory(settings.dataDirectory);
  const giveLockBack = takeStartLock(settings.dataDirectory);
  const services: Service[] = [];
  let installation: Installation | undefined;
  let data: DataDirectory | undefined;
  const told = toldToStop(() => installation?.kill());
  try {
    data = openDataDirectory(settings.dataDirectory);
    data.removeDevFile();
    const records = await clearLeftovers(data, terminal.note);
    const ports = await choosePorts(settings, terminal.note);
    installation = createInstallation({ settings, ports, data, records, terminal });
    terminal.note("Starting ...");
    // Beside everything else; whoever opens the page before it is built is told so.
    void ensureDashboard().catch((error: Error) => terminal.warn(error.message));
    const facts = await Promise.race([installation.start(), told.then(() => null)]);
    if (facts !== null) {
      data.writeDevFile(devFile(facts));
      terminal.print(banner(facts, shortPath(data.path), terminal));
      const ticker = createPostTicker(facts.database, terminal);
      services.push(ticker);
      await ticker.start();
      await scheduleDemoPosts(facts).catch((error: Error) => terminal.warn(error.message));
      await told;
    }
    terminal.note("Stopping ... (Ctrl-C again to stop at once)");
  } finally {
    for (const service of services) await service.stop();
    await installation?.stop();
    data?.removeDevFile();
    giveLockBack();
  }
  terminal.note("Stopped.");
  process.exit(0);
});

/** Resolves at the first signal, or when npm was killed outright; `onAgain` is called at a later signal. */
function toldToStop(onAgain: () => void): Promise<void> {
  return new Promise((resolve) => {
    let since: number | undefined;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        since ??= performance.now();
        if (performance.now() - since > sameSignalMs) onAgain();
        resolve();
      });
    }
    if (process.env.npm_lifecycle_event === undefined) return;
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) resolve();
    }, parentCheckMs).unref();
  });
}

/** For programs that want to join in: other workers, tests, the fault suite. */
function devFile(facts: InstallationFacts): object {
  return {
    apiUrl: facts.apiUrl,
    workerUrl: facts.workerUrl,
    sandboxUrl: facts.sandboxUrl,
    databaseUrl: facts.databaseUrl,
    redisUrl: facts.redisUrl,
    apiKey: facts.apiKey,
    operator: { user: "operator", password: facts.operatorPassword },
    socialAccounts: Object.fromEntries(facts.accounts.map(({ platform, id }) => [platform, id])),
    env: facts.environment,
  };
}

/** As people would write it: relative to where they are, if it is below. */
function shortPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith("..") ? file : relative || ".";
}
