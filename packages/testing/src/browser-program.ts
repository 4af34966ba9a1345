/**
 * Finds a Chromium on this machine for tests of pages: the one `CHROME` names, else one in PATH, else Debian's package
 * is installed if we may. Where there is none such tests are skipped, which the summary of `npm test` shows:
 *
 *     describe.skipIf(findChromium() === null)("the page", () => { … openBrowser() … });
 */
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import { findInPath, isProgram } from "./installed-program.ts";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const installTimeoutMs = 300_000;

/** @returns the path of the program; null where there is none and none can be installed */
export function findChromium(): string | null {
  return findInstalledChromium() ?? (mayInstall() && installChromium() ? findInstalledChromium() : null);
}

export function findInstalledChromium(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | null {
  const { CHROME: chosen, PATH: searchPath = "" } = environment;
  if (chosen !== undefined && chosen !== "") return isProgram(chosen) ? chosen : null;
  return findInPath(names, searchPath);
}

/** Who chose a program, and mistyped it, wants to hear of it, not to get another. */
function mayInstall(): boolean {
  const { CHROME: chosen = "" } = process.env;
  return chosen === "" && process.getuid?.() === 0 && spawnSync("apt-get", ["--version"]).status === 0;
}

/** Test files run side by side: one installs, under a lock, and the others find it done. */
function installChromium(): boolean {
  const install = "apt-get install -y -qq --no-install-recommends chromium";
  const script = `command -v chromium || ${install} || { apt-get update -qq && ${install}; }`;
  const lock = path.join(tmpdir(), "punctual-install-chromium.lock");
  const { status } = spawnSync("flock", [lock, "sh", "-c", script], {
    stdio: "ignore",
    timeout: installTimeoutMs,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return status === 0;
}
